// `npm run bench:million`: whether memory stays flat over many small mails, and what stays after them, after crowds of a thousand
// connections and after large mail. `--mails N` for fewer, `--rate N` a second for a machine that has other work.
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { startChild } from "../load/child.ts";
import { compile } from "../load/compile.ts";
import { type Filter, startFilter } from "../load/filter.ts";
import { type MemoryParts, memory, memoryParts, resetPeak } from "../load/usage.ts";
import { messageOf, onTheWire } from "../messages.ts";
import { table } from "../table.ts";

const { values } = parseArgs({
  options: {
    mails: { type: "string", default: "1000000" },
    rate: { type: "string" },
    samples: { type: "string", default: "40" },
    /** The daemon from its sources instead of compiled, as it is installed. */
    checkout: { type: "boolean", default: false },
  },
});
const mails = Number(values.mails);
const samples = Number(values.samples);
const ratePerSecond = values.rate === undefined ? undefined : Number(values.rate);
/** After load, before what stays is looked at: the filter gives memory back once it has been quiet for ten seconds. */
const quietMs = 15_000;
/** What passes before memory counts as warm: V8 compiles for some 30,000 mails, the history fills. */
const warmShare = 0.1;

interface Sample extends MemoryParts {
  readonly when: string;
  readonly peakMb: number;
}

const taken: Sample[] = [];
const [sink, source] = [startChild(), startChild()];
try {
  const nextHopPort = await sink.call("sink", { keep: false, chunking: true });
  const program = values.checkout ? {} : { program: await compile() };
  const filter = await startFilter({ nextHopPort, ...program });
  try {
    await measure(filter);
  } finally {
    await filter.stop();
  }
} finally {
  sink.stop();
  source.stop();
}

async function measure(filter: Filter): Promise<void> {
  const look = (when: string) => take(filter, when);
  await sleep(2000);
  look("idle");
  const along = await manyMails(filter);
  await sleep(quietMs);
  look(`${mails} small mails, and 15 s`);
  for (let crowd = 0; crowd < 3; crowd += 1) await load(filter, { bytes: 10_000, messages: 1000, connections: 1000 });
  look("3 crowds of 1,000 connections");
  await sleep(quietMs);
  look("the same, and 15 s");
  for (let turn = 0; turn < 5; turn += 1) await load(filter, { bytes: 20_000_000, messages: 20, connections: 20 });
  look("100 mails of 20 MB, 20 at a time");
  await sleep(quietMs);
  look("the same, and 15 s");
  process.stdout.write(`${report(along)}\n`);
}

function take({ pid }: Filter, when: string): void {
  taken.push({ when, peakMb: memory(pid).peakMb, ...memoryParts(pid) });
  resetPeak(pid);
}

/** Signed and verified in turns, of many senders; resident MB after each part. */
async function manyMails(to: Filter): Promise<readonly number[]> {
  const along: number[] = [];
  const each = Math.round(mails / samples);
  for (let sample = 0; sample < samples; sample += 1) {
    const work = sample % 2 === 0 ? "sign-rsa" : "verify";
    const plain = Array.from({ length: 500 }, (_, seed) => {
      const from = work === "sign-rsa" ? `user${seed}@example.com` : `user${seed}@domain${sample * 500 + seed}.example`;
      return messageOf(1_500, { from, seed: sample * 500 + seed });
    });
    const content = plain.map((message) => onTheWire(work === "verify" ? to.signed(message, "rsa") : message));
    const result = await source.call("load", {
      port: to.ports[work],
      content,
      messages: each,
      connections: 50,
      reuse: true,
      mailsPerConnection: 100,
      timeoutMs: 3_600_000,
      ...(ratePerSecond === undefined ? {} : { ratePerSecond }),
    });
    if (result.sent < each)
      throw new Error(`${each - result.sent} mails were not taken: ${result.refusal ?? "no reply"}`);
    along.push(memory(to.pid).rssMb);
    process.stderr.write(`${(sample + 1) * each} mails: ${along.at(-1)?.toFixed(0)} MB\n`);
  }
  return along;
}

async function load(
  to: Filter,
  what: { readonly bytes: number; readonly messages: number; readonly connections: number },
) {
  const content = onTheWire(messageOf(what.bytes));
  const result = await source.call("load", { port: to.ports["sign-rsa"], content, reuse: false, ...what });
  if (result.sent < what.messages) throw new Error(`${what.messages - result.sent} mails were not taken`);
}

function report(along: readonly number[]): string {
  const mb = (value: number) => value.toFixed(0);
  const warm = along.slice(Math.ceil(along.length * warmShare));
  const half = Math.floor(warm.length / 2);
  const middle = (values: readonly number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
  return [
    `${mails} mails of 1.5 kB${ratePerSecond === undefined ? "" : ` at ${ratePerSecond}/s`}, ${process.version}, MB resident.`,
    `While they pass: ${mb(Math.min(...warm))} to ${mb(Math.max(...warm))}; the middle of the first half ${mb(middle(warm.slice(0, half)))}, of the second ${mb(middle(warm.slice(half)))}.`,
    table(
      ["after", "resident", "highest", "files, shared", "V8's heaps", "malloc, stacks"],
      taken.map(({ when, rssMb, peakMb, filesMb, heapMb, otherMb }) => [
        when,
        ...[rssMb, peakMb, filesMb, heapMb, otherMb].map(mb),
      ]),
    ),
  ].join("\n\n");
}
