// One measurement: a load on one port, and what the process behind it used for it.
import { setTimeout as sleep } from "node:timers/promises";
import type { Child } from "./child.ts";
import type { LoadOptions } from "./source.ts";
import { quantile } from "./source.ts";
import { cpuUsage, memory, resetPeak } from "./usage.ts";

export interface Measurement {
  readonly processMs: number;
  readonly mainMs: number;
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  readonly lateMs: number;
  readonly peakMb: number;
  readonly sent: number;
  /** Refused or broken off. */
  readonly failed: number;
  /** Of them those that got a reply that says no: work was done for them, as for those that were taken. */
  readonly refused: number;
}

/** CPU in milliseconds per message that was answered of the process `pid`, latencies as the source saw them. */
export async function measure(source: Child, pid: number, load: LoadOptions): Promise<Measurement> {
  resetPeak(pid);
  const before = cpuUsage(pid);
  const result = await source.call("load", load);
  // What is done after the last reply belongs to the mail, too: the log line, for one.
  await sleep(100);
  const after = cpuUsage(pid);
  const messages = Math.max(1, result.sent + result.refused);
  return {
    processMs: (after.processMs - before.processMs) / messages,
    mainMs: (after.mainMs - before.mainMs) / messages,
    perSecond: result.sent / result.seconds,
    p50: quantile(result.latenciesMs, 0.5),
    p99: quantile(result.latenciesMs, 0.99),
    max: result.latenciesMs.at(-1) ?? 0,
    lateMs: result.lateMs,
    peakMb: memory(pid).peakMb,
    sent: result.sent,
    failed: result.refused + result.broken,
    refused: result.refused,
  };
}

/** The middle one of several rounds, member by member: one round that a neighbour disturbed does not count. */
export function middle(rounds: readonly Measurement[]): Measurement {
  const of = (read: (round: Measurement) => number) =>
    quantile(
      rounds.map(read).sort((a, b) => a - b),
      0.5,
    );
  return {
    processMs: of((round) => round.processMs),
    mainMs: of((round) => round.mainMs),
    perSecond: of((round) => round.perSecond),
    p50: of((round) => round.p50),
    p99: of((round) => round.p99),
    max: of((round) => round.max),
    lateMs: of((round) => round.lateMs),
    peakMb: of((round) => round.peakMb),
    sent: rounds.reduce((sum, { sent }) => sum + sent, 0),
    failed: rounds.reduce((sum, { failed }) => sum + failed, 0),
    refused: rounds.reduce((sum, { refused }) => sum + refused, 0),
  };
}
