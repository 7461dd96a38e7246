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
  CC_OVERSIZED: "OVERSIZED",
  CC_BADH: "BAD-HEADER",
  CC_SPAMMY: "SPAMMY",
  CC_SPAM: "SPAM",
  CC_POLICY: "OTHER",
  CC_UNCHECKED: "UNCHECKED",
  CC_BANNED: "BANNED",
  CC_VIRUS: "INFECTED",
} as const;

export type Category = keyof typeof categories;

/** The rules that keep mail from a recipient, each with its category. Log words, metric labels and docs anchors. */
export const rules = {
  /** final_virus_destiny. */
  virus: "CC_VIRUS",
  /** final_banned_destiny. */
  banned: "CC_BANNED",
  /** final_unchecked_destiny. */
  unchecked: "CC_UNCHECKED",
  /** final_must_sign_destiny. */
  "must-sign": "CC_POLICY",
  /** final_dmarc_destiny. */
  dmarc: "CC_POLICY",
  /** More Received fields than limits.received_fields. */
  loop: "CC_POLICY",
  /** final_spam_destiny. */
  spam: "CC_SPAM",
  /** A destiny by category for mail below the kill level. */
  spammy: "CC_SPAMMY",
  /** final_bad_header_destiny. */
  "bad-header": "CC_BADH",
  /** final_oversized_destiny. */
  oversized: "CC_OVERSIZED",
  /** A destiny by category for mail that is clean. */
  clean: "CC_CLEAN",
  /** virus_scanners_failure_is_fatal. */
  "scanner-failed": "CC_TEMPFAIL",
  /** A key that mail must be signed with cannot be read. */
  "key-unavailable": "CC_TEMPFAIL",
  /** The DSN that was owed could not be handed over. */
  "dsn-put-off": "CC_TEMPFAIL",
  /** A copy that was owed could not be kept. */
  "not-kept": "CC_TEMPFAIL",
  /** Something broke on our side. */
  error: "CC_TEMPFAIL",
} as const satisfies Readonly<Record<string, Category>>;

export type RuleName = keyof typeof rules;

/** A category with amavisd's minor: CC_BADH 7 is a missing field, CC_UNCHECKED 1 an encrypted part; 0 where there is none. */
export interface Contents {
  readonly category: Category;
  readonly minor: number;
}

/** A copy of the mail that has to be kept before the reply leaves. */
export interface CopyOwed {
  /** "archive": a copy of every mail (archive_quarantine_method). */
  readonly purpose: "quarantine" | "archive";
  /** Why it is kept: the recipient's most important category that has a method; CC_CLEAN for an archive of clean mail. */
  readonly category: Category;
  /** As configured: "local:virus-%m", "smtp:[127.0.0.1]:10025". */
  readonly method: string;
  /** A local part that local_delivery_aliases resolves, or an address; "%a" is replaced by the recipient already. */
  readonly to: string;
}

/**
 * A message of ours that somebody has to get:
 * - "dsn": the sender, that this recipient does not get the mail, where the reply cannot say so;
 * - "warn-sender": the sender, of a fault in mail that was delivered;
 * - "admin": an administrator; one message per address and mail, whatever the recipients;
 * - "new-virus-admin": the same, of a virus that was never seen here before;
 * - "recipient": the recipient, of mail with such contents, delivered or not.
 */
export interface NoticeOwed {
  readonly kind: "dsn" | "warn-sender" | "admin" | "new-virus-admin" | "recipient";
  readonly category: Category;
  /** The address; for "dsn" and "warn-sender" the envelope sender. */
  readonly to: string;
  /** Why it is not written: what the mail is speaks against it. */
  readonly withheld?: NoDsnReason;
}

/**
 * Why the sender gets no DSN for mail that does not arrive:
 * - "virus-fakes-sender": viruses_that_fake_sender_maps;
 * - "banned-discard": the rule's value starts with DISCARD;
 * - "cutoff": the score is at or above spam_dsn_cutoff_level, by sender or recipient;
 * - "blacklisted": the sender is on a black list, and there is a cutoff;
 * - "bulk": mail of a list or robot;
 * - "null-sender": there is no sender to write to;
 * - "unverified-sender": neither SPF nor DKIM nor the client vouches for the sender.
 */
export type NoDsnReason =
  | "virus-fakes-sender"
  | "banned-discard"
  | "cutoff"
  | "blacklisted"
  | "bulk"
  | "null-sender"
  | "unverified-sender";

/** What must have happened before our reply leaves. */
export interface Owed {
  readonly copies: readonly CopyOwed[];
  readonly notices: readonly NoticeOwed[];
  /** Why no DSN is among the notices, though the mail does not arrive. */
  readonly noDsn?: NoDsnReason;
}

/** Points for one recipient's mail. */
export interface ScoreFound {
  /** All together: the scanner's, and what lists and reputation make of it. */
  readonly score: number;
  /** "BAYES_99=3.5", "AM.WBL=-2": the scanner's tests first, then ours. */
  readonly tests: readonly string[];
  readonly autolearn?: string;
  readonly listed?: "white" | "black";
  /** How long ago the recipient wrote to the sender, in milliseconds. */
  readonly penPalAgeMs?: number;
  /** Whether the score is at the tag level, so that fields show it. */
  readonly isTagged: boolean;
  /** Levels that apply to the recipient; absent: never reached, for tag: always. */
  readonly tag?: number;
  readonly tag2?: number;
  readonly kill?: number;
}

/** The rule of a banned name or type, for one recipient. */
export interface BannedFound {
  /** amavisd's %F: "application/octet-stream,.asc,evil.exe", the rule's comment in front. */
  readonly names: readonly string[];
  /** The pattern, and where it stands. */
  readonly key: string;
  readonly origin?: string;
}

/** What the mail is for one recipient. */
export interface ContentFound {
  /** Every category with its minors, the most important first; CC_CLEAN stands last. */
  readonly all: readonly Contents[];
  readonly score?: ScoreFound;
  readonly banned?: BannedFound;
  /** Names of viruses; empty unless the mail is infected for this recipient. */
  readonly viruses: readonly string[];
  /** Header faults that count for this recipient, in amavisd's words. */
  readonly headerFaults: readonly string[];
}

/** A message of ours: handed over, or withheld by rule. "success-dsn": the sender asked for it by NOTIFY=SUCCESS. */
export interface Notice {
  readonly kind: NoticeOwed["kind"] | "success-dsn";
  readonly result: "sent" | "suppressed";
  /** Why it was withheld: a code of the closed list in docs/notices.md. */
  readonly reason?: string;
}

/** The part of a decision that is kept when the mail is gone. */
export interface Decided extends Contents {
  /** What blocks the mail, or else the most important it is; `minor` belongs to it. */
  readonly category: Category;
  /** Absent where no rule of ours spoke: the mail went on, or the next hop refused it. */
  readonly rule?: RuleName;
  /** accept: it is given to the next hop, whose reply says the rest. */
  readonly action: "accept" | "reject" | "tempfail" | "discard";
  /** Absent where nothing was found and nothing scored. */
  readonly content?: ContentFound;
  readonly owed: Owed;
  /** Where copies are kept: "t/banned-t5bDoRaO1a6J", an address. Empty until those that are owed are made. */
  readonly quarantine: readonly string[];
  /** The name by which these copies are known, where they are those of the time before: the mail came again. */
  readonly copiesId?: string;
  /** Empty until the notices that are owed were dealt with. */
  readonly notices: readonly Notice[];
}

export interface Accepted extends Decided {
  readonly action: "accept";
  readonly edits: HeaderEdits;
  /** Where it is delivered in place of the recipient's own address: with an extension (addr_extension_*_maps). */
  readonly deliverTo?: string;
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

export const nothingOwed: Owed = { copies: [], notices: [] };

export const accepted: Accepted = {
  category: "CC_CLEAN",
  minor: 0,
  action: "accept",
  owed: nothingOwed,
  quarantine: [],
  notices: [],
  edits: noEdits,
  nextHops: [],
};

export function refused(rule: RuleName, action: Refused["action"], reply: Reply): Refused {
  return { category: rules[rule], minor: 0, rule, action, reply, owed: nothingOwed, quarantine: [], notices: [] };
}
