// All cores against one: mails a second of the filter, its source and its sink on all cores, with as many workers as the
// filter has by itself, against the same on one core, with one worker. What is not the filter's is in both alike.
import { execFileSync } from "node:child_process";
import { cpus } from "node:os";
import { defaultThreads } from "../../src/generation.ts";
import { startFilter } from "../load/filter.ts";
import { measure } from "../load/measure.ts";
import { cpuUsage } from "../load/usage.ts";
import { messageOf, onTheWire } from "../messages.ts";
import type { Fact, Growth } from "./curve.ts";
import { type Bench, mails } from "./parts.ts";

/** RSA-2048 is everyday's; with RSA-4096 nearly all of the work is the workers'. */
const keys = [2048, 4096] as const;

interface Run {
  readonly perSecond: number;
  readonly processMs: number;
  readonly mainMs: number;
  /** CPU of source and sink, per mail. */
  readonly loadMs: number;
}

export async function cores(bench: Bench): Promise<Growth> {
  const facts: Fact[] = [];
  const all = `0-${cpus().length - 1}`;
  try {
    for (const bits of keys) {
      bench.say(`RSA-${bits}, one core and ${cpus().length}`);
      const runs: Record<"one" | "all", Run[]> = { one: [], all: [] };
      const pinned = await startFilter({
        nextHopPort: bench.nextHopPort,
        rsaBits: bits,
        threads: 1,
        prefix: ["taskset", "-c", "0"],
      });
      const free = await startFilter({ nextHopPort: bench.nextHopPort, rsaBits: bits, threads: defaultThreads() });
      try {
        for (let round = -1; round < Math.max(3, bench.rounds); round += 1) {
          for (const [name, filter, place] of [
            ["one", pinned, "0"],
            ["all", free, all],
          ] as const) {
            for (const { pid } of [bench.sink, bench.source]) pin(pid, place);
            const run = await runOn(bench, filter, mails(bits === 2048 ? 4000 : 1600, bench.scale));
            if (round >= 0) runs[name].push(run);
          }
        }
      } finally {
        await pinned.stop();
        await free.stop();
      }
      facts.push(...factsOf(bits, middleRun(runs.one), middleRun(runs.all)));
    }
  } finally {
    for (const { pid } of [bench.sink, bench.source]) pin(pid, all);
  }
  return { title: "Both cores against one, 10 kB, signed", against: "cores", curves: [], facts };
}

function factsOf(bits: number, one: Run, both: Run): readonly Fact[] {
  const name = `RSA-${bits}`;
  const count = cpus().length;
  return [
    { what: `${name}: all on one core`, value: one.perSecond, unit: "mails/s" },
    { what: `${name}: all on ${count} cores`, value: both.perSecond, unit: "mails/s" },
    { what: `${name}: as measured`, value: both.perSecond / one.perSecond, unit: "x one core" },
    { what: `${name}: filter, on one core`, value: one.processMs, unit: "CPU ms a mail" },
    { what: `${name}: filter, on ${count} cores`, value: both.processMs, unit: "CPU ms a mail" },
    { what: `${name}: source and sink beside it`, value: both.loadMs, unit: "CPU ms a mail" },
    {
      what: `${name}: of the filter's CPU alone, were no core another's`,
      value: alone(both, count) / alone(one, 1),
      unit: "x one core",
    },
  ];
}

/** Mails a second when all cores are the filter's: bounded by its CPU, and by its main thread, which is on one core. */
function alone({ processMs, mainMs }: Run, count: number): number {
  return Math.min((count * 1000) / processMs, 1000 / mainMs);
}

async function runOn(bench: Bench, filter: Awaited<ReturnType<typeof startFilter>>, messages: number): Promise<Run> {
  const helpers = [bench.sink.pid, bench.source.pid];
  const used = () => helpers.reduce((sum, pid) => sum + cpuUsage(pid).processMs, 0);
  const before = used();
  const result = await measure(bench.source, filter.pid, {
    port: filter.ports["sign-rsa"],
    content: onTheWire(messageOf(10_000)),
    messages,
    connections: 64,
    reuse: true,
  });
  if (result.failed > 0) throw new Error(`${result.failed} mails failed`);
  return { ...result, loadMs: (used() - before) / result.sent };
}

/** The whole of one run, so that its figures belong together: that of the middle by mails a second. */
function middleRun(runs: readonly Run[]): Run {
  const sorted = runs.toSorted((a, b) => a.perSecond - b.perSecond);
  const middle = sorted[Math.floor((sorted.length - 1) / 2)];
  if (middle === undefined) throw new Error("nothing was measured");
  return middle;
}

function pin(pid: number, place: string): void {
  execFileSync("taskset", ["-a", "-cp", place, String(pid)], { stdio: "ignore" });
}
