// One mail's Outcome in numbers: what became of it, its size and time, signatures made and missed, findings.

import { failures } from "../dkim/failure.ts";
import { splitAddress } from "../mail/address.ts";
import type { PolicyBank } from "../policy/bank.ts";
import { categories, rules } from "../policy/decision.ts";
import { isLocal } from "../policy/router.ts";
import { skipReasons } from "../signing/skip-reason.ts";
import { isPositive, isTransient, type Reply } from "../smtp/reply.ts";
import { boundedLabel } from "./bounded.ts";
import type { Declared } from "./declared.ts";

/** What is counted of a recipient. */
export interface CountedRecipient {
  readonly direction: string;
  readonly category: string;
  /** amavisd's minor of the category. */
  readonly minor: number;
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
  readonly originating: boolean;
  /** The bank that the mail met, and who might have signed, the first first. */
  readonly evidence: {
    readonly bank?: Pick<PolicyBank, "local_domains_maps">;
    readonly candidates: readonly { readonly address: string }[];
  };
  readonly findings: readonly { readonly method: string; readonly result: string }[];
  readonly verifications: readonly { readonly reason?: string }[];
}

/** What became of a mail as a whole; docs/metrics.md explains each. */
const mailOutcomes = ["passed", "partly", "rejected", "discarded", "tempfailed"] as const;
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
  const localLabel = boundedLabel(maxDomains, ["other"]);
  const { errors, unsignedDomains } = declared;
  const size = declared.messageSize.series();
  const duration = declared.messageDuration.series();
  startAtZero(declared);

  return (mail) => {
    messages.count(bankLabel(bankName(mail.bankPath)), mailOutcome(mail));
    size.observe(mail.sizeBytes);
    duration.observe(mail.elapsedMs / 1000);
    if (mail.error !== undefined) errors.inc();
    for (const recipient of mail.recipients) {
      recipients.count(recipient.direction, recipientAction(recipient));
      decisions.count(recipient.category, recipient.minor, recipient.rule ?? noRule);
      for (const { kind, result } of recipient.notices) if (kind === "dsn") dsn.inc({ result });
    }
    for (const signing of mail.signings) {
      if (signing.result === "signed") signatures.count(domainLabel(signing.domain), signing.algorithm);
      else {
        notSigned.count(reasonLabel(signing.reason));
        if (mail.originating && !expected.has(signing.reason))
          unsignedDomains.inc({ domain: localLabel(localDomain(mail)) });
      }
    }
    const direction = mail.originating ? "originating" : "incoming";
    for (const { method, result } of mail.findings) verifications.count(direction, method, result);
    for (const { reason } of mail.verifications) {
      if (reason !== undefined) verificationFailures.count(reasonLabel(reason));
    }
  };
}

/** Nobody waits for a signature then. */
const expected: ReadonlySet<string> = new Set(["not-originating", "signing-disabled", "already-signed"]);

/** The domain of the first candidate, if it is one of local_domains_maps: what else stands in From is anybody's. */
function localDomain({ evidence }: Pick<CountedMail, "evidence">): string {
  const { bank, candidates } = evidence;
  const address = candidates[0]?.address;
  if (bank === undefined || address === undefined || !isLocal(bank, address)) return "other";
  return splitAddress(address).domain ?? "other";
}

/** Series that are there before the first event: a rate needs a zero to start from, and a panel something to show. */
function startAtZero(declared: Declared): void {
  const { messages, recipients, decisions, notSigned, verifications, verificationFailures, dsn } = declared;
  for (const word of mailOutcomes) messages.inc({ bank: bankName(""), outcome: word }, 0);
  for (const direction of directions) for (const action of recipientActions) recipients.inc({ direction, action }, 0);
  for (const category of Object.keys(categories)) {
    const spoken = Object.entries(rules).filter(([, of]) => of === category);
    for (const rule of spoken.length === 0 ? [noRule] : spoken.map(([name]) => name)) {
      decisions.inc({ category, minor: 0, rule }, 0);
    }
  }
  for (const reason of Object.keys(skipReasons)) notSigned.inc({ reason }, 0);
  for (const direction of ["incoming", "originating"])
    for (const result of results) verifications.inc({ direction, method: "dkim", result }, 0);
  for (const reason of Object.keys(failures)) verificationFailures.inc({ reason }, 0);
  declared.unsignedDomains.inc({ domain: "other" }, 0);
  for (const result of ["sent", "suppressed"]) dsn.inc({ result }, 0);
}

/** An empty label value is none to Prometheus, so the base bank gets a name no bank has. */
function bankName(path: string): string {
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
