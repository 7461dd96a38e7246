// What every part of the measurements of growth is given, and how it goes through its cases.
import { referenceRsaMs, rsaSignMs } from "../load/bare.ts";
import type { Child } from "../load/child.ts";
import { type Measurement, measure, middle } from "../load/measure.ts";
import type { LoadOptions } from "../load/source.ts";
import type { Growth, Points } from "./curve.ts";

export interface Bench {
  readonly sink: Child;
  readonly source: Child;
  /** Signs, so that it is known how fast the machine is just now. */
  readonly bare: Child;
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
  /** By a function where no round may have the mail of another one. */
  readonly load: LoadOptions | (() => LoadOptions);
}

/**
 * Every case once a round, in turns, for the process `pid`; the first round warms up. The middle of each case, in
 * the order of the cases, its CPU as the machine would use it that signs in `referenceRsaMs`. Throws when a mail was
 * broken off, or refused where that does not count as an answer: what was not done must not be counted.
 */
export async function inTurns(
  { source, bare, rounds }: Pick<Bench, "source" | "bare" | "rounds">,
  pid: number,
  cases: readonly Case[],
  refusals: "fail" | "count" = "fail",
): Promise<readonly Measurement[]> {
  const measured = cases.map((): Measurement[] => []);
  let before = await rsaSignMs(bare);
  for (let round = -1; round < rounds; round += 1) {
    for (const [index, { x, load }] of cases.entries()) {
      const loadNow = () => measure(source, pid, typeof load === "function" ? load() : load);
      // A round begins with the smallest mail, and the first of it behind large mail is dearer than what follows.
      if (index === 0 && cases.length > 1) await loadNow();
      const result = await loadNow();
      const lost = refusals === "fail" ? result.failed : result.failed - result.refused;
      if (lost > 0) throw new Error(`${lost} mails failed at ${x}`);
      const after = await rsaSignMs(bare);
      const scale = (2 * referenceRsaMs) / (before + after);
      before = after;
      if (round < 0) continue;
      measured[index]?.push({ ...result, processMs: result.processMs * scale, mainMs: result.mainMs * scale });
    }
  }
  return measured.map(middle);
}

/** A number of each case against its x. */
export function pointsOf(
  cases: readonly Case[],
  results: readonly Measurement[],
  read: (result: Measurement) => number,
): Points {
  return cases.flatMap(({ x }, index) => {
    const result = results[index];
    return result === undefined ? [] : [[x, read(result)] as const];
  });
}

/**
 * Small mails that pass before the first round counts: V8 compiles for some 30,000 of them. After half as many what was
 * measured early was a fifth dearer than what came later, and no model can foresee that.
 */
const warmingUp = 30_000;

/** Lets V8 compile what the load makes use of; none of it counts. */
export async function warmUp({ source, scale }: Pick<Bench, "source" | "scale">, load: LoadOptions): Promise<void> {
  const { refused, broken, refusal } = await source.call("load", { ...load, messages: mails(warmingUp, scale) });
  if (refused + broken > 0) throw new Error(`${refused + broken} mails failed: ${refusal ?? "broken off"}`);
}

/** So many mails, at least `least`. */
export function mails(count: number, scale: number, least = 3): number {
  return Math.max(least, Math.round(count * scale));
}

/** One mail through `port`. Throws where what left does not show the work: numbers of work that was not done are worth nothing. */
export async function checkWork(
  { sink, source }: Pick<Bench, "sink" | "source">,
  port: number,
  content: Uint8Array,
  wanted: RegExp,
): Promise<void> {
  await sink.call("sink", { keep: true });
  await source.call("load", { port, content, messages: 1, connections: 1, reuse: true });
  const { last } = await sink.call("taken", null);
  await sink.call("sink", { keep: false });
  const header = Buffer.from(last ?? [])
    .toString("latin1")
    .split("\r\n\r\n")[0];
  if (!wanted.test(header ?? "")) throw new Error(`what left is not ${wanted}: ${header}`);
}
