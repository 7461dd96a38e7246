// One mail and the virus scanners: all primary ones, then those in reserve; what they say becomes one finding.
import type { ScannerAnswer, VirusFound } from "../mail/content.ts";
import type { Scan } from "./clamd.ts";
import { type ScannerTrouble, troubleText } from "./trouble.ts";

/** A scanner as it is asked about the mail at hand. Never rejects. */
export interface AskedScanner {
  readonly name: string;
  ask(): Promise<Scan | ScannerTrouble>;
}

/** "first-infected": in turn, until one finds something (first_infected_stops_scan). */
export type ScanOrder = "all" | "first-infected";

/**
 * As amavisd: all primary scanners, and only where none of them answers those in reserve. A scanner that failed is no matter
 * while another one answers.
 */
export async function scanForViruses(
  primary: readonly AskedScanner[],
  backup: readonly AskedScanner[],
  order: ScanOrder,
): Promise<VirusFound> {
  const first = await askRow(primary, order);
  const answers = first.some(hasAnswered) ? first : [...first, ...(await askRow(backup, order))];
  const names = answers.flatMap(({ result, detail }) => (result === "infected" ? detail : []));
  return { names: [...new Set(names)], answers, failed: !answers.some(hasAnswered), cached: false };
}

async function askRow(scanners: readonly AskedScanner[], order: ScanOrder): Promise<readonly ScannerAnswer[]> {
  if (order === "all") return Promise.all(scanners.map(answerOf));
  const answers: ScannerAnswer[] = [];
  for (const scanner of scanners) {
    const answer = await answerOf(scanner);
    answers.push(answer);
    if (answer.result === "infected") break;
  }
  return answers;
}

async function answerOf({ name, ask }: AskedScanner): Promise<ScannerAnswer> {
  const outcome = await ask();
  if ("trouble" in outcome) return { scanner: name, result: "failed", detail: [troubleText(outcome)] };
  return { scanner: name, result: outcome.result, detail: outcome.result === "infected" ? outcome.names : [] };
}

function hasAnswered({ result }: ScannerAnswer): boolean {
  return result !== "failed";
}
