// What a recipient of ours sees of the spam check: X-Spam-Flag, -Score, -Level and -Status (amavis.md 1.10, 7.3).
import { foldedField } from "../../mail/folded-field.ts";
import type { PolicyBank } from "../../policy/bank.ts";
import type { ContentFound, ScoreFound } from "../../policy/decision.ts";

const maxStars = 64;
/** Tests that are named. */
const maxTests = 200;

type Allowed = Pick<PolicyBank, "allowed_added_header_fields" | "sa_spam_level_char">;

interface Known {
  readonly bank: Allowed;
  readonly isSpammy: boolean;
  readonly fields: readonly string[];
}

/** By a score, which mails with one remembered verdict have in common: the fields that were made last. */
const known = new WeakMap<ScoreFound, Known>();

/** The same fields as `spamFields`, for a verdict that may come again: they cost 5 us, which is 2 % of a signature. */
export function knownSpamFields(bank: Allowed, content: ContentFound): readonly string[] {
  const { all, score } = content;
  if (score === undefined) return [];
  const isSpammy = isSpammyBy(all);
  const last = known.get(score);
  if (last?.bank === bank && last.isSpammy === isSpammy) return last.fields;
  const fields = spamFields(bank, content);
  known.set(score, { bank, isSpammy, fields });
  return fields;
}

function isSpammyBy(all: ContentFound["all"]): boolean {
  return all.some(({ category }) => category === "CC_SPAMMY");
}

/** From top to bottom; none below the tag level, and none for mail that was not scored. */
export function spamFields(bank: Allowed, { all, score }: ContentFound): readonly string[] {
  if (score?.isTagged !== true) return [];
  const isSpammy = isSpammyBy(all);
  const fields: readonly (readonly [string, string | undefined])[] = [
    ["X-Spam-Flag", `X-Spam-Flag: ${isSpammy ? "YES" : "NO"}\r\n`],
    ["X-Spam-Score", `X-Spam-Score: ${points(shownScore(score))}\r\n`],
    ["X-Spam-Level", levelField(bank.sa_spam_level_char, score)],
    ["X-Spam-Status", statusField(isSpammy, score)],
  ];
  return fields.flatMap(([name, field]) =>
    field !== undefined && bank.allowed_added_header_fields[name.toLowerCase()] === true ? field : [],
  );
}

/** A whitelisted sender's is never above 0. */
function shownScore({ score, listed }: ScoreFound): number {
  return listed === "white" ? Math.min(0, score) : score;
}

/** One character a point; a number would be lost on filters that count stars. */
function levelField(char: string, { score, listed }: ScoreFound): string | undefined {
  if (!/^[\x21-\x7e]$/.test(char)) return undefined;
  const stars = listed === "white" ? 0 : listed === "black" ? maxStars : Math.min(maxStars, Math.floor(score));
  return `X-Spam-Level: ${char.repeat(Math.max(0, stars))}\r\n`;
}

function statusField(isSpammy: boolean, { score, tests, autolearn, listed, tag, tag2 }: ScoreFound): string {
  const named = tests.slice(0, maxTests);
  return foldedField("X-Spam-Status", [
    isSpammy ? "Yes," : "No,",
    ` score=${points(score)}`,
    ...(tag === undefined ? [] : [` tagged_above=${points(tag)}`]),
    ...(tag2 === undefined ? [] : [` required=${points(tag2)}`]),
    ...(listed === undefined ? [] : [listed === "black" ? " BLACKLISTED" : " WHITELISTED"]),
    " tests=[",
    ...named.map((test, index) => (index === named.length - 1 ? test : `${test},`)),
    "]",
    ` autolearn=${autolearn ?? "unavailable"}`,
  ]);
}

function points(value: number): string {
  return String(Number(value.toFixed(3)));
}
