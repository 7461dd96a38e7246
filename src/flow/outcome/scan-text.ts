// What looked into a mail and what it said, as lines for a terminal: for `why` and `check`.
import { meaningLines, wordOf } from "../words/all-words.ts";
import { visible } from "./log-line.ts";
import type { ScanRecord } from "./scan-record.ts";

/** One fact a line; none where nothing looked into the mail and found nothing to say. */
export function scanLines(record: ScanRecord | undefined): readonly string[] {
  if (record === undefined) return [];
  const { unchecked = [], virus, spam } = record;
  return [
    ...unchecked.flatMap(({ reason, path, detail }) => [
      `unchecked, ${reason}: ${visible(detail)}${path === undefined ? "" : ` (part ${path})`}`,
      ...meaningLines(wordOf("unchecked", reason)),
    ]),
    ...(virus?.answers ?? []).map(
      ({ scanner, result, detail }) =>
        `virus scan by ${visible(scanner)}: ${result}${detail.length === 0 ? "" : `, ${detail.map(visible).join(", ")}`}${remembered(virus)}`,
    ),
    ...(virus?.failed === true ? ["no virus scanner answered: the mail is unchecked"] : []),
    ...(spam === undefined ? [] : [spamLine(spam)]),
    ...(spam?.unanswered ?? []).map(
      ({ scanner, detail }) =>
        `spam scan by ${visible(scanner)}: missing in the score, ${detail.map(visible).join(", ")}`,
    ),
  ];
}

function spamLine(spam: NonNullable<ScanRecord["spam"]>): string {
  const { scanner, score, action, failure } = spam;
  const by = `spam scan by ${visible(scanner)}`;
  if (score === undefined) return `${by}: no score, ${visible(failure ?? "no answer")}`;
  return `${by}: ${Number(score.toFixed(3))}${action === undefined ? "" : `, ${visible(action)}`}${remembered(spam)}`;
}

function remembered(found: { readonly cached: boolean } | undefined): string {
  return found?.cached === true ? " (cached)" : "";
}
