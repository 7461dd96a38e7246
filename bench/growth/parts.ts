// What every part of the measurements of growth is given, and how it goes through its cases.
import type { Child } from "../load/child.ts";
import { type Measurement, measure, middle } from "../load/measure.ts";
import type { LoadOptions } from "../load/source.ts";
import type { Growth } from "./curve.ts";

export interface Bench {
  readonly sink: Child;
  readonly source: Child;
  /** Where `sink` takes mail. */
  readonly nextHopPort: number;
  readonly rounds: number;
  /** Scales the number of mails. */
  readonly scale: number;
  readonly say: (line: string) => void;
}

export type Part = (bench: Bench) => Promise<Growth>;

/** A load and the number it is drawn at. */
export interface Case {
  readonly x: number;
  readonly load: LoadOptions;
}

/**
 * Every case once a round, in turns, for the process `pid`; the first round warms up. The middle of each case, in
 * the order of the cases. Throws when a mail was refused or broken off: what was not done must not be counted.
 */
export async function inTurns(
  { source, rounds }: Pick<Bench, "source" | "rounds">,
  pid: number,
  cases: readonly Case[],
): Promise<readonly Measurement[]> {
  const measured = cases.map((): Measurement[] => []);
  for (let round = -1; round < rounds; round += 1) {
    for (const [index, { x, load }] of cases.entries()) {
      const result = await measure(source, pid, load);
      if (result.failed > 0) throw new Error(`${result.failed} mails failed at ${x}`);
      if (round >= 0) measured[index]?.push(result);
    }
  }
  return measured.map(middle);
}

/** So many mails, at least `least`. */
export function mails(count: number, scale: number, least = 3): number {
  return Math.max(least, Math.round(count * scale));
}
