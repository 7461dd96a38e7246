// `npm run bench:threads`: one thread for sockets against two that share a port, and three ways to sign, for a whole mail
// of 10 kB that comes in and goes out. The figures behind docs/decisions/030-threads.md; never fails on a time.
import { fork } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { startChild } from "../../load/child.ts";
import { type Measurement, measure, middle } from "../../load/measure.ts";
import { memory } from "../../load/usage.ts";
import { messageOf, onTheWire } from "../../messages.ts";
import { table } from "../../table.ts";
import type { FilterSettings } from "./filter.ts";
import { ways } from "./sign.ts";

const { values } = parseArgs({ options: { rounds: { type: "string", default: "5" } } });
const rounds = Number(values.rounds);
const ratePerSecond = 300;

const keyPem = generateKeyPairSync("rsa", { modulusLength: 2048 })
  .privateKey.export({ type: "pkcs8", format: "pem" })
  .toString();
const content = onTheWire(messageOf(10_000));
const [sink, source, bare] = [startChild(), startChild(), startChild()];
const nextHopPort = await sink.call("sink", { keep: true });

const filters = [];
for (const ioThreads of [1, 2]) {
  for (const way of ways) {
    const settings: FilterSettings = { way, ioThreads, keyPem, nextHopPort };
    const child = fork(fileURLToPath(new URL("./filter.ts", import.meta.url)), [JSON.stringify(settings)]);
    const [port]: unknown[] = await once(child, "message");
    const full: Measurement[] = [];
    const paced: Measurement[] = [];
    filters.push({ way, ioThreads, child, pid: child.pid ?? 0, port: Number(port), full, paced });
  }
}

const rsaMs: number[] = [];
for (let round = -1; round < rounds; round += 1) {
  process.stderr.write(round < 0 ? "warming up\n" : `round ${round + 1} of ${rounds}\n`);
  rsaMs.push(await bare.call("arithmetic", { what: "sign", algorithm: "rsa", bytes: 2000, rounds: 200 }));
  for (const { way, pid, port, full, paced } of filters) {
    const load = { port, content, messages: round < 0 ? 3000 : 1000, connections: 16, reuse: true };
    const fast = await measure(source, pid, load);
    if (round < 0) {
      const { last } = await sink.call("taken", null);
      const signed = Buffer.from(last ?? [])
        .toString("latin1", 0, 100)
        .startsWith("DKIM-Signature:");
      if (signed !== (way !== "none")) throw new Error(`${way}: mail came out ${signed ? "" : "un"}signed`);
      continue;
    }
    full.push(fast);
    paced.push(await measure(source, pid, { ...load, messages: 300, ratePerSecond, connections: 64 }));
  }
}

const rsa = rsaMs.sort((a, b) => a - b)[Math.floor(rsaMs.length / 2)] ?? 0;
process.stdout.write(
  `${[
    `RSA-2048 signature alone: ${rsa.toFixed(3)} ms of CPU. As fast as it goes over 16 connections, and at ${ratePerSecond} mails a second:`,
    table(
      [
        "sockets",
        "signing",
        "CPU ms",
        "main ms",
        "mails/s",
        "p50",
        "p99",
        "paced CPU ms",
        "p50 ",
        "p99 ",
        "RSS MB",
        "failed",
      ],
      filters.map(({ way, ioThreads, pid, full, paced }) => {
        const [fast, slow] = [middle(full), middle(paced)];
        return [
          ioThreads === 1 ? "main thread" : `${ioThreads} threads`,
          way,
          fast.processMs.toFixed(3),
          fast.mainMs.toFixed(3),
          fast.perSecond.toFixed(0),
          fast.p50.toFixed(1),
          fast.p99.toFixed(1),
          slow.processMs.toFixed(3),
          slow.p50.toFixed(1),
          slow.p99.toFixed(1),
          memory(pid).rssMb.toFixed(0),
          String(fast.failed + slow.failed),
        ];
      }),
    ),
  ].join("\n\n")}\n`,
);
for (const { child } of filters) child.disconnect();
for (const each of [sink, source, bare]) each.stop();
