// How much of spam a mail is for one recipient: the scanner's score, what lists, virus names and reputation make of it, and
// the recipient's levels that it reaches (amavis.md 7.3).
import type { Verification } from "../dkim/engine.ts";
import { emptyMap } from "../lookup/map.ts";
import type { SpamFound, SpamTest } from "../mail/content.ts";
import type { PolicyBank } from "./bank.ts";
import type { ScoreFound } from "./decision.ts";
import {
  bounceStep,
  formatStep,
  type Listing,
  listing,
  listingStep,
  penPalStep,
  reputationStep,
  type ScoreStep,
  senderScoreStep,
} from "./scores.ts";

export interface SpamInput {
  readonly bank: PolicyBank;
  /** Absent where no scanner was asked. */
  readonly spam?: SpamFound;
  /** Names of viruses that count as points only: `virusPoints`. */
  readonly virusPoints?: VirusPoints;
  /** The Message-ID of a mail that is not ours and that the mail brings back. */
  readonly foreignBounce?: string;
  /** How long ago a recipient wrote to the sender, in milliseconds; undefined: never. */
  penPalAgeMs?(recipient: string): number | undefined;
  readonly verifications: readonly Verification[];
  /** The envelope sender and every author. */
  senders(): readonly string[];
  /** Domains that are what they claim: white lists hold for no others. */
  verifiedDomains(): ReadonlySet<string>;
}

export interface Spaminess {
  readonly found: ScoreFound;
  /** Levels that are reached. */
  readonly tag2: boolean;
  readonly tag3: boolean;
  readonly kill: boolean;
}

export interface VirusPoints {
  readonly points: number;
  /** "AV:Name=3". */
  readonly tests: readonly string[];
}

/** Of mail of a whitelisted sender the tag level is compared with so much less. */
const whitelistBonus = 10;

/**
 * virus_name_to_spam_score_maps: if every name has a score the mail is not infected, and the largest score is added.
 * Undefined where a name has none, or where nothing was found.
 */
export function virusPoints(
  bank: Pick<PolicyBank, "virus_name_to_spam_score_maps">,
  names: readonly string[],
): VirusPoints | undefined {
  const tests: string[] = [];
  let points: number | undefined;
  for (const name of names) {
    const value = bank.virus_name_to_spam_score_maps.first(name)?.value;
    if (value === undefined) return undefined;
    points = Math.max(points ?? value, value);
    tests.push(`AV:${name}=${rounded(value)}`);
  }
  return points === undefined ? undefined : { points, tests };
}

/** Undefined where the recipient bypasses the check, or where there is neither a score nor a black list that speaks. */
export function spaminess(input: SpamInput, recipient: string): Spaminess | undefined {
  const { bank, spam, virusPoints: virus } = input;
  const isScored = spam?.score !== undefined || virus !== undefined || input.foreignBounce !== undefined;
  if (!isScored && !hasBlackLists(bank)) return undefined;
  if (bank.bypass_spam_checks_maps.first(recipient)?.value === true) return undefined;
  const hasLists = hasBlackLists(bank) || hasWhiteLists(bank);
  const listed = hasLists ? listing(bank, recipient, input.senders(), input.verifiedDomains()) : undefined;
  if (!isScored && listed?.list !== "black") return undefined;

  const steps = stepsOf(input, recipient, (spam?.score ?? 0) + (virus?.points ?? 0), listed);
  const levels = levelsOf(bank, recipient);
  if (spam?.score !== undefined && virus === undefined && steps.length === 0 && listed === undefined)
    return byScanAlone(spam, spam.score, levels);
  const score = steps.at(-1)?.score ?? (spam?.score ?? 0) + (virus?.points ?? 0);
  const tests = [...(spam?.tests ?? []).map(shownTest), ...(virus?.tests ?? []), ...steps.map(formatStep)];
  const penPalAgeMs = input.penPalAgeMs?.(recipient);
  return withLevels(levels, {
    score,
    ...(penPalAgeMs === undefined ? {} : { penPalAgeMs }),
    tests,
    ...(spam?.autolearn === undefined ? {} : { autolearn: spam.autolearn }),
    ...(listed === undefined ? {} : { listed: listed.list }),
  });
}

function stepsOf(
  { bank, verifications, senders, foreignBounce, penPalAgeMs }: SpamInput,
  recipient: string,
  start: number,
  listed: Listing | undefined,
): readonly ScoreStep[] {
  const steps: ScoreStep[] = [];
  let score = start;
  const add = (step: ScoreStep | undefined) => {
    if (step === undefined) return;
    steps.push(step);
    score = step.score;
  };
  if (foreignBounce !== undefined) add(bounceStep(bank, foreignBounce, score));
  if (bank.score_sender_maps !== emptyMap) add(senderScoreStep(bank, recipient, senders(), score));
  add(reputationStep(bank, verifications, score));
  const age = penPalAgeMs?.(recipient);
  if (age !== undefined) add(penPalStep(bank, recipient, age, score));
  if (listed !== undefined) add(listingStep(listed, score));
  return steps;
}

/** What comes of a remembered verdict and these levels, the last ones: for mail after mail it is the same. */
const known = new WeakMap<SpamFound, { readonly levels: Levels; readonly spaminess: Spaminess }>();

/** The scanners' word, and nothing that changes it. */
function byScanAlone(spam: SpamFound, score: number, levels: Levels): Spaminess {
  const last = spam.cached ? known.get(spam) : undefined;
  if (last !== undefined && isSameLevels(last.levels, levels)) return last.spaminess;
  const tests = spam.tests.map(shownTest);
  const { autolearn } = spam;
  const made = withLevels(levels, autolearn === undefined ? { score, tests } : { score, tests, autolearn });
  if (spam.cached) known.set(spam, { levels, spaminess: made });
  return made;
}

/** A recipient's levels. */
interface Levels {
  readonly tag: number | undefined;
  readonly tag2: number | undefined;
  readonly tag3: number | undefined;
  readonly kill: number | undefined;
}

function levelsOf(bank: PolicyBank, recipient: string): Levels {
  return {
    tag: bank.spam_tag_level_maps.first(recipient)?.value,
    tag2: bank.spam_tag2_level_maps.first(recipient)?.value,
    tag3: bank.spam_tag3_level_maps.first(recipient)?.value,
    kill: bank.spam_kill_level_maps.first(recipient)?.value,
  };
}

function isSameLevels(one: Levels, other: Levels): boolean {
  return one.tag === other.tag && one.tag2 === other.tag2 && one.tag3 === other.tag3 && one.kill === other.kill;
}

/** "At or above"; a level that the recipient does not have is never reached, but for tag, which always is. */
function withLevels({ tag, tag2, tag3, kill }: Levels, scored: Omit<ScoreFound, "isTagged">): Spaminess {
  const { score, listed } = scored;
  const reaches = (level: number | undefined) =>
    listed !== "white" && (listed === "black" || (level !== undefined && score >= level));
  const isTagged = listed === "black" || tag === undefined || score - (listed === "white" ? whitelistBonus : 0) >= tag;
  const isTag3 = reaches(tag3);
  return {
    found: {
      ...scored,
      isTagged,
      ...(tag === undefined ? {} : { tag }),
      ...(tag2 === undefined ? {} : { tag2 }),
      ...(kill === undefined ? {} : { kill }),
    },
    tag2: isTag3 || reaches(tag2),
    tag3: isTag3,
    kill: reaches(kill),
  };
}

/** Most configurations have none: then nothing is looked up. */
function hasBlackLists(bank: PolicyBank): boolean {
  return bank.blacklist_sender_maps !== emptyMap || bank.per_recip_blacklist_sender_lookup_tables !== emptyMap;
}

function hasWhiteLists(bank: PolicyBank): boolean {
  return bank.whitelist_sender_maps !== emptyMap || bank.per_recip_whitelist_sender_lookup_tables !== emptyMap;
}

function shownTest({ name, score }: SpamTest): string {
  return score === undefined ? name : `${name}=${rounded(score)}`;
}

function rounded(points: number): number {
  return Number(points.toFixed(3));
}
