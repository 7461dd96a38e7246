// Cost of a mail against the number of connections that are busy, and what idle ones cost the others.

import { startChild } from "../load/child.ts";
import { startFilter } from "../load/filter.ts";
import { type Measurement, measure, middle } from "../load/measure.ts";
import { messageOf, onTheWire } from "../messages.ts";
import type { Fact, Growth } from "./curve.ts";
import { names } from "./model.ts";
import { type Bench, inTurns, mails, warmUp } from "./parts.ts";

const counts = [1, 10, 100, 1000] as const;
/** The same share of connecting in every mail's cost, however many connections there are. */
const mailsPerConnection = 5;
const idleConnections = 1000;
const idleRatePerSecond = 200;

export async function connections(bench: Bench): Promise<Growth> {
  const { nextHopPort, source, scale, say } = bench;
  // More than half of the connections in use and idle ones are sent home sooner: not here.
  const filter = await startFilter({ nextHopPort, settings: "limits: { connections: 4000 }" });
  const idler = startChild();
  try {
    const content = onTheWire(messageOf(10_000));
    const port = filter.ports["sign-rsa"];
    say(`${counts.join(", ")} connections`);
    const cases = counts.map((count) => ({
      x: count,
      load: {
        port,
        content,
        messages: mails(count === 1000 ? 5000 : 1000, scale, count * mailsPerConnection),
        connections: count,
        reuse: true,
        mailsPerConnection,
      },
    }));
    const kept = { port, content, messages: mails(1000, scale), connections: 64, reuse: true };
    await warmUp(bench, kept);
    const results = await inTurns(bench, filter.pid, cases);
    const of = (read: (result: Measurement) => number) =>
      counts.flatMap((x, index) => {
        const result = results[index];
        return result === undefined ? [] : [[x, read(result)] as const];
      });

    say("a connection for each mail");
    const [many, one] = await inTurns(bench, filter.pid, [
      { x: 1, load: kept },
      { x: 1, load: { ...kept, reuse: false } },
    ]);

    say("1,000 connections in turn at 70 % of the load that 100 reach");
    const most = results[2]?.perSecond ?? 0;
    const loaded = await measure(source, filter.pid, {
      port,
      content,
      messages: mails(6000, scale, 2000),
      connections: 1000,
      reuse: true,
      turns: true,
      ratePerSecond: 0.7 * most,
    });

    const idle: Record<number, Measurement[]> = { 0: [], [idleConnections]: [] };
    for (let round = 0; round < Math.max(2, bench.rounds); round += 1) {
      for (const count of [0, idleConnections]) {
        say(`${count} idle connections`);
        const held = await idler.call("hold", { port, connections: count });
        if (held !== count) throw new Error(`${held} of ${count} idle connections were taken`);
        idle[count]?.push(
          await measure(source, filter.pid, {
            port,
            content,
            messages: mails(400, scale, 200),
            connections: 64,
            reuse: true,
            ratePerSecond: idleRatePerSecond,
          }),
        );
      }
    }
    await idler.call("hold", { port, connections: 0 });
    const none = middle(idle[0] ?? []);
    const besideIdle = middle(idle[idleConnections] ?? []);
    const facts: Fact[] = [
      { what: names.connectionProcess, value: (one?.processMs ?? 0) - (many?.processMs ?? 0), unit: "CPU ms" },
      { what: names.connectionMain, value: (one?.mainMs ?? 0) - (many?.mainMs ?? 0), unit: "CPU ms" },
      { what: "1,000 connections in turn at 70 % load: offered", value: 0.7 * most, unit: "mails/s" },
      { what: "… p50", value: loaded.p50, unit: "ms" },
      { what: "… p99", value: loaded.p99, unit: "ms" },
      { what: "… refused or broken", value: loaded.failed, unit: "mails" },
      { what: `${idleRatePerSecond} mails/s, no idle connections: process`, value: none.processMs, unit: "ms" },
      { what: "… with 1,000 idle connections", value: besideIdle.processMs, unit: "ms" },
      { what: `${idleRatePerSecond} mails/s, no idle connections: p99`, value: none.p99, unit: "ms" },
      { what: "… with 1,000 idle connections", value: besideIdle.p99, unit: "ms" },
    ];
    return {
      title: "Connections that are busy, 10 kB, signed, 5 mails on each",
      against: "connections",
      curves: [
        { label: "process", unit: "CPU ms", bound: "constant", points: of(({ processMs }) => processMs) },
        { label: "main thread", unit: "CPU ms", bound: "constant", points: of(({ mainMs }) => mainMs) },
        { label: "p50", unit: "ms to the reply", bound: "linear", points: of(({ p50 }) => p50) },
        { label: "p99", unit: "ms to the reply", bound: "linear", points: of(({ p99 }) => p99) },
      ],
      facts,
    };
  } finally {
    idler.stop();
    await filter.stop();
  }
}
