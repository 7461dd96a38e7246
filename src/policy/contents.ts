// What a mail is for one recipient: contents categories with their minors (amavis.md 7.1), from what the checks found out
// and the recipient does not bypass.
import type { Verification } from "../dkim/engine.ts";
import type { LookupMap } from "../lookup/table.ts";
import type { ContentFacts, HeaderFault, HeaderTest, PenPal, Unchecked, UncheckedReason } from "../mail/content.ts";
import type { PolicyBank } from "./bank.ts";
import { createFindBanned } from "./banned.ts";
import { type BannedFound, type Category, type Contents, categories, type ScoreFound } from "./decision.ts";
import { type SpamInput, spaminess, virusPoints } from "./spaminess.ts";

/** A mail as its categories are worked out. What is dear to find out is a function. */
export interface MailContents {
  readonly bank: PolicyBank;
  readonly content: ContentFacts;
  readonly verifications: readonly Verification[];
  readonly sizeBytes: number;
  /** The mail may hold UTF-8 in its header: SMTPUTF8. */
  readonly isSmtpUtf8: boolean;
  /** Octets that no message_size_limit_maps may go below; 0 = none. */
  readonly leastSizeLimit: number;
  /** Epoch, milliseconds. */
  readonly receivedAtMs: number;
  senders(): readonly string[];
  verifiedDomains(): ReadonlySet<string>;
}

export interface RecipientContents {
  /** The most important first; each major category also stands with minor 0; CC_CLEAN is the last. */
  readonly all: readonly Contents[];
  readonly score?: ScoreFound;
  readonly banned?: BannedFound;
  /** The rule that bans asks that the sender gets no notice. */
  readonly isBannedDiscard: boolean;
  readonly viruses: readonly string[];
  readonly headerFaults: readonly string[];
}

const headerMinors: Readonly<Record<HeaderTest, number>> = {
  other: 0,
  mime: 1,
  "8bit": 2,
  utf8: 2,
  control: 3,
  empty: 4,
  long: 5,
  syntax: 6,
  missing: 7,
  multiple: 8,
};
const uncheckedMinors: Readonly<Record<UncheckedReason, number>> = {
  failed: 0,
  encrypted: 1,
  "over-limits": 2,
  ambiguous: 3,
};
const maxFaults = 100;

const none: readonly string[] = [];
const nothingFound: RecipientContents = {
  all: [{ category: "CC_CLEAN", minor: 0 }],
  isBannedDiscard: false,
  viruses: none,
  headerFaults: none,
};

const order: readonly string[] = Object.keys(categories);

/** Categories of one recipient; work that recipients share is done once. */
export function createContentsOf(mail: MailContents): (recipient: string) => RecipientContents {
  const { bank, content } = mail;
  const { virus, parts } = content;
  const points = virus === undefined ? undefined : virusPoints(bank, virus.names);
  const viruses = points === undefined ? (virus?.names ?? none) : none;
  const faults = countedFaults(mail);
  const findBanned = parts === undefined ? undefined : createFindBanned(bank, parts);
  const unchecked = uncheckedOf(content);
  const common: Omit<SpamInput, "spam"> = {
    bank,
    verifications: mail.verifications,
    senders: mail.senders,
    verifiedDomains: mail.verifiedDomains,
    ...(points === undefined ? {} : { virusPoints: points }),
    ...(content.bounce?.isOurs === false ? { foreignBounce: content.bounce.messageId } : {}),
    ...(content.penPals === undefined ? {} : { penPalAgeMs: ageOf(content.penPals, mail.receivedAtMs) }),
  };
  const spamOf = createSpamOf(common, content);

  return (recipient) => {
    const isBypassed = (map: LookupMap<boolean>) => map.first(recipient)?.value === true;
    const bypassesVirus = isBypassed(bank.bypass_virus_checks_maps);
    const bypassesBanned = isBypassed(bank.bypass_banned_checks_maps);
    const infected = bypassesVirus ? none : viruses;
    const banned = bypassesBanned ? undefined : findBanned?.(recipient);
    const looked = unchecked.filter(({ reason }) => !bypassesVirus || (reason === "ambiguous" && !bypassesBanned));
    const counted = faults.length > 0 && isBypassed(bank.bypass_header_checks_maps) ? [] : faults;
    const scored = spaminess(spamOf(recipient), recipient);
    const isOversized = isLarger(mail, recipient);
    if (
      infected.length === 0 &&
      banned === undefined &&
      looked.length === 0 &&
      counted.length === 0 &&
      scored === undefined &&
      !isOversized
    ) {
      return nothingFound;
    }

    const found: Contents[] = [];
    const add = (category: Category, minor = 0) => found.push({ category, minor });
    if (infected.length > 0) add("CC_VIRUS");
    if (banned !== undefined) add("CC_BANNED");
    for (const { reason } of looked) add("CC_UNCHECKED", uncheckedMinors[reason]);
    if (counted.length > 0) add("CC_BADH", Math.max(...counted.map(({ test }) => headerMinors[test])));
    if (scored?.kill) add("CC_SPAM");
    if (scored?.tag2) add("CC_SPAMMY", scored.tag3 ? 1 : 0);
    if (isOversized) add("CC_OVERSIZED");
    add("CC_CLEAN", scored?.found.isTagged ? 1 : 0);
    return {
      all: inOrder(found),
      ...(scored === undefined ? {} : { score: scored.found }),
      ...(banned === undefined ? {} : { banned: banned.found }),
      isBannedDiscard: banned?.discards === true,
      viruses: infected,
      headerFaults: counted.map(({ text }) => text),
    };
  };
}

/** What the scanners say by a recipient's rules, and all else that a score is made of. */
function createSpamOf(
  common: Omit<SpamInput, "spam">,
  { spam, spamByUser = [] }: ContentFacts,
): (recipient: string) => SpamInput {
  const first: SpamInput = spam === undefined ? common : { ...common, spam };
  if (spamByUser.length === 0) return () => first;
  const others = new Map<string, SpamInput>();
  for (const each of spamByUser) {
    const input = { ...common, spam: each.spam };
    for (const recipient of each.recipients) others.set(recipient, input);
  }
  return (recipient) => others.get(recipient) ?? first;
}

function ageOf(penPals: readonly PenPal[], now: number): (recipient: string) => number | undefined {
  const times = new Map(penPals.map(({ recipient, at }) => [recipient, at]));
  return (recipient) => {
    const at = times.get(recipient);
    return at === undefined ? undefined : Math.max(0, now - at);
  };
}

/** The most important first, each once, and each major category also without its minor. */
function inOrder(found: readonly Contents[]): readonly Contents[] {
  const [only, ...others] = found;
  if (only !== undefined && others.length === 0)
    return only.minor === 0 ? found : [only, { category: only.category, minor: 0 }];
  const keys = new Map<string, Contents>();
  for (const each of found) {
    for (const contents of [each, { category: each.category, minor: 0 }]) {
      keys.set(`${contents.category},${contents.minor}`, contents);
    }
  }
  return [...keys.values()].sort(
    (one, other) => order.indexOf(other.category) - order.indexOf(one.category) || other.minor - one.minor,
  );
}

/** Faults by tests that the bank makes, of one field the first. */
function countedFaults({ bank, content, isSmtpUtf8 }: MailContents): readonly HeaderFault[] {
  const { headerFaults } = content;
  if (headerFaults === undefined) return [];
  const mimeFaults = mimeFaultsOf(content);
  if (headerFaults.length === 0 && mimeFaults.length === 0) return [];
  const fields = new Set<number>();
  const counted: HeaderFault[] = [];
  for (const fault of [...mimeFaults, ...headerFaults]) {
    const { test, field } = fault;
    if (bank.allowed_header_tests[test] !== true || (test === "utf8" && isSmtpUtf8)) continue;
    if (field !== undefined && fields.has(field)) continue;
    if (field !== undefined) fields.add(field);
    counted.push(fault);
    if (counted.length === maxFaults) break;
  }
  return counted;
}

/** What the walk of the parts says of the MIME structure (test `mime`): nothing where the mail is not taken apart. */
function mimeFaultsOf({ parts }: ContentFacts): readonly HeaderFault[] {
  return (parts?.unchecked ?? []).flatMap(({ detail, path, isMimeFault }) =>
    isMimeFault === true
      ? { test: "mime" as const, text: `MIME error: ${detail}${path === undefined ? "" : ` (part ${path})`}` }
      : [],
  );
}

function uncheckedOf({ parts, virus }: ContentFacts): readonly Unchecked[] {
  const found = parts?.unchecked ?? [];
  return virus?.failed === true ? [...found, { reason: "failed", detail: "no virus scanner answered" }] : found;
}

/** message_size_limit_maps; 0 is no limit. */
function isLarger({ bank, sizeBytes, leastSizeLimit }: MailContents, recipient: string): boolean {
  const limit = bank.message_size_limit_maps.first(recipient)?.value ?? 0;
  return limit > 0 && sizeBytes > Math.max(limit, leastSizeLimit);
}
