// `npm run bench:paired`: two daemons under the same load in turns, so that a change is judged in the same minutes on the
// same machine: this checkout beside another one, or this one with other settings.
//
//     npm run bench:paired -- --before ../signpost-before          another checkout, as the first of each pair
//     npm run bench:paired -- --settings "pool: { in_place: false }"   this checkout twice, the second one with these
//
// `--works sign-rsa,verify`, `--sizes 1500,10000`, `--connections 16,64`, `--rounds 7`, `--seconds 2`, `--threads 1`; two numbers of
// threads, `--threads 1,2`, are one for each of the pair.
import { parseArgs } from "node:util";
import { type Child, startChild } from "./load/child.ts";
import { type Filter, type FilterOptions, startFilter, type Work } from "./load/filter.ts";
import { type Measurement, measure } from "./load/measure.ts";
import { quantile } from "./load/source.ts";
import { messageOf, onTheWire } from "./messages.ts";
import { sizeText } from "./suite.ts";

const { values } = parseArgs({
  options: {
    before: { type: "string" },
    settings: { type: "string", default: "" },
    threads: { type: "string", default: "1" },
    works: { type: "string", default: "sign-rsa,verify" },
    sizes: { type: "string", default: "1500,10000" },
    connections: { type: "string", default: "16,64" },
    rounds: { type: "string", default: "7" },
    seconds: { type: "string", default: "2" },
  },
});

interface Case {
  readonly work: Work;
  readonly bytes: number;
  readonly connections: number;
}

const list = (text: string): readonly string[] => text.split(",").filter((each) => each !== "");
const cases: readonly Case[] = list(values.works).flatMap((work) =>
  list(values.sizes).flatMap((bytes) =>
    list(values.connections).map((connections) => ({
      work: work as Work,
      bytes: Number(bytes),
      connections: Number(connections),
    })),
  ),
);

const children = [startChild(), startChild()] as const;
const [sink, source] = children;
const nextHopPort = await sink.call("sink", { keep: false, chunking: true });
const [threadsBefore = 1, threads = threadsBefore] = list(values.threads).map(Number);
const before: FilterOptions = { nextHopPort, threads: threadsBefore };
const pair: readonly Filter[] = [
  await startFilter(values.before === undefined ? before : { ...before, root: values.before }),
  await startFilter({ nextHopPort, threads, settings: values.settings }),
];
try {
  process.stdout.write("mails/s before, after, ratio; CPU ms a mail before, after, ratio; p99 ms before, after\n");
  for (const each of cases) {
    const rounds: (readonly Measurement[])[] = [];
    for (let round = -1; round < Number(values.rounds); round += 1) {
      // Who is first in a pair changes from round to round: neither has the better half of a second always.
      const turn = round % 2 === 0 ? [0, 1] : [1, 0];
      const both: Measurement[] = [];
      for (const index of turn) both[index] = await run(source, pair[index], each, round < 0);
      if (round >= 0) rounds.push(both);
    }
    process.stdout.write(`${line(each, rounds)}\n`);
  }
} finally {
  for (const filter of pair) await filter.stop();
  for (const child of children) child.stop();
}

async function run(
  load: Child,
  filter: Filter | undefined,
  { work, bytes, connections }: Case,
  warmUp: boolean,
): Promise<Measurement> {
  if (filter === undefined) throw new Error("there is no such filter");
  const message = messageOf(bytes);
  const content = onTheWire(work === "verify" ? filter.signed(message, "rsa") : message);
  const perSecond = bytes > 1_000_000 ? 30 : bytes > 50_000 ? 1500 : 3000;
  const messages = Math.round(perSecond * Number(values.seconds) * (warmUp ? 3 : 1));
  const result = await measure(load, filter.pid, {
    port: filter.ports[work],
    content,
    messages,
    connections,
    reuse: true,
  });
  if (result.failed > 0) throw new Error(`${result.failed} mails failed`);
  return result;
}

/** Middle of each side, and the middle of the rounds' ratios. */
function line({ work, bytes, connections }: Case, rounds: readonly (readonly Measurement[])[]): string {
  const of = (read: (pair: readonly Measurement[]) => number) =>
    quantile(
      rounds.map(read).sort((a, b) => a - b),
      0.5,
    );
  const side = (index: number, key: "perSecond" | "processMs" | "p99") => of((both) => both[index]?.[key] ?? 0);
  const ratio = (key: "perSecond" | "processMs") => of((both) => (both[1]?.[key] ?? 0) / (both[0]?.[key] ?? 1));
  const name = `${work} ${sizeText(bytes)}, ${connections} connections`.padEnd(34);
  const rate = `${side(0, "perSecond").toFixed(0)} ${side(1, "perSecond").toFixed(0)} x${ratio("perSecond").toFixed(3)}`;
  const cpu = `${side(0, "processMs").toFixed(3)} ${side(1, "processMs").toFixed(3)} x${ratio("processMs").toFixed(3)}`;
  return `${name} ${rate};  ${cpu};  ${side(0, "p99").toFixed(1)} ${side(1, "p99").toFixed(1)}`;
}
