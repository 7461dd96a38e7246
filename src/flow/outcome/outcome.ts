// Everything that is known about one mail when it is done: what the log line, the metrics and `why` are made from.
import type { Finding } from "../../authres/finding.ts";
import type { Verification } from "../../dkim/engine.ts";
import type { SurvivalRecord } from "../../mail/survival.ts";
import type { Session } from "../../mail/transaction.ts";
import type { LoadedBank, PolicyBank } from "../../policy/bank.ts";
import type { Decided } from "../../policy/decision.ts";
import type { Direction } from "../../policy/router.ts";
import type { CandidateFact } from "../../signing/choose.ts";
import type { Reply } from "../../smtp/reply.ts";
import type { SealRecord, SigningRecord } from "../mail.ts";
import type { ScanRecord } from "./scan-record.ts";

/** What `explainOutcome` works from when somebody asks: small, and shared where it can be. */
export interface Evidence {
  /** The bank in force at the end; absent when not even that could be found out. */
  readonly bank?: PolicyBank;
  /** The fields that are, or look like, From: one character per octet, a fifth of what their octets would take. */
  readonly from: readonly string[];
  /** Why `from` says nothing: the header was not read to its end, or From is too long to be kept. */
  readonly unread?: "header-too-large" | "from-too-long";
  /** Set where the header was read and yet may not be judged to its end. */
  readonly cut?: "no-field-name";
  /** What shows who changed the mail, where a signature does not hold. */
  readonly changeHints?: readonly string[];
  /** Who might have signed, and what became of each. */
  readonly candidates: readonly CandidateFact[];
}

/** What became of one recipient: what was decided, and the last word on it, the next hop's or ours. */
export interface RecipientOutcome extends Decided {
  readonly address: string;
  readonly local: boolean;
  readonly direction: Direction;
  readonly reply: Reply;
  /** The reply is the next hop's own, octet for octet. */
  readonly fromNextHop?: boolean;
  readonly remote?: string;
}

/** How many more there were of lists that are kept and logged in part (kept.ts). */
export interface LeftOut {
  /** Recipients that got it, and that did not. */
  readonly passed: number;
  readonly blocked: number;
  readonly verifications: number;
  readonly findings: number;
  readonly signings: number;
  readonly candidates: number;
  readonly queuedAs: number;
}

export interface Outcome {
  readonly session: Session;
  readonly mailId: string;
  readonly sender: string;
  readonly recipients: readonly RecipientOutcome[];
  readonly messageId: string;
  readonly sizeBytes: number;
  /** Of its header section: what texts from it may hold in memory, as parts of larger ones. */
  readonly headerOctets?: number;
  /** "ORIGINATING/MYNETS"; "" for the base bank alone. */
  readonly bankPath: string;
  /** Banks in the order they were loaded, each with the reason. */
  readonly loaded: readonly LoadedBank[];
  readonly originating: boolean;
  readonly verifications: readonly Verification[];
  readonly findings: readonly Finding[];
  /** Absent where nothing looked into the mail. */
  readonly scan?: ScanRecord;
  readonly signings: readonly SigningRecord[];
  /** Absent where the bank asks for no seal. */
  readonly seal?: SealRecord;
  /** Absent where nothing was found that an MTA behind us would break. */
  readonly survival?: SurvivalRecord;
  readonly evidence: Evidence;
  /** log_level of the bank. */
  readonly logLevel: number;
  /** Lines for log level 2, in amavisd's words; empty where the bank does not want them. */
  readonly detailLines: readonly string[];
  /** The reply to the final dot. */
  readonly reply: Reply;
  /** LMTP input: one reply per recipient. */
  readonly recipientReplies?: readonly Reply[];
  /** The next hop's queue ids. */
  readonly queuedAs: readonly string[];
  readonly oldestPublicAddress?: string;
  readonly receivedAtMs: number;
  readonly elapsedMs: number;
  /** What broke on our side, for the log only; the reply is a 451 then. */
  readonly error?: string;
  /** Set where lists were shortened for log and history (kept.ts). */
  readonly leftOut?: LeftOut;
}
