// What is kept and logged of a mail once its reply has left. A mail may hold a thousand signatures and have a thousand
// recipients with paths of two thousand octets: an Outcome has them all, and this makes a small one of it, in which what
// explains the decision is cut last. No decision is made from it.
import type { Verification } from "../../dkim/engine.ts";
import { splitAddress } from "../../mail/address.ts";
import { jsonText } from "../../mail/json-text.ts";
import type { PolicyBank } from "../../policy/bank.ts";
import { signatureStanding } from "../../policy/signature-standing.ts";
import { isPositive } from "../../smtp/reply.ts";
import { maxFromOctets, readKeptAuthors } from "./evidence.ts";
import { isPassed } from "./log-line.ts";
import { ordinaryOctets } from "./ordinary.ts";
import type { LeftOut, Outcome, RecipientOutcome } from "./outcome.ts";
import { dsnOf, type MailRecord, mailRecord, withheldDsns } from "./record.ts";

/** Of each list so many are kept at most, whatever their octets. */
const most = {
  recipients: 100,
  verifications: 20,
  findings: 40,
  signings: 20,
  candidates: 20,
  banks: 20,
  factsPerCandidate: 10,
  queuedAs: 20,
} as const;

/** Characters of one text. */
const maxTextChars = 1000;

/** Octets of the JSON that is kept of a mail; fifty recipients with ordinary addresses take half of it. */
export const maxKeptOctets = 24 * 1024;

/** What a mail costs beside its text. */
const overheadOctets = 200;

/** With it one of each list, four recipients and twenty characters a text are left: it is not made smaller. */
const smallestShare = 0.02;

/** A mail as it is kept. */
export interface KeptMail {
  /** The outcome itself where it is small. */
  readonly outcome: Outcome;
  /** What it takes in memory. */
  readonly octets: number;
  /** The same as JSON, without what is the configuration's; `openKept` reads it. Absent: ordinary mail, kept as it is. */
  readonly text?: string;
}

/** Of an outcome: what is the configuration's, and one object for all mails. */
export interface SharedWithOthers {
  readonly bank: PolicyBank | undefined;
  readonly loaded: Outcome["loaded"];
}

export function keepOutcome(outcome: Outcome): KeptMail {
  const octets = ordinaryOctets(outcome);
  return octets === undefined ? asText(outcome) : { outcome, octets };
}

function asText(outcome: Outcome): KeptMail & { readonly text: string } {
  return shrunk(outcome, maxKeptOctets, (kept) => {
    const text = textOfKept(kept);
    return { made: { outcome: kept, octets: text.length + overheadOctets, text }, octets: text.length };
  });
}

/** The record of a mail, or as much of it as takes at most so many octets as JSON. */
export function recordWithin(outcome: Outcome, maxOctets: number): MailRecord {
  return shrunk(outcome, maxOctets, (kept) => {
    const record = mailRecord(kept);
    return { made: record, octets: Buffer.byteLength(jsonText(record)) };
  });
}

/** What `text` was made from; bank and banks are the configuration's, shared by all mails. */
export function openKept(text: string, { bank, loaded }: SharedWithOthers): Outcome {
  const kept: Outcome = JSON.parse(text);
  return { ...kept, loaded, evidence: bank === undefined ? kept.evidence : { ...kept.evidence, bank } };
}

/** What is made of the whole, or of the largest part of it that was tried and gives no more than `maxOctets`. */
function shrunk<T>(outcome: Outcome, maxOctets: number, make: (kept: Outcome) => Made<T>): T {
  if (!isOverlong(outcome)) {
    const { made, octets } = make(outcome);
    if (octets <= maxOctets) return made;
  }
  let share = 1;
  for (;;) {
    const { made, octets } = make(portion(outcome, share));
    if (octets <= maxOctets || share < smallestShare) return made;
    // Lists get shorter, and the texts in them.
    share *= Math.min(0.8, Math.max(0.3, Math.sqrt(maxOctets / octets)));
  }
}

interface Made<T> {
  readonly made: T;
  readonly octets: number;
}

function isOverlong({ recipients, verifications, queuedAs }: Outcome): boolean {
  return (
    recipients.length > most.recipients || verifications.length > most.verifications || queuedAs.length > most.queuedAs
  );
}

/** One character per octet is what mail's text has here, so its length is what it takes in memory. */
function textOfKept(outcome: Outcome): string {
  const { from, unread, cut, candidates, changeHints } = outcome.evidence;
  const text = JSON.stringify({
    ...outcome,
    loaded: none,
    detailLines: none,
    recipientReplies: undefined,
    evidence: { from, unread, cut, candidates, changeHints },
  });
  // One character beyond latin1, and all of the text would take twice as much.
  return /[^\x00-\xff]/.test(text) ? text.replaceAll(/[^\x00-\xff]/g, escaped) : text;
}

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

const none: readonly never[] = [];

function portion(outcome: Outcome, share: number): Outcome {
  const { evidence, leftOut = nothingLeftOut } = outcome;
  const few = (count: number) => Math.max(1, Math.floor(count * share));
  const chars = Math.floor(maxTextChars * share);
  const recipients = mostTelling(outcome.recipients, Math.max(4, few(most.recipients)), recipientRank());
  const verifications = mostTelling(outcome.verifications, few(most.verifications), verificationRank(outcome));
  const findings = mostTelling(outcome.findings, few(most.findings), ({ method }) => (isOfSignatures(method) ? 1 : 0));
  const signings = outcome.signings.slice(0, few(most.signings));
  const candidates = evidence.candidates.slice(0, few(most.candidates)).map((each) => ({
    ...each,
    attempts: each.attempts.slice(0, few(most.factsPerCandidate)),
    matches: each.matches.slice(0, few(most.factsPerCandidate)),
  }));
  const queuedAs = outcome.queuedAs.slice(0, few(most.queuedAs));
  const passed = count(outcome.recipients, isPassed) - count(recipients, isPassed);
  const part: Outcome = {
    ...outcome,
    recipients,
    verifications,
    findings,
    signings,
    queuedAs,
    evidence: {
      from: none,
      candidates,
      ...(evidence.cut === undefined ? {} : { cut: evidence.cut }),
      ...(evidence.changeHints === undefined ? {} : { changeHints: evidence.changeHints.slice(0, few(8)) }),
    },
    leftOut: {
      passed: leftOut.passed + passed,
      blocked: leftOut.blocked + outcome.recipients.length - recipients.length - passed,
      verifications: leftOut.verifications + outcome.verifications.length - verifications.length,
      findings: leftOut.findings + outcome.findings.length - findings.length,
      signings: leftOut.signings + outcome.signings.length - signings.length,
      candidates: leftOut.candidates + evidence.candidates.length - candidates.length,
      queuedAs: leftOut.queuedAs + outcome.queuedAs.length - queuedAs.length,
    },
  };
  // Through JSON, so that no text is missed, those of members yet to come included.
  const cut: Outcome = JSON.parse(textOfKept(part), (_name, value: unknown) =>
    typeof value === "string" && value.length > chars ? `${value.slice(0, chars)}...` : value,
  );
  const { bank } = evidence;
  const known = bank === undefined ? cut.evidence : { ...cut.evidence, bank };
  return {
    ...cut,
    loaded: outcome.loaded.slice(0, few(most.banks)),
    detailLines: outcome.detailLines,
    evidence: { ...known, ...fromWithin(evidence, maxFromOctets * share) },
  };
}

const nothingLeftOut: LeftOut = {
  passed: 0,
  blocked: 0,
  verifications: 0,
  findings: 0,
  signings: 0,
  candidates: 0,
  queuedAs: 0,
};

/** Half a From names another author, so it is kept whole or not at all. */
function fromWithin(
  { from, unread }: Outcome["evidence"],
  maxOctets: number,
): Pick<Outcome["evidence"], "from" | "unread"> {
  if (unread !== undefined) return { from: [], unread };
  const octets = from.reduce((sum, text) => sum + text.length, 0);
  return octets > maxOctets ? { from: [], unread: "from-too-long" } : { from };
}

/** At most so many, those of the lowest rank, in their order. */
function mostTelling<T>(list: readonly T[], limit: number, rankOf: (item: T) => number): readonly T[] {
  if (list.length <= limit) return list;
  return list
    .map((item, index) => ({ item, index, rank: rankOf(item) }))
    .sort((one, other) => one.rank - other.rank || one.index - other.index)
    .slice(0, limit)
    .sort((one, other) => one.index - other.index)
    .map(({ item }) => item);
}

/** One that got it and one that did not, one of each fate, then those that did not. */
function recipientRank(): (recipient: RecipientOutcome) => number {
  const fates = new Set<string>();
  const isFirst = (fate: string) => !fates.has(fate) && fates.add(fate) !== undefined;
  return (recipient) => {
    const passed = isPassed(recipient);
    const { category, rule, action, direction, notices, reply } = recipient;
    const dsn = `${dsnOf(recipient)} ${withheldDsns(recipient).join()}`;
    const isFirstOfAll = isFirst(passed ? "passed" : "blocked");
    const isFirstOfItsKind = isFirst(
      `${category} ${rule} ${action} ${direction} ${dsn} ${Math.floor(reply.code / 100)}`,
    );
    if (isFirstOfAll) return 0;
    if (isFirstOfItsKind) return 1;
    return passed && isPositive(reply) && notices.length === 0 ? 3 : 2;
  };
}

/** Those that hold first, of them those of author and sender and those that count; then one for each reason. */
function verificationRank({ evidence, sender }: Outcome): (verification: Verification) => number {
  const { bank } = evidence;
  const authors = readKeptAuthors(evidence).mailboxes.map(({ address }) => address);
  const domains = [...authors, sender].flatMap((address) => splitAddress(address).domain?.toLowerCase() ?? []);
  const isAligned = (domain: string) =>
    domains.some((own) => own === domain || own.endsWith(`.${domain}`) || domain.endsWith(`.${own}`));
  const reasons = new Set<string>();
  return (verification) => {
    const { result, reason = "", domain } = verification;
    if (result !== "pass") {
      if (reasons.has(reason)) return 5;
      reasons.add(reason);
      return 4;
    }
    const counts = bank !== undefined && signatureStanding(bank, verification) === "counts";
    return (isAligned(domain) ? 0 : 2) + (counts ? 0 : 1);
  };
}

function isOfSignatures(method: string): boolean {
  return method === "dkim" || method === "domainkeys";
}

function count<T>(list: readonly T[], test: (item: T) => boolean): number {
  let found = 0;
  for (const item of list) if (test(item)) found += 1;
  return found;
}
