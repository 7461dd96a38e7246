// All cores against one: mails a second of the filter, its source and its sink on all cores, against the same on one core
// with one worker. What is not the filter's is in both alike. On all cores with as many workers as the filter has by
// itself.
import { execFileSync } from "node:child_process";
import { cpus } from "node:os";
import { workerThreads } from "../../src/daemon/part-options.ts";
import { type Child, startChild } from "../load/child.ts";
import { type Filter, startFilter } from "../load/filter.ts";
import { measure } from "../load/measure.ts";
import type { LoadOptions } from "../load/source.ts";
import { cpuUsage } from "../load/usage.ts";
import { messageOf, onTheWire } from "../messages.ts";
import type { Fact, Growth } from "./curve.ts";
import { names } from "./model.ts";
import { type Bench, mails } from "./parts.ts";

/** RSA-2048 is everyday's; with RSA-4096 nearly all of the work is the workers', of verifying most is the main thread's. */
const loads = [
  { name: "RSA-2048", work: "sign-rsa", bits: 2048 },
  { name: "verify", work: "verify", bits: 2048 },
  { name: "RSA-4096", work: "sign-rsa", bits: 4096 },
] as const satisfies readonly CoresLoad[];

/** With 64 a tenth of the cores has nothing to do now and then, all mail being at the workers or none; with 128 half of that. */
const connections = 128;

export interface Run {
  readonly perSecond: number;
  readonly processMs: number;
  /** CPU of source and sink, per mail. */
  readonly loadMs: number;
}

interface CoresLoad {
  readonly name: string;
  readonly work: "sign-rsa" | "verify";
  readonly bits: number;
}

interface Setup {
  readonly name: string;
  readonly threads: number;
  readonly cores: number;
}

export async function cores(bench: Bench): Promise<Growth> {
  const count = cpus().length;
  const workers = workerThreads(null);
  const setups: readonly Setup[] = [
    { name: "one core", threads: 1, cores: 1 },
    { name: `${count} cores, ${workers} worker${workers === 1 ? "" : "s"}`, threads: workers, cores: count },
  ];
  const facts: Fact[] = [];
  try {
    for (const load of loads) {
      bench.say(`${load.name}: ${setups.map(({ name }) => name).join("; ")}`);
      const runs = await runsOf(bench, load, setups);
      const one = runs[0];
      if (load.work === "sign-rsa") facts.push(await bare(load.bits));
      if (one !== undefined)
        facts.push(...setups.flatMap((setup, index) => factsOf(load.name, setup, one, runs[index] ?? one)));
    }
  } finally {
    for (const { pid } of [bench.sink, bench.source]) pin(pid, count);
  }
  return { title: "All cores against one, 10 kB", against: "cores", curves: [], facts };
}

/** All setups in turns; of each the run in the middle. */
async function runsOf(bench: Bench, load: CoresLoad, setups: readonly Setup[]): Promise<readonly Run[]> {
  const { work, bits } = load;
  const filters: Filter[] = [];
  try {
    for (const { threads, cores } of setups) {
      const prefix = ["taskset", "-c", coreList(cores)];
      filters.push(await startFilter({ nextHopPort: bench.nextHopPort, rsaBits: bits, threads, prefix }));
    }
    const runs = setups.map((): Run[] => []);
    for (let round = -1; round < Math.max(3, bench.rounds); round += 1) {
      for (const [index, { cores }] of setups.entries()) {
        for (const { pid } of [bench.sink, bench.source]) pin(pid, cores);
        const filter = filters[index];
        if (filter === undefined) continue;
        const plain = messageOf(10_000);
        const run = await runOn(bench, filter, {
          port: filter.ports[work],
          content: onTheWire(work === "verify" ? filter.signed(plain, "rsa") : plain),
          messages: mails(messagesOf(bits, round), bench.scale),
        });
        if (round >= 0) runs[index]?.push(run);
      }
    }
    return runs.map(middleRun);
  } finally {
    for (const filter of filters) await filter.stop();
  }
}

/** The first round is for V8, which compiles for some 30,000 mails. */
function messagesOf(bits: number, round: number): number {
  if (bits > 2048) return 800;
  return round < 0 ? 40_000 : 6000;
}

function factsOf(what: string, setup: Setup, one: Run, run: Run): readonly Fact[] {
  const name = `${what}, ${setup.name}`;
  const facts: readonly Fact[] = [
    { what: name, value: run.perSecond, unit: "mails/s" },
    { what: "… filter", value: run.processMs, unit: "CPU ms a mail" },
    { what: "… source and sink", value: run.loadMs, unit: "CPU ms a mail" },
  ];
  if (setup.cores === 1) return facts;
  return [
    ...facts,
    { what: "… against one core", value: run.perSecond / one.perSecond, unit: "x" },
    { what: names.inUse(what), value: 100 * inUse(run, setup.cores), unit: "%" },
  ];
}

/** The part of so many cores, 0 to 1, that filter, source and sink used. */
export function inUse({ perSecond, processMs, loadMs }: Run, cores: number): number {
  return (perSecond * (processMs + loadMs)) / 1000 / cores;
}

/**
 * What the machine itself makes of its cores: bare RSA in a process for each, against one alone. Where cores share
 * what they compute with, or others use them, it is less than their number, and no filter can do better.
 */
async function bare(bits: number): Promise<Fact> {
  const children = cpus().map(() => startChild());
  try {
    const sign = (child: Child) =>
      child.call("arithmetic", {
        what: "sign",
        algorithm: "rsa",
        bits,
        bytes: 2000,
        rounds: bits === 2048 ? 2000 : 400,
      });
    const ratios: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      const [first] = children;
      const alone = first === undefined ? 0 : await sign(first);
      const together = await Promise.all(children.map(sign));
      ratios.push(together.reduce((sum, ms) => sum + alone / ms, 0));
    }
    ratios.sort((a, b) => a - b);
    return { what: `RSA-${bits} bare, ${cpus().length} processes against one`, value: ratios[1] ?? 0, unit: "x" };
  } finally {
    for (const child of children) child.stop();
  }
}

/** Such mail by `connections` that never rest, and what the helpers of `bench` used for it. Throws when a mail failed. */
export async function runOn(
  { sink, source }: Bench,
  { pid }: Pick<Filter, "pid">,
  load: Pick<LoadOptions, "port" | "content" | "messages">,
): Promise<Run> {
  const used = () => cpuUsage(sink.pid).processMs + cpuUsage(source.pid).processMs;
  const before = used();
  const result = await measure(source, pid, { ...load, connections, reuse: true });
  if (result.failed > 0) throw new Error(`${result.failed} mails failed`);
  return { ...result, loadMs: (used() - before) / result.sent };
}

/** The whole of one run, so that its figures belong together: that of the middle by mails a second. */
export function middleRun(runs: readonly Run[]): Run {
  const sorted = runs.toSorted((a, b) => a.perSecond - b.perSecond);
  const middle = sorted[Math.floor((sorted.length - 1) / 2)];
  if (middle === undefined) throw new Error("nothing was measured");
  return middle;
}

function pin(pid: number, cores: number): void {
  execFileSync("taskset", ["-a", "-cp", coreList(cores), String(pid)], { stdio: "ignore" });
}

function coreList(cores: number): string {
  return `0-${cores - 1}`;
}
