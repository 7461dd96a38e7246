// The one flow of a mail. Each stage is a function handed in by daemon/configured-filter.ts; nothing here knows sockets, threads or files.
import type { Finding } from "../authres/finding.ts";
import type { Verification } from "../dkim/engine.ts";
import { createMailId } from "../mail/mail-id.ts";
import type { Transaction } from "../mail/transaction.ts";
import type { PolicyBank } from "../policy/bank.ts";
import type { Delivery, Outgoing, Proceed } from "../relay/delivery.ts";
import { isPermanent, isTransient, type Reply, softened } from "../smtp/reply.ts";
import { conclude, ownWord, type Settled, type Signatures, tempfail } from "./outcome/conclude.ts";
import type { Outcome } from "./outcome/outcome.ts";

/** What the checks found. */
export interface Checked {
  readonly verifications: readonly Verification[];
  readonly findings: readonly Finding[];
}

/** What is to happen to one recipient's mail. */
export type Verdict =
  | { readonly action: "accept" }
  | { readonly action: "reject" | "tempfail" | "discard"; readonly reply: Reply };

/** Mail that leaves the same for some recipients: `recipients` are their places in the envelope. */
export interface Leaving {
  readonly recipients: readonly number[];
  readonly outgoing: Outgoing;
}

/** One mail on its way through the stages. */
export interface Passage {
  readonly transaction: Transaction;
  readonly mailId: string;
  readonly bank: PolicyBank;
  readonly checked: Checked;
}

export type Signed =
  | (Signatures & { readonly leaving: readonly Leaving[] })
  /** A signature that must be there cannot be made now: nothing is sent. */
  | (Signatures & { readonly refused: Reply });

export interface Stages {
  route(transaction: Transaction): PolicyBank;
  check(bank: PolicyBank, transaction: Transaction): Promise<Checked>;
  refine(bank: PolicyBank, checked: Checked, transaction: Transaction): PolicyBank;
  /** One verdict per recipient. */
  decide(passage: Passage): readonly Verdict[];
  /** Header edits; mail that leaves alike is one `Leaving`. */
  annotate(passage: Passage, verdicts: readonly Verdict[]): readonly Leaving[];
  sign(passage: Passage, leaving: readonly Leaving[]): Promise<Signed>;
  relay(outgoing: readonly Outgoing[], proceed: Proceed): Promise<readonly Delivery[]>;
  /** Hands over the status notifications that are owed; says for which recipients that was done or withheld. */
  notify(passage: Passage, settled: readonly Settled[]): Promise<readonly Settled[]>;
}

export type Stage = keyof Stages;

const unsigned: Signatures = { signings: [] };

/** Never rejects: what breaks ends as a 451 and an Outcome that says what it was. */
export function createPipeline(stages: Stages): (transaction: Transaction) => Promise<Outcome> {
  const { route, check, refine, decide, annotate, sign, relay, notify } = stages;

  return async function filter(transaction) {
    const mailId = createMailId();
    let bank: PolicyBank | undefined;
    let checked: Checked = { verifications: [], findings: [] };
    try {
      const arrival = route(transaction);
      bank = arrival;
      checked = await check(arrival, transaction);
      bank = refine(arrival, checked, transaction);
      const passage: Passage = { transaction, mailId, bank, checked };
      const verdicts = decide(passage);
      const annotated = annotate(passage, verdicts);

      // Signing comes after our last edit, or the edit would break the signature.
      const signed = await sign(passage, annotated);
      if ("refused" in signed) return conclude(passage, signed, tempfail(passage, signed.refused));

      const deliveries = await relay(
        signed.leaving.map(({ outgoing }) => outgoing),
        mayProceed(passage, verdicts),
      );
      const settled = await notify(passage, settle(passage, verdicts, signed.leaving, deliveries));
      return conclude(passage, signed, settled);
    } catch (error) {
      return conclude({ transaction, mailId, bank, checked }, unsigned, tempfail({ transaction }, undefined), error);
    }
  };
}

/**
 * One reply for all recipients (SMTP input): a transient refusal of one keeps the content from being sent at all, or
 * the retry would reach the others twice (DESIGN.md 4). LMTP input has a reply for each.
 */
function mayProceed({ transaction, bank }: Passage, verdicts: readonly Verdict[]): Proceed {
  if (transaction.session.protocol === "LMTP") return () => true;
  if (verdicts.some(({ action }) => action === "tempfail")) return () => false;
  const putsOff = (reply: Reply) => isTransient(reply) || (bank.soft_bounce && isPermanent(reply));
  return (replies) => !replies.some((each) => each.some(putsOff));
}

/** Verdicts and deliveries as one word per recipient, in the order of the envelope. */
function settle(
  { bank }: Passage,
  verdicts: readonly Verdict[],
  leaving: readonly Leaving[],
  deliveries: readonly Delivery[],
): readonly Settled[] {
  const words: (Settled | undefined)[] = verdicts.map((verdict) =>
    verdict.action === "accept" ? undefined : ownWord(verdict.action, verdict.reply),
  );
  leaving.forEach(({ recipients }, place) => {
    const delivery = deliveries[place];
    recipients.forEach((recipient, index) => {
      const reply = delivery?.replies[index];
      if (delivery === undefined || reply === undefined) return;
      const fromNextHop = delivery.fromNextHop[index] ?? false;
      const word = bank.soft_bounce ? softened(reply) : reply;
      words[recipient] = { action: "accept", reply: word, fromNextHop, remote: delivery.remote };
    });
  });
  return words.map((word, recipient) => {
    if (word === undefined) throw new Error(`recipient ${recipient} was neither sent to nor refused`);
    return word;
  });
}
