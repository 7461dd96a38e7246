import assert from "node:assert/strict";
import { test } from "node:test";
import { Shunned } from "../../../src/relay/shunned.ts";

const minuteMs = 60_000;

test("remembers a next hop for ten minutes, and no other one", () => {
  const shunned = new Shunned();
  assert.equal(shunned.has("a", 0), false);
  assert.equal(shunned.add("a", 0), true);
  const seen = [0, 9, 10, 11].map((minutes) => shunned.has("a", minutes * minuteMs));
  assert.deepEqual(seen, [true, true, false, false]);
  assert.equal(shunned.has("b", 0), false);
});

test("counts the ten minutes from the last time", () => {
  const shunned = new Shunned();
  shunned.add("a", 0);
  assert.equal(shunned.add("a", 5 * minuteMs), false, "it is known already");
  assert.equal(shunned.has("a", 12 * minuteMs), true);
});

test("stays small however many next hops there are", () => {
  const shunned = new Shunned();
  for (let hop = 0; hop < 5_000; hop += 1) shunned.add(String(hop), 0);
  const kept = Array.from({ length: 5_000 }, (_, hop) => shunned.has(String(hop), 1)).filter(Boolean).length;
  assert.ok(kept > 0 && kept <= 1_000, `${kept} kept`);
});
