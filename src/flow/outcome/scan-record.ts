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
  readonly spam?: Pick<SpamFound, "score" | "scanner" | "action" | "failure" | "cached">;
}

/** Reasons and answers that are kept of a mail. */
const maxKept = 10;

/** Undefined where nothing looked into the mail. */
export function scanRecord({ parts, virus, spam }: ContentFacts): ScanRecord | undefined {
  if (parts === undefined && virus === undefined && spam === undefined) return undefined;
  return {
    ...(parts === undefined ? {} : { parts: parts.parts.length }),
    ...(parts === undefined || parts.unchecked.length === 0 ? {} : { unchecked: parts.unchecked.slice(0, maxKept) }),
    ...(virus === undefined
      ? {}
      : { virus: { answers: virus.answers.slice(0, maxKept), failed: virus.failed, cached: virus.cached } }),
    ...(spam === undefined ? {} : { spam: spamOf(spam) }),
  };
}

function spamOf({ score, scanner, action, failure, cached }: SpamFound): NonNullable<ScanRecord["spam"]> {
  return {
    scanner,
    cached,
    ...(score === undefined ? {} : { score }),
    ...(action === undefined ? {} : { action }),
    ...(failure === undefined ? {} : { failure }),
  };
}

/** Scanners that did not answer, each with the word that says why: "ClamAV(timeout)". */
export function failedScanners({ virus, spam }: ScanRecord): readonly string[] {
  const failed = (virus?.answers ?? []).filter(({ result }) => result === "failed");
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
