// What looked into a mail and what it said, for the whole mail: why it is unchecked, which scanner answered or failed, what was
// remembered. What that means for each recipient stands in the recipient's record.
import type { ContentFacts, ScannerAnswer, SpamFound, Unchecked } from "../../mail/content.ts";
import { scannerTroubles } from "../../scanners/trouble.ts";

export interface ScanRecord {
  /** How many parts were found; absent where the mail was not taken apart. */
  readonly parts?: number;
  /** Why the mail cannot be said to be looked through. */
  readonly unchecked?: readonly Unchecked[];
  readonly virus?: { readonly answers: readonly ScannerAnswer[]; readonly failed: boolean; readonly cached: boolean };
  readonly spam?: Pick<SpamFound, "score" | "scanner" | "action" | "failure" | "unanswered" | "cached">;
}

/** Reasons and answers that are kept of a mail. */
const maxKept = 10;

/** Undefined where nothing looked into the mail. */
export function scanRecord({ parts, virus, spam, spamByUser }: ContentFacts): ScanRecord | undefined {
  if (parts === undefined && virus === undefined && spam === undefined) return undefined;
  const record: Draft<ScanRecord> = {};
  if (parts !== undefined) record.parts = parts.parts.length;
  if (parts !== undefined && parts.unchecked.length > 0) record.unchecked = atMost(maxKept, parts.unchecked);
  if (virus !== undefined) {
    const { answers, failed, cached } = virus;
    record.virus = { answers: atMost(maxKept, answers), failed, cached };
  }
  if (spam !== undefined) record.spam = spamOf(tellingOf(spam, spamByUser));
  return record;
}

/** Of what was said by the rules of several users: what failed, else the first. */
function tellingOf(first: SpamFound, others: ContentFacts["spamByUser"] = []): SpamFound {
  const all = [first, ...others.map(({ spam }) => spam)];
  return all.find(({ failure, unanswered }) => (failure ?? unanswered) !== undefined) ?? first;
}

type Draft<T> = { -readonly [K in keyof T]: T[K] };

function atMost<T>(most: number, list: readonly T[]): readonly T[] {
  return list.length <= most ? list : list.slice(0, most);
}

function spamOf({ score, scanner, action, failure, unanswered, cached }: SpamFound): NonNullable<ScanRecord["spam"]> {
  const record: Draft<NonNullable<ScanRecord["spam"]>> = { scanner, cached };
  if (score !== undefined) record.score = score;
  if (action !== undefined) record.action = action;
  if (failure !== undefined) record.failure = failure;
  if (unanswered !== undefined) record.unanswered = atMost(maxKept, unanswered);
  return record;
}

/** Scanners that did not answer, each with the word that says why: "ClamAV(timeout)". */
export function failedScanners({ virus, spam }: ScanRecord): readonly string[] {
  const answers = [...(virus?.answers ?? []), ...(spam?.unanswered ?? [])];
  const failed = answers.filter(({ result }) => result === "failed");
  return [
    ...failed.map(({ scanner, detail: [why = ""] }) => `${scanner}${troubleWord(why)}`),
    ...(spam?.failure === undefined ? [] : [`${spam.scanner}${troubleWord(spam.failure)}`]),
  ];
}

/** Of "timeout: no answer within 30 s". Where several spam scanners failed, each with its name, there is none. */
function troubleWord(text: string): string {
  const word = text.slice(0, text.indexOf(":"));
  return scannerTroubles.some((trouble) => trouble === word) ? `(${word})` : "";
}
