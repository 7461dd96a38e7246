// What is to become of one recipient's mail: one record from the rule that spoke to the line in the log.
import { type HeaderEdits, noEdits } from "../mail/edit.ts";
import type { NextHop } from "../smtp/next-hop.ts";
import type { Reply } from "../smtp/reply.ts";

/**
 * Contents categories by amavisd's names, the less important first, each with its word in the log, which log analysers
 * know. CC_TEMPFAIL (trouble on our side) and CC_POLICY (a rule that amavisd does not have) are ours.
 */
export const categories = {
  CC_CLEAN: "CLEAN",
  CC_MTA: "MTA-BLOCKED",
  CC_TEMPFAIL: "TEMPFAIL",
  CC_POLICY: "OTHER",
} as const;

export type Category = keyof typeof categories;

/** The rules that keep mail from a recipient, each with its category. Log words, metric labels and docs anchors. */
export const rules = {
  /** final_dmarc_destiny. */
  dmarc: "CC_POLICY",
  /** More Received fields than limits.received_fields. */
  loop: "CC_POLICY",
  /** A key that mail must be signed with cannot be read. */
  "key-unavailable": "CC_TEMPFAIL",
  /** The DSN that was owed could not be handed over. */
  "dsn-put-off": "CC_TEMPFAIL",
  /** Something broke on our side. */
  error: "CC_TEMPFAIL",
} as const satisfies Readonly<Record<string, Category>>;

export type RuleName = keyof typeof rules;

/** A status notification to the sender: handed over, or withheld by rule. */
export interface Notice {
  readonly kind: "dsn";
  readonly result: "sent" | "suppressed";
}

/** The part of a decision that is kept when the mail is gone. */
export interface Decided {
  readonly category: Category;
  /** Absent where no rule of ours spoke: the mail went on, or the next hop refused it. */
  readonly rule?: RuleName;
  /** accept: it is given to the next hop, whose reply says the rest. */
  readonly action: "accept" | "reject" | "tempfail" | "discard";
  /** Where copies are kept. Empty: nothing is quarantined yet. */
  readonly quarantine: readonly string[];
  /** Empty until the notices that are owed were dealt with. */
  readonly notices: readonly Notice[];
}

export interface Accepted extends Decided {
  readonly action: "accept";
  readonly edits: HeaderEdits;
  /** In the order in which they are tried. Empty until the mail is ready to leave. */
  readonly nextHops: readonly NextHop[];
}

export interface Refused extends Decided {
  readonly action: "reject" | "tempfail" | "discard";
  readonly rule: RuleName;
  /** As it is to be sent. */
  readonly reply: Reply;
}

export type Decision = Accepted | Refused;

export const accepted: Accepted = {
  category: "CC_CLEAN",
  action: "accept",
  quarantine: [],
  notices: [],
  edits: noEdits,
  nextHops: [],
};

export function refused(rule: RuleName, action: Refused["action"], reply: Reply): Refused {
  return { category: rules[rule], rule, action, reply, quarantine: [], notices: [] };
}
