// One mail's Outcome in numbers: what became of it, its size and time, signatures made and missed, findings.
import { failures } from "../dkim/failure.ts";
import { categories, rules } from "../policy/decision.ts";
import { skipReasons } from "../signing/skip-reason.ts";
import { isPositive, isTransient, type Reply } from "../smtp/reply.ts";
import { boundedLabel } from "./bounded.ts";
import type { Declared } from "./declared.ts";

/** What is counted of a recipient. */
export interface CountedRecipient {
  readonly direction: string;
  readonly category: string;
  readonly rule?: string;
  readonly action: "accept" | "reject" | "discard" | "tempfail";
  readonly reply: Reply;
  readonly notices: readonly { readonly kind: string; readonly result: string }[];
}

/** What is counted of a mail that is done: an Outcome fits. */
export interface CountedMail {
  readonly bankPath: string;
  readonly sizeBytes: number;
  readonly elapsedMs: number;
  readonly error?: string;
  readonly reply: Reply;
  readonly recipients: readonly CountedRecipient[];
  readonly signings: readonly (
    | { readonly result: "signed"; readonly domain: string; readonly algorithm: string }
    | { readonly result: "skipped"; readonly reason: string }
  )[];
  readonly findings: readonly { readonly method: string; readonly result: string }[];
  readonly verifications: readonly { readonly reason?: string }[];
}

/** What became of a mail as a whole; docs/metrics.md tells them apart. */
export const mailOutcomes = ["passed", "partly", "rejected", "discarded", "tempfailed"] as const;
export type MailOutcome = (typeof mailOutcomes)[number];

const recipientActions = ["passed", "rejected", "discarded", "tempfailed"] as const;
const directions = ["Inbound", "Outbound", "Internal", "OpenRelay"] as const;
const results = ["none", "pass", "fail", "softfail", "policy", "neutral", "temperror", "permerror"] as const;
const maxBanks = 60;
const maxReasons = 150;

export interface OutcomeLabels {
  /** Signing domains that have a series of their own: those of the configuration, in order. */
  readonly domains: Iterable<string>;
  /** Bank paths known beforehand. */
  readonly banks: Iterable<string>;
}

const maxDomains = 200;

/** The label of recipients about whom no rule spoke; an empty one is none to Prometheus. */
const noRule = "none";

/** What fills the metrics of mail. `labels` is asked again after a reload, by `createOutcomeCounter` anew. */
export function createOutcomeCounter(declared: Declared, labels: OutcomeLabels): (mail: CountedMail) => void {
  const { messages, recipients, decisions, signatures, notSigned, verifications, verificationFailures, dsn } = declared;
  const bankLabel = boundedLabel(maxBanks, labels.banks);
  const domainLabel = closedLabel(labels.domains);
  const reasonLabel = boundedLabel(maxReasons, [...Object.keys(skipReasons), ...Object.keys(failures)]);
  const size = declared.messageSize.at();
  const duration = declared.messageDuration.at();
  const errors = declared.errors.at();
  startAtZero(declared);

  return (mail) => {
    messages.at(bankLabel(bankName(mail.bankPath)), mailOutcome(mail)).value += 1;
    size.observe(mail.sizeBytes);
    duration.observe(mail.elapsedMs / 1000);
    if (mail.error !== undefined) errors.value += 1;
    for (const recipient of mail.recipients) {
      recipients.at(recipient.direction, recipientAction(recipient)).value += 1;
      decisions.at(recipient.category, recipient.rule ?? noRule).value += 1;
      for (const { kind, result } of recipient.notices) if (kind === "dsn") dsn.at(result).value += 1;
    }
    for (const signing of mail.signings) {
      if (signing.result === "signed") signatures.at(domainLabel(signing.domain), signing.algorithm).value += 1;
      else notSigned.at(reasonLabel(signing.reason)).value += 1;
    }
    for (const { method, result } of mail.findings) verifications.at(method, result).value += 1;
    for (const { reason } of mail.verifications) {
      if (reason !== undefined) verificationFailures.at(reasonLabel(reason)).value += 1;
    }
  };
}

/** Series that are there before the first event: a rate needs a zero to start from, and a panel something to show. */
function startAtZero(declared: Declared): void {
  const { messages, recipients, decisions, notSigned, verifications, verificationFailures, dsn } = declared;
  for (const word of mailOutcomes) messages.at(bankName(""), word);
  for (const direction of directions) for (const action of recipientActions) recipients.at(direction, action);
  for (const category of Object.keys(categories)) {
    const spoken = Object.entries(rules).filter(([, of]) => of === category);
    for (const rule of spoken.length === 0 ? [noRule] : spoken.map(([name]) => name)) decisions.at(category, rule);
  }
  for (const reason of Object.keys(skipReasons)) notSigned.at(reason);
  for (const result of results) verifications.at("dkim", result);
  for (const reason of Object.keys(failures)) verificationFailures.at(reason);
  for (const result of ["sent", "suppressed"]) dsn.at(result);
}

/** An empty label value is none to Prometheus, so the base bank gets a name no bank has. */
export function bankName(path: string): string {
  return path === "" ? "(base)" : path;
}

/** Never grows: keys of a domain pattern sign for domains that nobody listed. */
function closedLabel(values: Iterable<string>): (value: string) => string {
  const known = new Set<string>();
  for (const value of values) {
    if (known.size >= maxDomains) break;
    known.add(value);
  }
  return (value) => (known.has(value) ? value : "other");
}

export function mailOutcome({ recipients, reply }: Pick<CountedMail, "recipients" | "reply">): MailOutcome {
  const [first] = recipients;
  if (first === undefined) return isTransient(reply) ? "tempfailed" : "rejected";
  const action = recipientAction(first);
  for (const recipient of recipients) if (recipientAction(recipient) !== action) return "partly";
  return action;
}

function recipientAction({ action, reply }: CountedRecipient): (typeof recipientActions)[number] {
  if (action === "discard") return "discarded";
  if (isPositive(reply)) return "passed";
  return isTransient(reply) ? "tempfailed" : "rejected";
}
