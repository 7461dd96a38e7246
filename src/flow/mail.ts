// One mail on its way through the stages, in the forms it takes: arriving, judged, leaving, settled.
import type { Facts } from "../checks/check.ts";
import type { BodyDigestSpec } from "../mail/digest.ts";
import type { HeaderEdits } from "../mail/edit.ts";
import type { SurvivalRecord } from "../mail/survival.ts";
import type { Transaction } from "../mail/transaction.ts";
import type { PolicyBank } from "../policy/bank.ts";
import type { Decided } from "../policy/decision.ts";
import type { CandidateFact, SignerChoice } from "../signing/choose.ts";
import type { FinalWord } from "../smtp/final-reply.ts";
import type { NextHop } from "../smtp/next-hop.ts";
import type { Reply } from "../smtp/reply.ts";

/** A mail whose header is in: its bank, and all that was begun with it. */
export interface Arrival {
  readonly bank: PolicyBank;
  /** Which digests of the body checks, signing and sealing will need, as far as header and bank show. */
  digestSpecs(): readonly BodyDigestSpec[];
  /** The message is in: what checks find out. Rejects when the DKIM engine cannot do its work (451). */
  judge(transaction: Transaction): Promise<Facts>;
  /** The signer under this bank: chosen once, and again only when the bank is another one. */
  signerUnder(bank: PolicyBank): SignerChoice;
}

/** A mail with what the checks found out, and the bank in force for it. */
export interface JudgedMail {
  readonly transaction: Transaction;
  readonly mailId: string;
  /** The bank in force from here on. */
  readonly bank: PolicyBank;
  readonly facts: Facts;
  readonly arrival: Pick<Arrival, "signerUnder">;
}

/** Mail that leaves the same for some recipients: `recipients` are their places in the envelope. */
export interface Leaving {
  readonly recipients: readonly number[];
  readonly edits: HeaderEdits;
  /** Addresses in place of those of the envelope, by the recipient's place. */
  readonly deliverTo?: ReadonlyMap<number, string>;
  /** At least one; the first is tried first. */
  readonly nextHops: readonly NextHop[];
}

/** The last word on one recipient, the next hop's or ours, with the decision that led to it. */
export interface Settled extends Decided, FinalWord {
  readonly action: Decided["action"];
  /** The next hop that took the mail sends the DSN that the sender asked for. */
  readonly tellsSender?: boolean;
}

/** One signature made, or the reason why there is none. `reason` is a code of the closed list in docs/dkim.md. */
export type SigningRecord =
  | { readonly result: "signed"; readonly domain: string; readonly selector: string; readonly algorithm: string }
  | { readonly result: "skipped"; readonly reason: string; readonly detail?: string };

/** The ARC set that was put on mail handed on, or the reason why there is none (docs/checks.md). */
export type SealRecord =
  | { readonly result: "sealed"; readonly domain: string; readonly selector: string; readonly chain: string }
  | { readonly result: "skipped"; readonly reason: string };

/** What became of the signatures that were to be made. */
export interface Signatures {
  readonly signings: readonly SigningRecord[];
  readonly candidates?: readonly CandidateFact[];
  readonly seal?: SealRecord;
  /** Absent where nothing was found that would break. */
  readonly survival?: SurvivalRecord;
  /** Lines for log level 2; made only where the bank wants them. */
  readonly lines?: readonly string[];
}

export type Signed =
  | (Signatures & { readonly leaving: readonly Leaving[] })
  /** A signature that must be there cannot be made now: nothing is sent. */
  | (Signatures & { readonly refused: Reply });
