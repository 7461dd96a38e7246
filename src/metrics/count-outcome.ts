// One mail's Outcome in numbers: what became of it, its size and time, signatures made and missed, findings.
import { failures } from "../dkim/failure.ts";
import type { Outcome, RecipientOutcome } from "../flow/outcome/outcome.ts";
import { skipReasons } from "../signing/skip-reason.ts";
import { isPositive, isTransient } from "../smtp/reply.ts";
import { boundedLabel } from "./bounded.ts";
import type { Declared } from "./declared.ts";

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

/** What fills the metrics of mail. `labels` is asked again after a reload, by `createOutcomeCounter` anew. */
export function createOutcomeCounter(declared: Declared, labels: OutcomeLabels): (outcome: Outcome) => void {
  const { messages, recipients, signatures, notSigned, verifications, verificationFailures, dsn } = declared;
  const bankLabel = boundedLabel(maxBanks, labels.banks);
  const domainLabel = closedLabel(labels.domains);
  const reasonLabel = boundedLabel(maxReasons, [...Object.keys(skipReasons), ...Object.keys(failures)]);
  const size = declared.messageSize.at();
  const duration = declared.messageDuration.at();
  const errors = declared.errors.at();
  startAtZero(declared);

  return (outcome) => {
    messages.at(bankLabel(bankName(outcome.bankPath)), mailOutcome(outcome)).value += 1;
    size.observe(outcome.sizeBytes);
    duration.observe(outcome.elapsedMs / 1000);
    if (outcome.error !== undefined) errors.value += 1;
    for (const recipient of outcome.recipients) {
      recipients.at(recipient.direction, recipientAction(recipient)).value += 1;
      if (recipient.dsn !== undefined) dsn.at(recipient.dsn).value += 1;
    }
    for (const signing of outcome.signings) {
      if (signing.result === "signed") signatures.at(domainLabel(signing.domain), signing.algorithm).value += 1;
      else notSigned.at(reasonLabel(signing.reason)).value += 1;
    }
    for (const { method, result } of outcome.findings) verifications.at(method, result).value += 1;
    for (const { reason } of outcome.verifications) {
      if (reason !== undefined) verificationFailures.at(reasonLabel(reason)).value += 1;
    }
  };
}

/** Series that are there before the first event: a rate needs a zero to start from, and a panel something to show. */
function startAtZero({ messages, recipients, notSigned, verifications, verificationFailures, dsn }: Declared): void {
  for (const word of mailOutcomes) messages.at(bankName(""), word);
  for (const direction of directions) for (const action of recipientActions) recipients.at(direction, action);
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

export function mailOutcome({ recipients, reply }: Outcome): MailOutcome {
  const [first] = recipients;
  if (first === undefined) return isTransient(reply) ? "tempfailed" : "rejected";
  const action = recipientAction(first);
  for (const recipient of recipients) if (recipientAction(recipient) !== action) return "partly";
  return action;
}

function recipientAction({ action, reply }: RecipientOutcome): (typeof recipientActions)[number] {
  if (action === "discard") return "discarded";
  if (isPositive(reply)) return "passed";
  return isTransient(reply) ? "tempfailed" : "rejected";
}
