// The flow of a mail that came by milter: the same stages, but the MTA sends it on. Nothing is relayed: the edits are kept
// until milter/ asks the MTA to make them.
import type { BodyDigestSpec } from "../mail/digest.ts";
import type { HeaderEdits } from "../mail/edit.ts";
import type { MessageHead } from "../mail/message.ts";
import type { Envelope, Session, Transaction } from "../mail/transaction.ts";
import { accepted, type CopyOwed, categories, type Decision } from "../policy/decision.ts";
import { isHoldMethod } from "../quarantine/place.ts";
import type { Delivery, Proceed } from "../relay/delivery.ts";
import { notSentReply } from "../smtp/final-reply.ts";
import type { NextHop } from "../smtp/next-hop.ts";
import type { Reply } from "../smtp/reply.ts";
import type { JudgedMail, Leaving } from "./mail.ts";
import type { Outcome } from "./outcome/outcome.ts";
import { createPipeline, type Stages } from "./pipeline.ts";

export interface MilterOutcome {
  readonly outcome: Outcome;
  /** What leaves; nothing where the mail is refused. One entry, as an MTA has one header for all recipients. */
  readonly leaving: readonly Leaving[];
  /** The MTA is to hold it: why, in words for its log. */
  readonly hold?: string;
}

export interface MilterMailUnderWay {
  digestSpecs(): readonly BodyDigestSpec[];
  /** Never rejects. */
  finish(transaction: Transaction): Promise<MilterOutcome>;
}

export type BeginMilterMail = (session: Session, envelope: Envelope, head: MessageHead) => MilterMailUnderWay;

const theMta: NextHop = { protocol: "smtp", path: "the MTA" };
const taken: Reply = { code: 250, enhanced: "2.0.0", text: "Ok" };

/** `around` lays the same wrappers around the stages as for mail by SMTP: soft_bounce, clocks. */
export function createMilterFlow(stages: Stages, around: (stages: Stages) => Stages): BeginMilterMail {
  return function begin(session, envelope, head) {
    let held: readonly Leaving[] = [];
    let hold: string | undefined;
    const mail = createPipeline(
      around({
        ...stages,
        keep(judged, decisions) {
          hold = reasonToHold(decisions);
          const kept = stages.keep(judged, decisions.map(withoutHold));
          if (hold === undefined) return kept;
          const passed = (all: readonly Decision[]) =>
            all.map((decision, place) => passedOn(decision, decisions[place]));
          return kept instanceof Promise ? kept.then(passed) : passed(kept);
        },
        annotate(judged, decisions) {
          const annotated = alike(stages.annotate(withoutTrace(judged), decisions));
          return hold === undefined ? annotated : annotated.map(markedAsHeld);
        },
        async relay(_mail, leaving, proceed) {
          const deliveries = leaving.map(takenBy(proceed, leaving));
          held = leaving;
          return deliveries;
        },
      }),
    )(session, envelope, head);
    return {
      digestSpecs: () => mail.digestSpecs(),
      finish: async (transaction) => {
        const outcome = await mail.finish(transaction);
        return hold === undefined ? { outcome, leaving: held } : { outcome, leaving: held, hold };
      },
    };
  };
}

/** The next hop of mail whose MTA sends it on. */
export function milterNextHops(): readonly NextHop[] {
  return [theMta];
}

/** The MTA writes its own Received. */
function withoutTrace(mail: JudgedMail): JudgedMail {
  const { bank, arrival } = mail;
  const allowed = { ...bank.allowed_added_header_fields, received: false };
  // Who signs is chosen once, under the bank as it is.
  const choice = { signerUnder: () => arrival.signerUnder(bank) };
  return { ...mail, bank: { ...bank, allowed_added_header_fields: allowed }, arrival: choice };
}

/** "SPAM": what the mail is for the first recipient from whom it is kept to be held. */
function reasonToHold(decisions: readonly Decision[]): string | undefined {
  const first = decisions.find(isToBeHeld);
  return first && categories[first.category];
}

/** Mail that would be thrown away. Who is to get the mail gets it, and what is refused stays with the client. */
function isToBeHeld({ action, owed }: Decision): boolean {
  return action === "discard" && owed.copies.some(isHeldCopy);
}

function isHeldCopy({ purpose, method }: CopyOwed): boolean {
  return purpose === "quarantine" && isHoldMethod(method);
}

/** There is no copy to keep: the MTA has the mail. */
function withoutHold(decision: Decision): Decision {
  const { owed } = decision;
  if (!owed.copies.some(isHeldCopy)) return decision;
  return { ...decision, owed: { ...owed, copies: owed.copies.filter((copy) => !isHeldCopy(copy)) } };
}

/**
 * What would be thrown away goes on like any other mail, signed and marked, since a release sends it as it lies
 * there.
 */
function passedOn(decision: Decision, before: Decision | undefined): Decision {
  if (decision.action !== "discard" || before === undefined || !isToBeHeld(before)) return decision;
  const { category, minor, content, owed, notices, quarantine, copiesId } = decision;
  const passed = { ...accepted, category, minor, owed, notices, quarantine };
  return { ...passed, ...(content && { content }), ...(copiesId !== undefined && { copiesId }) };
}

/** An MTA holds a mail for all its recipients or for none: those who would get it wait with the others. */
function markedAsHeld(decision: Decision): Decision {
  return decision.action === "accept" ? { ...decision, quarantine: [...decision.quarantine, "hold"] } : decision;
}

/** All recipients get the header of the one with most added to it: a local one's, with our results, where there is one. */
function alike(decisions: readonly Decision[]): readonly Decision[] {
  let most: HeaderEdits | undefined;
  for (const decision of decisions) {
    if (decision.action !== "accept") continue;
    if (most === undefined || weight(decision.edits) > weight(most)) most = decision.edits;
  }
  if (most === undefined) return decisions;
  const edits = most;
  return decisions.map((decision) => (decision.action === "accept" ? { ...decision, edits } : decision));
}

function weight({ add, remove, replace }: HeaderEdits): number {
  return add.length + remove.length + replace.length;
}

function takenBy(proceed: Proceed, leaving: readonly Leaving[]): (leaves: Leaving) => Delivery {
  const all = leaving.map(({ recipients }) => recipients.map(() => taken));
  const reply = proceed(all) ? taken : notSentReply;
  return ({ recipients }) => ({
    replies: recipients.map(() => reply),
    fromNextHop: recipients.map(() => false),
    remote: "milter",
    reusedConnection: false,
    tellsSender: true,
  });
}
