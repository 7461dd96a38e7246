// What is measured: works, sizes, keys and ways of connecting, each in rounds that take turns, so that every ratio is of
// numbers from the same minutes on the same machine.
import { rsaSignMs } from "./load/bare.ts";
import { type Child, startChild } from "./load/child.ts";
import { compile } from "./load/compile.ts";
import { type Filter, startFilter, type Work } from "./load/filter.ts";
import { type Measurement, measure, middle } from "./load/measure.ts";
import { quantile } from "./load/source.ts";
import { memory } from "./load/usage.ts";
import { messageOf, onTheWire } from "./messages.ts";

/** Beside what the filter does: a process that copies octets, and the source straight at the sink. */
type BenchWork = Work | "forward" | "sink";

export interface Row extends Measurement {
  readonly name: string;
  readonly work: BenchWork;
  readonly algorithm: "rsa" | "ed25519" | "none";
  readonly bytes: number;
  /** Many mails on a connection, or one. */
  readonly reuse: boolean;
}

/** The CPU of a mail against that of a bare RSA-2048 signature just before and after: each round has a ratio, the middle one counts. */
export interface RatedRow extends Row {
  readonly timesRsa: number;
  readonly mainTimesRsa: number;
}

export interface RateRow extends Row {
  readonly ratePerSecond: number;
}

/** CPU milliseconds of what no filter can do without, by the same clock in the same minutes. */
export interface Floor {
  readonly rsaSign: number;
  readonly rsaVerify: number;
  readonly ed25519Sign: number;
  readonly ed25519Verify: number;
  /** SHA-256 of 10 kB, and of 10 MB. */
  readonly hash10k: number;
  readonly hash10M: number;
}

export interface SuiteResult {
  readonly floor: Floor;
  readonly idleMb: number;
  readonly rows: readonly RatedRow[];
  readonly rates: readonly RateRow[];
  readonly crowd: Measurement;
  readonly crowdSeconds: number;
  readonly large: { readonly peakMb: number; readonly failed: number };
  readonly delay: { readonly p99: number; readonly max: number };
  /** Resident memory after all of it. */
  readonly afterMb: number;
}

export interface SuiteOptions {
  readonly rounds: number;
  /** Scales the number of mails. */
  readonly scale: number;
  /** Whether the next hop offers BDAT. */
  readonly chunking: boolean;
  readonly say: (line: string) => void;
}

interface Case {
  readonly name: string;
  readonly work: BenchWork;
  readonly algorithm: "rsa" | "ed25519" | "none";
  readonly bytes: number;
  readonly reuse: boolean;
}

const sizes = [1_500, 10_000, 100_000, 10_000_000] as const;

export function casesOf(): readonly Case[] {
  const cases: Case[] = [];
  for (const bytes of sizes) {
    for (const reuse of bytes > 1_000_000 ? [true] : [true, false]) {
      const add = (work: Case["work"], algorithm: Case["algorithm"]) =>
        cases.push({
          name: `${work === "verify" ? `verify ${algorithm}` : work} ${sizeText(bytes)} ${reuse ? "kept" : "new"}`,
          work,
          algorithm,
          bytes,
          reuse,
        });
      add("sink", "none");
      add("forward", "none");
      add("pass", "none");
      add("sign-rsa", "rsa");
      add("sign-ed25519", "ed25519");
      add("verify", "rsa");
      add("verify", "ed25519");
    }
  }
  return cases;
}

export function sizeText(bytes: number): string {
  return bytes >= 1_000_000 ? `${bytes / 1_000_000} MB` : `${bytes / 1000} kB`;
}

/** Of each size two ways of connecting, of large mail one. */
const casesPerSize = 14;

/** Work that is not counted, before the first case of a size. */
function settling({ bytes }: Case): Case {
  return { name: "settling", work: "sign-rsa", algorithm: "rsa", bytes, reuse: true };
}

/** Mails of one round: a third of a second's, or a collection more or less shows. */
function messagesOf(bytes: number, scale: number): number {
  const messages = bytes > 1_000_000 ? 8 : bytes > 50_000 ? 500 : 1500;
  return Math.max(4, Math.round(messages * scale));
}

/**
 * So many times the mails of a round before the first one, of small mail: V8 goes on compiling for some 30,000 mails, by
 * which it takes 50 to 150 us of each on helper threads, and a mail server's filter has had its first 30,000 long ago.
 */
const warmUpTimes = 5;

/** A neighbour of the machine that takes a core for 10 ms is the p99 of a round at 20/s. */
const rateRounds = 3;
const crowdSize = 1000;
/** The first crowd after minutes of little mail takes a quarter longer than those behind it. */
const crowdRounds = 5;

function warmUpOf(bytes: number, scale: number): number {
  return messagesOf(bytes, scale) * (bytes > 50_000 ? 1 : warmUpTimes);
}

export async function runSuite({ rounds, scale, chunking, say }: SuiteOptions): Promise<SuiteResult> {
  const children = [startChild(), startChild(), startChild(), startChild()] as const;
  const [sink, source, forwarder, bare] = children;
  const nextHopPort = await sink.call("sink", { keep: false, chunking });
  const forwardPort = await forwarder.call("forward", { toPort: nextHopPort });
  const filter = await startFilter({ nextHopPort });
  const idle = await idleMemory(nextHopPort);
  try {
    /** Who is asked to do it, and whose CPU is counted for it. */
    const targetOf = (work: BenchWork) => {
      if (work === "sink") return { port: nextHopPort, pid: sink.pid };
      if (work === "forward") return { port: forwardPort, pid: forwarder.pid };
      return { port: filter.ports[work], pid: filter.pid };
    };
    const contents = new Map<string, Uint8Array>();
    const loadOf = ({ work, algorithm, bytes, reuse }: Case, connections = 16) => ({
      port: targetOf(work).port,
      content: contentOf(filter, contents, work, algorithm, bytes),
      messages: messagesOf(bytes, scale),
      connections: bytes > 1_000_000 ? 4 : connections,
      reuse,
    });

    const cases = casesOf();
    const measured = new Map<Case, Rated[]>(cases.map((each) => [each, []]));
    const floors: Floor[] = [];
    for (let round = -1; round < rounds; round += 1) {
      say(round < 0 ? "warming up" : `round ${round + 1} of ${rounds}`);
      await sink.call("sink", { keep: round < 0 });
      let rsaBefore = await rsaSignMs(bare);
      for (const each of cases) {
        // The first 500 small mails after large ones are a tenth dearer than the next; why is not known. No row is to have that alone.
        if (cases.indexOf(each) % casesPerSize === 0) await source.call("load", loadOf(settling(each)));
        // Now and then: the machine is not equally fast from minute to minute.
        if (round >= 0 && cases.indexOf(each) % casesPerSize === 0) floors.push(await floorOf(bare));
        const load = loadOf(each);
        const messages = round < 0 ? warmUpOf(each.bytes, scale) : load.messages;
        const result = await measure(source, targetOf(each.work).pid, { ...load, messages });
        const rsaAfter = await rsaSignMs(bare);
        if (round >= 0) measured.get(each)?.push({ ...result, rsaMs: (rsaBefore + rsaAfter) / 2 });
        else check(each, (await sink.call("taken", null)).last);
        rsaBefore = rsaAfter;
      }
    }
    const rows = cases.map((each) => ({ ...each, ...rated(measured.get(each) ?? []) }));
    await filter.delay();

    say("fixed rates");
    const rateCases = [20, 100, 400].flatMap((ratePerSecond) =>
      (["forward", "sign-rsa", "verify"] as const).map((work) => ({
        name: `${work} at ${ratePerSecond}/s`,
        work,
        algorithm: "rsa" as const,
        bytes: 10_000,
        reuse: true,
        ratePerSecond,
      })),
    );
    const timed = new Map<object, Measurement[]>(rateCases.map((each) => [each, []]));
    for (let round = 0; round < rateRounds; round += 1) {
      for (const each of rateCases) {
        const load = {
          ...loadOf(each, 64),
          ratePerSecond: each.ratePerSecond,
          // Of fewer than 200 mails the p99 is the slowest one.
          messages: Math.max(200, Math.round(each.ratePerSecond * 4 * scale)),
        };
        timed.get(each)?.push(await measure(source, targetOf(each.work).pid, load));
      }
    }
    const rates = rateCases.map((each) => ({ ...each, ...middle(timed.get(each) ?? []) }));
    const delay = await filter.delay();

    // Before the crowds: what they leave is given back after ten quiet seconds (`bench:million` has both in turn).
    say("20 mails of 10 MB at once");
    const largeCase: Case = { name: "large", work: "sign-rsa", algorithm: "rsa", bytes: 10_000_000, reuse: false };
    const large = await measure(source, filter.pid, { ...loadOf(largeCase), messages: 20, connections: 20 });

    say("a crowd: 1,000 connections at once");
    const crowdCase: Case = { name: "crowd", work: "sign-rsa", algorithm: "rsa", bytes: 10_000, reuse: false };
    const crowds: Measurement[] = [];
    for (let round = 0; round < crowdRounds; round += 1)
      crowds.push(
        await measure(source, filter.pid, { ...loadOf(crowdCase), messages: crowdSize, connections: crowdSize }),
      );
    const crowd = middle(crowds);

    return {
      floor: middleFloor(floors),
      idleMb: idle,
      rows,
      rates,
      crowd,
      crowdSeconds: crowdSize / crowd.perSecond,
      large,
      delay,
      afterMb: memory(filter.pid).rssMb,
    };
  } finally {
    await filter.stop();
    for (const child of children) child.stop();
  }
}

/** Numbers of work that was not done are worth nothing. */
function check({ name, work }: Case, last: Uint8Array | undefined): void {
  const header = Buffer.from(last ?? [])
    .subarray(0, 4000)
    .toString("latin1");
  if (work === "pass" || work === "forward" || work === "sink") return;
  const wanted = work === "verify" ? /^Authentication-Results:[^;]*;\s+dkim=pass/ : /^DKIM-Signature:/;
  if (wanted.test(header)) return;
  throw new Error(`${name}: what left is not ${wanted}, but ${header.slice(0, 300)}`);
}

/** The daemon as it is installed, with two threads, before it has seen any mail. */
async function idleMemory(nextHopPort: number): Promise<number> {
  const filter = await startFilter({ nextHopPort, threads: 2, program: await compile() });
  await new Promise((resolve) => setTimeout(resolve, 1500));
  const { rssMb } = memory(filter.pid);
  await filter.stop();
  return rssMb;
}

function contentOf(
  filter: Filter,
  known: Map<string, Uint8Array>,
  work: Case["work"],
  algorithm: Case["algorithm"],
  bytes: number,
): Uint8Array {
  const name = work === "verify" ? `${algorithm} ${bytes}` : `plain ${bytes}`;
  let content = known.get(name);
  if (content === undefined) {
    const message = messageOf(bytes);
    const signed = work === "verify" && algorithm !== "none" ? filter.signed(message, algorithm) : message;
    content = onTheWire(signed);
    known.set(name, content);
  }
  return content;
}

type Rated = Measurement & { readonly rsaMs: number };

function rated(rounds: readonly Rated[]): Measurement & Pick<RatedRow, "timesRsa" | "mainTimesRsa"> {
  const times = (read: (round: Rated) => number) =>
    quantile(
      rounds.map((round) => read(round) / round.rsaMs).sort((a, b) => a - b),
      0.5,
    );
  return {
    ...middle(rounds),
    timesRsa: times((round) => round.processMs),
    mainTimesRsa: times((round) => round.mainMs),
  };
}

async function floorOf(bare: Child): Promise<Floor> {
  const time = (what: "sign" | "verify" | "hash", algorithm: "rsa" | "ed25519", bytes: number, rounds: number) =>
    bare.call("arithmetic", { what, algorithm, bytes, rounds });
  return {
    rsaSign: await time("sign", "rsa", 2000, 200),
    rsaVerify: await time("verify", "rsa", 2000, 1000),
    ed25519Sign: await time("sign", "ed25519", 32, 1000),
    ed25519Verify: await time("verify", "ed25519", 32, 500),
    hash10k: await time("hash", "rsa", 10_000, 3000),
    hash10M: await time("hash", "rsa", 10_000_000, 10),
  };
}

function middleFloor(floors: readonly Floor[]): Floor {
  const of = (read: (floor: Floor) => number) =>
    quantile(
      floors.map(read).sort((a, b) => a - b),
      0.5,
    );
  return {
    rsaSign: of((each) => each.rsaSign),
    rsaVerify: of((each) => each.rsaVerify),
    ed25519Sign: of((each) => each.ed25519Sign),
    ed25519Verify: of((each) => each.ed25519Verify),
    hash10k: of((each) => each.hash10k),
    hash10M: of((each) => each.hash10M),
  };
}
