// What reputation and sender lists do to a spam score. Pure: a score goes in, the new one and its reason come out.
// There being a score at all is up to the spam check.
import type { Verification } from "../dkim/engine.ts";
import type { LookupMap, Match, Origin } from "../lookup/table.ts";
import { splitAddress } from "../mail/address.ts";
import type { PolicyBank } from "./bank.ts";
import { countedSignatures } from "./signature-standing.ts";

/** One step of the score, named as amavisd names it among the tests of X-Spam-Status. */
export interface ScoreStep {
  readonly test: "AM.BOUNCE" | "AM.PENPAL" | "AM.DKIM_REPUT" | "AM.WBL" | "AM.WHITELISTED" | "AM.BLACKLISTED";
  readonly points: number;
  /** The new score. */
  readonly score: number;
  readonly matches: readonly ScoreReason[];
}

export interface ScoreReason {
  /** The address or signing domain that was looked up. */
  readonly address: string;
  readonly value: number | boolean;
  readonly key: string;
  readonly origin?: Origin;
}

type ReputationSettings = Pick<
  PolicyBank,
  "signer_reputation_maps" | "reputation_factor" | "dk_counts" | "dkim_minimum_key_bits"
>;

/**
 * Pulls the score towards the reputation of a signing domain: f * reputation + (1 - f) * score. The smallest value of
 * all domains whose signature counts is taken: who signs well among several vouches for the mail.
 */
export function reputationStep(
  bank: ReputationSettings,
  verifications: readonly Verification[],
  score: number,
): ScoreStep | undefined {
  let best: (ScoreReason & { readonly value: number }) | undefined;
  for (const { domain } of countedSignatures(bank, verifications)) {
    const match = bank.signer_reputation_maps.first(`@${domain}`);
    if (match === undefined || (best !== undefined && match.value >= best.value)) continue;
    best = reason(domain, match);
  }
  if (best === undefined) return undefined;
  const factor = Math.min(Math.max(bank.reputation_factor, 0), 1);
  const changed = factor * best.value + (1 - factor) * score;
  return { test: "AM.DKIM_REPUT", points: changed - score, score: changed, matches: [best] };
}

/**
 * score_sender_maps: the recipient gives lists of tables; in each table the first of the senders that is found counts,
 * and tables add up. Senders are the envelope's and every author, as amavisd takes them: soft, so unverified.
 */
export function senderScoreStep(
  bank: Pick<PolicyBank, "score_sender_maps">,
  recipient: string,
  senders: readonly string[],
  score: number,
): ScoreStep | undefined {
  const matches = bank.score_sender_maps
    .all(recipient)
    .flatMap(({ value: tables }) => tables.flatMap((table) => firstOf(table, senders) ?? []));
  if (matches.length === 0) return undefined;
  const points = matches.reduce((sum, { value }) => sum + Number(value), 0);
  return { test: "AM.WBL", points, score: score + points, matches };
}

/** bounce_killer_score, for a bounce of a mail that is not ours. */
export function bounceStep(
  { bounce_killer_score: points }: Pick<PolicyBank, "bounce_killer_score">,
  messageId: string,
  score: number,
): ScoreStep {
  const by: ScoreReason = { address: messageId, value: points, key: "bounce_killer_score" };
  return { test: "AM.BOUNCE", points, score: score + points, matches: [by] };
}

/** penpals_bonus_score for a sender to whom the recipient wrote so long ago: half of it is left after each penpals_halflife. */
export function penPalStep(
  { penpals_bonus_score, penpals_halflife }: Pick<PolicyBank, "penpals_bonus_score" | "penpals_halflife">,
  recipient: string,
  ageMs: number,
  score: number,
): ScoreStep {
  const halfLives = penpals_halflife > 0 ? Math.max(0, ageMs) / (penpals_halflife * 1000) : 0;
  const points = -(penpals_bonus_score ?? 0) * 2 ** -halfLives;
  const by: ScoreReason = { address: recipient, value: points, key: "penpals_bonus_score" };
  return { test: "AM.PENPAL", points, score: score + points, matches: [by] };
}

/** A blacklisted sender's mail scores at least this much. */
const blacklistScore = 64;

export interface Listing {
  readonly list: "white" | "black";
  readonly by: ScoreReason;
}

type ListSettings = Pick<
  PolicyBank,
  | "whitelist_sender_maps"
  | "blacklist_sender_maps"
  | "per_recip_whitelist_sender_lookup_tables"
  | "per_recip_blacklist_sender_lookup_tables"
>;

/**
 * Whether a sender is on a hard list: the recipient's own lists first, then those for all. A white list holds only
 * for senders whose domain is verified, anyone can claim to be on it; a black list for any. Verified and on both: white.
 *
 * @param verifiedDomains see `verifiedDomains`
 */
export function listing(
  bank: ListSettings,
  recipient: string,
  senders: readonly string[],
  verifiedDomains: ReadonlySet<string>,
): Listing | undefined {
  const verified = senders.filter((sender) => verifiedDomains.has(splitAddress(sender).domain ?? ""));
  const levels = [
    {
      white: bank.per_recip_whitelist_sender_lookup_tables.first(recipient)?.value ?? [],
      black: bank.per_recip_blacklist_sender_lookup_tables.first(recipient)?.value ?? [],
    },
    { white: [bank.whitelist_sender_maps], black: [bank.blacklist_sender_maps] },
  ];
  for (const { white, black } of levels) {
    const welcome = listed(white, verified);
    if (welcome !== undefined) return { list: "white", by: welcome };
    const unwanted = listed(black, senders);
    if (unwanted !== undefined) return { list: "black", by: unwanted };
  }
  return undefined;
}

/** Blacklisted: the score is raised to 64 or more. Whitelisted: it stays, and the levels tag2 and kill do not apply. */
export function listingStep({ list, by }: Listing, score: number): ScoreStep {
  if (list === "white") return { test: "AM.WHITELISTED", points: 0, score, matches: [by] };
  const raised = Math.max(score, blacklistScore);
  return { test: "AM.BLACKLISTED", points: raised - score, score: raised, matches: [by] };
}

/** Domains that a signature which counts, or an SPF pass of the envelope sender, has shown to be what they claim. */
export function verifiedDomains(
  bank: Pick<PolicyBank, "dk_counts" | "dkim_minimum_key_bits">,
  verifications: readonly Verification[],
  spfPassDomain?: string,
): ReadonlySet<string> {
  const domains = new Set(countedSignatures(bank, verifications).map(({ domain }) => domain));
  if (spfPassDomain !== undefined) domains.add(spfPassDomain);
  return domains;
}

/** "AM.DKIM_REPUT=-1.001": three decimals at most. */
export function formatStep({ test, points }: ScoreStep): string {
  return `${test}=${Number(points.toFixed(3))}`;
}

/** Ours that stand behind the scanner's and AM.BOUNCE, which is as good as one of them. */
const ownTest = /^AM\.(?:PENPAL|DKIM_REPUT|WBL|WHITELISTED|BLACKLISTED)=(-?[\d.]+(?:e[-+]?\d+)?)$/;

/** A score without what lists and reputation added to it: their tests stand last, three decimals each. */
export function scoreBeforeLists({
  score,
  tests,
}: {
  readonly score: number;
  readonly tests: readonly string[];
}): number {
  let start = score;
  for (const each of tests.toReversed()) {
    const points = ownTest.exec(each)?.[1];
    if (points === undefined) break;
    start -= Number(points);
  }
  return Number(start.toFixed(3));
}

function listed(maps: readonly LookupMap<boolean>[], senders: readonly string[]): ScoreReason | undefined {
  for (const map of maps) {
    const found = firstOf(map, senders);
    if (found?.value === true) return found;
  }
  return undefined;
}

function firstOf<V extends number | boolean>(map: LookupMap<V>, senders: readonly string[]): ScoreReason | undefined {
  for (const address of senders) {
    const match = map.first(address);
    if (match !== undefined) return reason(address, match);
  }
  return undefined;
}

function reason<V extends number | boolean>(
  address: string,
  { value, key, origin }: Match<V>,
): ScoreReason & { readonly value: V } {
  return { address, value, key, ...(origin !== undefined && { origin }) };
}
