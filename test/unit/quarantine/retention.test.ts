// Old copies go, and the oldest where there are too many; a few at a time.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { CopyName } from "../../../src/mail/quarantine-question.ts";
import type { QuarantineRow } from "../../../src/mail/quarantine-row.ts";
import { batch, createRetention } from "../../../src/quarantine/retention.ts";
import { quarantineRow } from "../../support/quarantine.ts";

const now = 1_000_000;

/** Copies of 10 octets, one for each time. */
function scene(times: readonly number[], { keepMs = now, maxOctets = 1e9, locked = /^$/ } = {}) {
  let rows = times.map(
    (at, index): QuarantineRow => ({ ...quarantineRow(`c${index}`), name: `c${index}`, at, size: 10 }),
  );
  const unlinked: string[] = [];
  const troubles: string[] = [];
  const retention = createRetention({
    index: {
      usage: async () => ({ copies: rows.length, octets: rows.reduce((sum, { size }) => sum + size, 0) }),
      oldest: async (limit) => [...rows].sort((a, b) => a.at - b.at).slice(0, limit),
      deleted: async (copies: readonly CopyName[]) => {
        rows = rows.filter(({ name }) => !copies.some((copy) => copy.name === name));
      },
      scan: async () => true,
    },
    files: {
      async unlink(path) {
        if (locked.test(path)) throw Object.assign(new Error("EACCES"), { code: "EACCES" });
        if (path.endsWith(".released")) throw Object.assign(new Error("ENOENT"), { code: "ENOENT" });
        unlinked.push(path);
      },
    },
    keepMs,
    maxOctets,
    now: () => now,
    onTrouble: (detail) => troubles.push(detail),
  });
  return { retention, unlinked, troubles, left: () => rows.map(({ name }) => name) };
}

test("what is older than it may be goes", async () => {
  const { retention, unlinked, left } = scene([now - 50, now - 150, now - 100], { keepMs: 100 });
  assert.equal(await retention.step(), false);
  assert.deepEqual(unlinked, ["/q/c1"]);
  assert.deepEqual(left(), ["c0", "c2"]);
});

test("where all together are too large the oldest go, and no more than must", async () => {
  const { retention, left } = scene([3, 1, 2, 4], { maxOctets: 25 });
  assert.equal(await retention.step(), false);
  assert.deepEqual(left(), ["c0", "c3"]);
});

test("a step is bounded, and says that there is more", async () => {
  const { retention, unlinked } = scene(
    Array.from({ length: batch + 1 }, () => 0),
    { keepMs: 100 },
  );
  assert.equal(await retention.step(), true);
  assert.equal(unlinked.length, batch);
  assert.equal(await retention.step(), false);
  assert.equal(unlinked.length, batch + 1);
});

test("a copy that cannot be removed stays in the index, and is told of once", async () => {
  const { retention, troubles, left } = scene([1, 2], { keepMs: 100, locked: /c0$/ });
  await retention.step();
  await retention.step();
  assert.deepEqual(left(), ["c0"]);
  assert.deepEqual(troubles, ["/q/c0: EACCES"]);
});

test("more copies than a step takes that cannot be removed keep no others", async () => {
  const times = Array.from({ length: batch + 3 }, (_, at) => at);
  const { retention, troubles, left } = scene(times, { keepMs: 100, locked: /\/c\d?\d$/ });
  assert.equal(await retention.step(), true);
  assert.equal(await retention.step(), false);
  assert.deepEqual(
    left(),
    times.slice(0, batch).map((at) => `c${at}`),
  );
  await retention.step();
  assert.equal(troubles.length, 1);
});
