import assert from "node:assert/strict";
import { test } from "node:test";
import { createHealth, type HealthNeeds } from "../../../src/metrics/health.ts";
import { formatNextHop, type NextHop } from "../../../src/smtp/next-hop.ts";

const a: NextHop = { protocol: "smtp", host: "127.0.0.1", port: 10025 };
const b: NextHop = { protocol: "smtp", host: "127.0.0.2", port: 10025 };

function scene(more: Partial<HealthNeeds> = {}) {
  let nowMs = 0;
  const up = new Set<string>();
  const probed: string[] = [];
  const needs: HealthNeeds = {
    threadsAlive: () => 1,
    closedListeners: () => 0,
    nextHops: () => [[a, b]],
    draining: () => false,
    now: () => nowMs,
    ...more,
  };
  const health = createHealth(needs, async (hop) => {
    probed.push(formatNextHop(hop));
    return up.has(formatNextHop(hop));
  });
  return {
    health,
    probed,
    up,
    later(ms: number) {
      nowMs += ms;
    },
  };
}

test("ready when all is well; one of the alternatives is enough, and what answered is not asked again for a minute", async () => {
  const { health, probed, up, later } = scene();
  up.add(formatNextHop(b));
  assert.equal((await health.check()).size, 0);
  assert.deepEqual(probed, [formatNextHop(a), formatNextHop(b)]);
  later(59_000);
  await health.check();
  assert.deepEqual(probed.slice(2), [formatNextHop(a)]);
  later(2000);
  await health.check();
  assert.ok(probed.slice(3).includes(formatNextHop(b)));
});

test("mail that a next hop answered spares the asking", async () => {
  const { health, probed } = scene({ nextHops: () => [[a]] });
  health.reached(formatNextHop(a));
  assert.equal((await health.check()).size, 0);
  assert.deepEqual(probed, []);
});

test("next hops that clients name are forgotten again, those of the configuration are asked anew", async () => {
  const { health, probed, up } = scene({ nextHops: () => [[a]] });
  up.add(formatNextHop(a));
  health.reached(formatNextHop(a));
  for (let number = 0; number < 1000; number += 1) health.reached(`smtp:[client-${number}.example]:25`);
  assert.equal((await health.check()).size, 0);
  assert.deepEqual(probed, [formatNextHop(a)]);
});

test("a next hop that is down is named, and asked no more than every five seconds", async () => {
  const { health, probed, later } = scene({ nextHops: () => [[a], [a, b]] });
  for (let times = 0; times < 5; times += 1) {
    assert.equal(
      (await health.check()).get("next_hop"),
      "not reachable: smtp:[127.0.0.1]:10025, smtp:[127.0.0.1]:10025 or smtp:[127.0.0.2]:10025",
    );
    later(1000);
  }
  assert.equal(probed.length, 2);
});

test("dead workers, closed listeners and a drain are told", async () => {
  const { health } = scene({
    threadsAlive: () => 0,
    closedListeners: () => 2,
    draining: () => true,
    nextHops: () => [],
  });
  assert.deepEqual(
    [...(await health.check())],
    [
      ["workers", "no worker thread is alive"],
      ["listeners", "2 listener(s) not open"],
      ["config", "shutting down"],
    ],
  );
});
