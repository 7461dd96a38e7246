// What was found in the mail of one recipient and what followed, as lines for a terminal: for `why` and `check`.
import { type Category, categories, type Notice } from "../../policy/decision.ts";
import { meaningLines, wordOf } from "../words/all-words.ts";
import { visible } from "./log-line.ts";
import type { RecipientRecord } from "./record.ts";

const noticeNames: Readonly<Record<Notice["kind"], string>> = {
  dsn: "notification to the sender",
  "success-dsn": "notification of success to the sender",
  "warn-sender": "warning to the sender",
  admin: "notice to an administrator",
  "new-virus-admin": "notice of a new virus to an administrator",
  recipient: "notice to the recipient",
};

/** Whether it happened to a mail, or would happen: `check` keeps no copies and sends no notices. */
export type FoundTense = "happened" | "would-happen";

export type FoundRecipient = Pick<
  RecipientRecord,
  | "category"
  | "minor"
  | "contents"
  | "score"
  | "tests"
  | "levels"
  | "listed"
  | "viruses"
  | "banned"
  | "header_faults"
  | "quarantine"
  | "copies_owed"
  | "no_dsn"
  | "notices"
  | "notices_owed"
>;

/** One fact a line; none for clean mail of which nobody is told. */
export function foundLines(recipient: FoundRecipient, tense: FoundTense): readonly string[] {
  return [
    ...contentsLines(recipient),
    ...(recipient.viruses ?? []).map((name) => `virus: ${visible(name)}`),
    ...bannedLines(recipient),
    ...(recipient.header_faults ?? []).map((fault) => `header fault: ${visible(fault)}`),
    ...scoreLines(recipient),
    ...copyLines(recipient, tense),
    ...noticeLines(recipient, tense),
  ];
}

/** The category that decided stands first; the others follow, the most important first. */
function contentsLines({ category, minor, contents = [] }: FoundRecipient): readonly string[] {
  const words = new Set([categoryName(category, minor)]);
  for (const each of contents) {
    // A category with a minor is in the list without one, too.
    const isSpecific = each.minor > 0 || !contents.some((other) => other.category === each.category && other.minor > 0);
    if (isSpecific && each.category !== "CC_CLEAN") words.add(categoryName(each.category, each.minor));
  }
  const isPlain = words.size === 1 && category === "CC_CLEAN";
  return isPlain ? [] : [`category: ${[...words].join(", ")}`];
}

function categoryName(category: Category, minor: number): string {
  return minor === 0 ? categories[category] : `${categories[category]} (minor ${minor})`;
}

function bannedLines({ banned }: FoundRecipient): readonly string[] {
  if (banned === undefined) return [];
  const { names, key, origin } = banned;
  const rule = `by ${visible(key)}${origin === undefined ? "" : ` at ${visible(origin)}`}`;
  const shown = names.slice(0, maxNames).map((name) => `banned: ${visible(name)}, ${rule}`);
  return names.length > maxNames ? [...shown, `banned: ${names.length - maxNames} more`] : shown;
}

const maxNames = 10;

function scoreLines({ score, tests = [], levels = {}, listed }: FoundRecipient): readonly string[] {
  if (score === undefined) return [];
  const { tag, tag2, kill } = levels;
  const known = Object.entries({ tag, tag2, kill }).flatMap(([name, level]) =>
    level === undefined ? [] : `${name} ${rounded(level)}`,
  );
  const list = listed === undefined ? "" : `, sender on a ${listed} list`;
  return [
    `spam score: ${rounded(score)}; levels: ${known.length === 0 ? "none" : known.join(", ")}${list}`,
    ...(tests.length === 0 ? [] : [`tests: ${testsWithin(tests)}`]),
  ];
}

function testsWithin(tests: readonly string[]): string {
  const shown = tests.slice(0, maxTests).map(visible).join(", ");
  return tests.length > maxTests ? `${shown}, and ${tests.length - maxTests} more` : shown;
}

const maxTests = 50;

function copyLines({ quarantine = [], copies_owed = [] }: FoundRecipient, tense: FoundTense): readonly string[] {
  const word = tense === "happened" ? "copy not kept" : "copy would be kept";
  return [
    ...quarantine.map((place) => (place === "hold" ? "held in the MTA's queue" : `copy kept: ${visible(place)}`)),
    ...copies_owed.map(
      ({ purpose, category, method, to }) =>
        `${word}: ${purpose} of ${categories[category]}, by ${visible(method)}${to === "" ? "" : ` to ${visible(to)}`}`,
    ),
  ];
}

function noticeLines(recipient: FoundRecipient, tense: FoundTense): readonly string[] {
  const { notices = [], no_dsn } = recipient;
  const lines = new Set(notices.flatMap((notice) => noticeTexts(notice, recipient, tense)));
  // Where no notification was tried, no notice says why.
  if (no_dsn !== undefined && !notices.some(({ kind }) => kind === "dsn"))
    for (const line of unsentLines(noticeNames.dsn, no_dsn)) lines.add(line);
  return [...lines];
}

function noticeTexts(
  { kind, result, reason }: Notice,
  recipient: FoundRecipient,
  tense: FoundTense,
): readonly string[] {
  const name = `${noticeNames[kind]}${addressOf(kind, recipient)}`;
  if (result === "sent") return [`${name}: ${tense === "happened" ? "sent" : "would be sent"}`];
  return unsentLines(name, reason);
}

function unsentLines(name: string, reason: string | undefined): readonly string[] {
  if (reason === undefined) return [`${name}: not sent`];
  return [`${name}: not sent, ${reason}`, ...meaningLines(wordOf("notice", reason))];
}

/** A notice does not say to whom it went: the address is known where only one is owed. */
function addressOf(kind: Notice["kind"], { notices_owed = [] }: FoundRecipient): string {
  const addresses = new Set(notices_owed.flatMap((owed) => (owed.kind === kind ? owed.to : [])));
  const [address, another] = addresses;
  return address === undefined || address === "" || another !== undefined ? "" : ` <${visible(address)}>`;
}

function rounded(points: number): string {
  return String(Number(points.toFixed(3)));
}
