// One mail and the spam scanners: all are asked, and what they say is added up, as amavisd does.
import type { SpamFound } from "../mail/content.ts";
import type { SpamScan } from "./spam-question.ts";
import { type ScannerTrouble, troubleText } from "./trouble.ts";

/** A scanner as it is asked about the mail at hand. Never rejects. */
export interface AskedSpamScanner {
  readonly name: string;
  /** Scores are multiplied by it (score_factor). */
  readonly factor: number;
  ask(): Promise<SpamScan | ScannerTrouble>;
}

export interface SpamScore {
  readonly found: SpamFound;
  /** From this score on the scanners themselves take a mail for spam; absent without a score. */
  readonly required?: number;
  /** All of them answered. */
  readonly isWhole: boolean;
}

/** One that does not answer is left out of the sum; without any answer there is no score. */
export async function scoreBySpamScanners(scanners: readonly AskedSpamScanner[]): Promise<SpamScore> {
  const outcomes = await Promise.all(scanners.map(async (scanner) => ({ scanner, outcome: await scanner.ask() })));
  const scans = outcomes.flatMap(({ scanner, outcome }) => ("trouble" in outcome ? [] : [scaled(scanner, outcome)]));
  const troubles = outcomes.flatMap(({ scanner, outcome }) =>
    "trouble" in outcome ? [{ name: scanner.name, text: troubleText(outcome) }] : [],
  );
  const [first] = scans;
  if (first === undefined) {
    return {
      found: {
        tests: [],
        scanner: troubles.map(({ name }) => name).join(", "),
        failure: failureText(troubles),
        cached: false,
      },
      isWhole: false,
    };
  }
  const { autolearn, action } = first.scan;
  const found: SpamFound = {
    score: sum(scans.map(({ scan }) => scan.score)),
    tests: scans.flatMap(({ scan }) => scan.tests),
    scanner: scans.map(({ name }) => name).join(", "),
    ...(autolearn !== undefined && { autolearn }),
    ...(action !== undefined && { action }),
    ...(troubles.length > 0 && {
      unanswered: troubles.map(({ name, text }) => ({ scanner: name, result: "failed", detail: [text] })),
    }),
    cached: false,
  };
  return { found, required: sum(scans.map(({ scan }) => scan.required)), isWhole: troubles.length === 0 };
}

function scaled(
  { name, factor }: AskedSpamScanner,
  scan: SpamScan,
): { readonly name: string; readonly scan: SpamScan } {
  if (factor === 1) return { name, scan };
  const tests = scan.tests.map((test) =>
    test.score === undefined ? test : { ...test, score: rounded(test.score * factor) },
  );
  return {
    name,
    scan: { ...scan, score: rounded(scan.score * factor), required: rounded(scan.required * factor), tests },
  };
}

/** One alone needs no name in front. */
function failureText(troubles: readonly { readonly name: string; readonly text: string }[]): string {
  const [first, ...others] = troubles;
  if (first === undefined) return "no spam scanner is configured";
  return others.length === 0 ? first.text : troubles.map(({ name, text }) => `${name}: ${text}`).join("; ");
}

function sum(numbers: readonly number[]): number {
  return rounded(numbers.reduce((total, number) => total + number, 0));
}

/** Scores are written with three decimals; 0.1 + 0.2 is 0.3. */
function rounded(score: number): number {
  return Math.round(score * 1000) / 1000;
}
