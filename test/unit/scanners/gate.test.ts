import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { createGate } from "../../../src/scanners/gate.ts";
import type { ScannerTrouble } from "../../../src/scanners/trouble.ts";

const far = 1e9;
const silent: ScannerTrouble = { trouble: "timeout", detail: "no answer within 30 s" };
const answer = { result: "clean" };

function gateFor(probe: () => Promise<boolean>, connections = 2, pauseMs = 1) {
  const states: string[] = [];
  const gate = createGate({
    connections,
    probe,
    now: () => 0,
    changed: (state, why) => states.push(`${state}: ${why}`),
    pauseMs,
  });
  return { gate, states };
}

test("so many mails at once, the others in turn", async () => {
  const { gate } = gateFor(async () => true);
  const running: (() => void)[] = [];
  const work = () => new Promise<typeof answer>((resolve) => running.push(() => resolve(answer)));
  const all = [1, 2, 3].map(() => gate.run(far, work));
  await turn();
  assert.deepEqual(gate.counts(), { inUse: 2, waiting: 1, isDown: false });
  running[0]?.();
  await turn();
  assert.deepEqual(gate.counts(), { inUse: 2, waiting: 0, isDown: false });
  for (const end of running) end();
  assert.deepEqual(await Promise.all(all), [answer, answer, answer]);
  assert.deepEqual(gate.counts(), { inUse: 0, waiting: 0, isDown: false });
});

test("a mail waits for a connection until its deadline", async () => {
  const { gate } = gateFor(async () => true, 1);
  const never = gate.run(far, () => new Promise<never>(() => {}));
  const late = await gate.run(1, async () => answer);
  assert.ok("trouble" in late && late.trouble === "busy");
  assert.equal(gate.counts().waiting, 0);
  void never;
});

test("three silences in a row and no answer to a ping: mails go on without it until a ping is answered", async () => {
  const probes: ((isUp: boolean) => void)[] = [];
  const asked: (() => void)[] = [];
  const { gate, states } = gateFor(
    () =>
      new Promise((resolve) => {
        probes.push(resolve);
        asked.shift()?.();
      }),
  );
  const nextProbe = () => new Promise<void>((resolve) => asked.push(resolve));
  await gate.run(far, async () => silent);
  await gate.run(far, async () => silent);
  await gate.run(far, async () => answer);
  assert.equal(probes.length, 0, "an answer begins the count anew");
  for (let i = 0; i < 3; i += 1) await gate.run(far, async () => silent);
  assert.equal(probes.length, 1);
  const again = nextProbe();
  probes[0]?.(false);
  await turn();
  let worked = 0;
  const turned = await gate.run(far, async () => {
    worked += 1;
    return answer;
  });
  assert.ok("trouble" in turned && turned.trouble === "down");
  assert.equal(worked, 0);
  await again;
  probes[1]?.(true);
  await turn();
  assert.equal(await gate.run(far, async () => answer), answer);
  assert.deepEqual(states, ["down: no answer within 30 s", "up: it answers a ping"]);
});

test("those who wait are turned away when it is down", async () => {
  const { gate } = gateFor(async () => false, 1, 1e6);
  const ends: ((outcome: ScannerTrouble) => void)[] = [];
  const hung = () => new Promise<ScannerTrouble>((resolve) => ends.push(resolve));
  const all = Array.from({ length: 5 }, () => gate.run(far, hung));
  for (let i = 0; i < 3; i += 1) {
    await turn();
    ends[i]?.(silent);
  }
  await turn();
  // The fourth was already with it.
  ends[3]?.(silent);
  const troubles = (await Promise.all(all)).map((outcome) => "trouble" in outcome && outcome.trouble);
  assert.deepEqual(troubles, ["timeout", "timeout", "timeout", "timeout", "down"]);
  gate.close();
});

test("refusals and broken connections are no silence: the next mail asks again", async () => {
  let probes = 0;
  const { gate } = gateFor(async () => {
    probes += 1;
    return false;
  });
  const closed: ScannerTrouble = { trouble: "connect", detail: "ECONNREFUSED" };
  for (let i = 0; i < 10; i += 1) await gate.run(far, async () => closed);
  assert.equal(probes, 0);
  assert.equal(await gate.run(far, async () => answer), answer);
});

const failing: readonly (readonly [ScannerTrouble["trouble"], boolean])[] = [
  ["connect", true],
  ["closed", true],
  ["garbage", true],
  ["refused", true],
  ["too-large", false],
  ["unreadable", false],
  ["shutting-down", false],
];
for (const [trouble, isDown] of failing) {
  test(`${trouble}, three mails in a row: the scanner is ${isDown ? "" : "not "}reported down, and asked all the same`, async () => {
    const { gate, states } = gateFor(async () => false);
    const outcome = { trouble, detail: "why" };
    for (let mail = 0; mail < 2; mail += 1) await gate.run(far, async () => outcome);
    await gate.run(far, async () => answer);
    for (let mail = 0; mail < 2; mail += 1) await gate.run(far, async () => outcome);
    assert.deepEqual(states, []);
    for (let mail = 0; mail < 2; mail += 1) await gate.run(far, async () => outcome);
    assert.equal(gate.counts().isDown, isDown);
    assert.deepEqual(states, isDown ? ["down: why"] : []);
    assert.equal(await gate.run(far, async () => answer), answer);
    assert.equal(gate.counts().isDown, false);
    assert.deepEqual(states, isDown ? ["down: why", "up: it answers again"] : []);
    gate.close();
  });
}

test("one that was not there is found to be back by a ping, without a mail", async () => {
  const back = Promise.withResolvers<void>();
  let probes = 0;
  const { gate, states } = gateFor(async () => {
    probes += 1;
    if (probes === 2) setImmediate(back.resolve);
    return probes === 2;
  });
  for (let mail = 0; mail < 3; mail += 1)
    await gate.run(far, async () => ({ trouble: "connect", detail: "ECONNREFUSED" }) as const);
  await back.promise;
  assert.deepEqual(states, ["down: ECONNREFUSED", "up: it answers a ping"]);
  assert.equal(gate.counts().isDown, false);
  gate.close();
});

test("retired: neither pings nor reports, and mails are finished", async () => {
  let probes = 0;
  const { gate, states } = gateFor(async () => {
    probes += 1;
    return false;
  });
  const gone = { trouble: "connect", detail: "ECONNREFUSED" } as const;
  for (let mail = 0; mail < 3; mail += 1) await gate.run(far, async () => gone);
  gate.retire();
  for (let mail = 0; mail < 3; mail += 1) await gate.run(far, async () => silent);
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(probes, 1, "that of the silence");
  assert.deepEqual(states, ["down: ECONNREFUSED"]);
  gate.close();
});

test("closed: who waits goes on, and nobody is let in", async () => {
  const { gate } = gateFor(async () => true, 1);
  const ends: (() => void)[] = [];
  const first = gate.run(far, () => new Promise<typeof answer>((resolve) => ends.push(() => resolve(answer))));
  const second = gate.run(far, async () => answer);
  await turn();
  gate.close();
  for (const outcome of [await second, await gate.run(far, async () => answer)])
    assert.ok("trouble" in outcome && outcome.trouble === "shutting-down");
  ends[0]?.();
  assert.equal(await first, answer);
});
