// One daemon for as long as is wanted, an even load of mail of many kinds, one mail in a hundred with a fault of its
// client's, the next hop's, a scanner's, the shared cache's or the DNS's. Between two runs what the daemon holds is written
// down, so that what grows shows.
import { readdir, readFile } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import { freePort } from "../support/free-port.ts";
import { tryOf } from "../support/ledger.ts";
import { createRandom, type Random } from "../support/random.ts";
import { mark, type ScannerStage, startScannerStage } from "./scanner-stage.ts";
import type { Scenario } from "./stage.ts";

/** What the daemon holds while no mail is under way. */
export interface Held {
  readonly atSeconds: number;
  readonly mails: number;
  readonly heapBytes: number;
  readonly residentBytes: number;
  /** Resident beside what the main thread's heap has reserved: that one grows until it is collected, some minutes later. */
  readonly besideHeapBytes: number;
  readonly descriptors: number;
  readonly timers: number;
}

export interface SoakOptions {
  readonly minutes: number;
  /** Mails a second. */
  readonly rate: number;
  readonly seed: number;
  readonly print: (line: string) => void;
}

const mailsPerRun = 200;
const faultOneIn = 100;
const infectedOneIn = 20;
const isInfected = (id: number): boolean => id % infectedOneIn === 0;

export async function soak({ minutes, rate, seed, print }: SoakOptions): Promise<readonly Held[]> {
  const metricsPort = await freePort();
  // A machine so busy that a mail is not looked into in time must not look like one that changes headers.
  const scanners = await startScannerStage(
    seed,
    `metrics: { listen: "127.0.0.1:${metricsPort}" }\nundecipherable_subject_tag: ""`,
  );
  const { stage } = scanners;
  const random = createRandom(seed);
  const held: Held[] = [];
  try {
    const startedAt = performance.now();
    const seconds = () => (performance.now() - startedAt) / 1000;
    misbehave(scanners, random);
    let mails = 0;
    while (seconds() < minutes * 60) {
      const { acked, tries } = await stage.run(evenLoad(scanners, mails, rate));
      mails += acked;
      for (const fake of [...stage.hops, scanners.clamd, scanners.spamd]) fake.forget();
      const now = { atSeconds: Math.round(seconds()), mails, ...(await look(stage.daemon.pid, metricsPort)) };
      held.push(now);
      print(
        `${now.atSeconds} s: ${mails} mails (${tries} tries in this run), heap ${mb(now.heapBytes)}, memory ${mb(now.residentBytes)} (${mb(now.besideHeapBytes)} beside the heap), ` +
          `${now.descriptors} descriptors, ${now.timers} timers`,
      );
    }
  } finally {
    await scanners.close();
  }
  return held;
}

const mb = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MB`;

function evenLoad({ stage }: ScannerStage, done: number, rate: number): Scenario {
  let next = performance.now();
  return {
    name: "an even load",
    count: mailsPerRun,
    port: "incoming",
    infected: isInfected,
    content(id) {
      // No two are alike: verdicts are remembered.
      const fields = `X-Number: ${done + id}\r\n${isInfected(id) ? `${mark}\r\n` : ""}`;
      return Buffer.concat([Buffer.from(fields), stage.contents[id % stage.contents.length] ?? Buffer.alloc(0)]);
    },
    async pace() {
      next += 1000 / rate;
      await setTimeout(Math.max(0, next - performance.now()));
    },
    client: (_, random) =>
      random.oneIn(faultOneIn) ? random.pick(["reset-in-data", "fin-in-data", "vanish-after-dot", "split"]) : undefined,
    hop: (step, { random }) =>
      step.stage === "dot" && tryOf(step.line) === 1 && random.oneIn(faultOneIn)
        ? random.pick([{ end: "close" }, { end: "reset" }, "451 4.3.0 later"] as const)
        : undefined,
  };
}

function misbehave({ stage, clamd, spamd, redis }: ScannerStage, random: Random): void {
  const seldom = () => random.oneIn(faultOneIn);
  const { script } = clamd;
  clamd.script = (mail) => (seldom() ? random.pick(["close", "reset", { raw: "\0what?\0" }] as const) : script(mail));
  spamd.script = () => (seldom() ? random.pick(["close", "SPAMD/9 what?\r\n"] as const) : undefined);
  redis.fault = () => (seldom() ? random.pick(["close", "garbage", { error: "OOM" }] as const) : "none");
  stage.filter.dns.fault = () => (seldom() ? random.pick(["drop", "servfail", "garbage"] as const) : "none");
}

async function look(pid: number, metricsPort: number): Promise<Omit<Held, "atSeconds" | "mails">> {
  const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  const value = (name: string) =>
    Number(
      text
        .split("\n")
        .find((line) => line.startsWith(`${name} `))
        ?.split(" ")[1] ?? 0,
    );
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  const residentBytes = Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
  return {
    heapBytes: value("nodejs_heap_size_used_bytes"),
    residentBytes,
    besideHeapBytes: residentBytes - value("nodejs_heap_size_total_bytes"),
    descriptors: (await readdir(`/proc/${pid}/fd`)).length,
    timers: value('nodejs_active_resources{type="Timeout"}'),
  };
}

/** What each may differ by between the third and the last quarter: one connection more or less is no growth. */
const slack = { heapBytes: 4 * 2 ** 20, besideHeapBytes: 8 * 2 ** 20, descriptors: 10, timers: 10 } as const;

/**
 * Names what the last quarter has more of than the third. Heaps are compared where they are lowest, just after garbage
 * was collected, since resident memory follows them with a delay; all else by its median.
 */
export function whatGrew(held: readonly Held[]): readonly string[] {
  const quarter = Math.floor(held.length / 4);
  if (quarter === 0) return [];
  const third = held.slice(2 * quarter, 3 * quarter);
  const last = held.slice(3 * quarter);
  const middle = (of: readonly number[]) => of.toSorted((a, b) => a - b)[Math.floor(of.length / 2)] ?? 0;
  return (Object.keys(slack) as (keyof typeof slack)[]).flatMap((key) => {
    const typical = key === "heapBytes" ? (of: readonly number[]) => Math.min(...of) : middle;
    const [before, after] = [typical(third.map((each) => each[key])), typical(last.map((each) => each[key]))];
    return after - before > slack[key] ? [`${key}: ${before}, then ${after}`] : [];
  });
}
