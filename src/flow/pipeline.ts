// The one flow of a mail (docs/architecture.md draws it). Each stage is a function that the daemon hands in, a test hands in
// others; nothing here knows sockets, threads or files.
import { type Facts, noFacts } from "../checks/check.ts";
import type { BodyDigestSpec } from "../mail/digest.ts";
import { createMailId } from "../mail/mail-id.ts";
import type { MessageHead } from "../mail/message.ts";
import type { Envelope, Session, Transaction } from "../mail/transaction.ts";
import type { PolicyBank } from "../policy/bank.ts";
import type { Decision } from "../policy/decision.ts";
import type { Delivery, Proceed } from "../relay/delivery.ts";
import { isTransient } from "../smtp/reply.ts";
import type { Arrival, JudgedMail, Leaving, Settled, Signatures, Signed } from "./mail.ts";
import { conclude } from "./outcome/conclude.ts";
import type { Outcome } from "./outcome/outcome.ts";
import { leavingTogether, putOff, replyToTrouble, settle } from "./settle.ts";

export interface Stages {
  /** The header is in: the bank, by listener, client and sender; keys are asked for, checks begin. */
  route(session: Session, envelope: Envelope, head: MessageHead): Arrival;
  check(arrival: Arrival, transaction: Transaction): Promise<Facts>;
  /** Banks that the facts load. Called again when there are more facts. */
  refine(bank: PolicyBank, facts: Facts, transaction: Transaction): PolicyBank;
  /** The same facts with what is in the mail: header faults, parts, viruses. */
  inspect(mail: JudgedMail): Facts | Promise<Facts>;
  /** The same facts with the verdict of the spam scanners. */
  score(mail: JudgedMail): Facts | Promise<Facts>;
  /** One decision per recipient, in their order. */
  decide(mail: JudgedMail): readonly Decision[];
  /** The same decisions, with the copies that are kept; a recipient whose copy cannot be kept is put off. */
  keep(mail: JudgedMail, decisions: readonly Decision[]): readonly Decision[] | Promise<readonly Decision[]>;
  /** The same decisions, with header edits and next hops for the mail that goes on. */
  annotate(mail: JudgedMail, decisions: readonly Decision[]): readonly Decision[];
  /** After the last other edit, or that edit would break the signature. */
  sign(mail: JudgedMail, leaving: readonly Leaving[]): Signed | Promise<Signed>;
  relay(mail: JudgedMail, leaving: readonly Leaving[], proceed: Proceed): Promise<readonly Delivery[]>;
  /** Hands over the status notifications that are owed, before our own reply leaves. */
  notify(mail: JudgedMail, settled: readonly Settled[]): readonly Settled[] | Promise<readonly Settled[]>;
}

export type Stage = keyof Stages;

/** A mail under way: the connection that receives it makes it when the header is in, and holds it until its end. */
export interface MailUnderWay {
  /** For a body of more than one block: which digests of it will be needed. They are made while it arrives. */
  digestSpecs(): readonly BodyDigestSpec[];
  /** Never rejects: what breaks ends as a 451 and an Outcome that says what it was. */
  finish(transaction: Transaction): Promise<Outcome>;
}

export type BeginMail = (session: Session, envelope: Envelope, head: MessageHead) => MailUnderWay;

const unsigned: Signatures = { signings: [] };

export function createPipeline(stages: Stages): BeginMail {
  const { route, check, refine, inspect, score, decide, keep, annotate, sign, relay, notify } = stages;

  async function finish(arrival: Arrival, transaction: Transaction): Promise<Outcome> {
    const mailId = createMailId();
    let bank = arrival.bank;
    let facts = noFacts;
    try {
      facts = await check(arrival, transaction);
      bank = refine(bank, facts, transaction);
      facts = await inspect({ transaction, mailId, bank, facts, arrival });
      bank = refine(bank, facts, transaction);
      facts = await score({ transaction, mailId, bank, facts, arrival });
      const mail: JudgedMail = { transaction, mailId, bank, facts, arrival };
      const decisions = annotate(mail, await keep(mail, decide(mail)));
      const signed = await sign(mail, leavingTogether(decisions));
      if ("refused" in signed) return conclude(mail, signed, putOff(transaction, "key-unavailable", signed.refused));
      const deliveries = await relay(mail, signed.leaving, mayProceed(transaction, decisions));
      const settled = await notify(mail, settle(decisions, signed.leaving, deliveries));
      return conclude(mail, signed, settled);
    } catch (error) {
      return conclude(
        { transaction, mailId, bank, facts },
        unsigned,
        putOff(transaction, "error", replyToTrouble(error)),
        error,
      );
    }
  }

  return function begin(session, envelope, head) {
    const arrival = route(session, envelope, head);
    return {
      digestSpecs: () => arrival.digestSpecs(),
      finish: (transaction) => finish(arrival, transaction),
    };
  };
}

const always: Proceed = () => true;
const never: Proceed = () => false;
const unlessPutOff: Proceed = (replies) => !replies.some((each) => each.some(isTransient));

/**
 * One reply for all recipients (SMTP input): a transient refusal of one keeps the content from being sent at all, or
 * the retry would reach the others twice. LMTP input has a reply for each.
 */
function mayProceed({ session }: Transaction, decisions: readonly Decision[]): Proceed {
  if (session.protocol === "LMTP") return always;
  return decisions.some(({ action }) => action === "tempfail") ? never : unlessPutOff;
}
