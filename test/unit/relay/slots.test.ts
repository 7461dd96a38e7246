import assert from "node:assert/strict";
import { test } from "node:test";
import { Slots } from "../../../src/relay/slots.ts";

test("as many as the limit are taken, and the next when one is given back", async () => {
  const slots = new Slots(2);
  assert.deepEqual([slots.take(1), slots.take(1), slots.take(1)], [true, true, false]);
  const waiting = slots.wait(1, 100);
  assert.equal(slots.waiting, 1);
  slots.give(1);
  assert.equal(await waiting, true);
  assert.equal(slots.waiting, 0);
});

test("those who wait are served in order, and nobody overtakes them", async () => {
  const slots = new Slots(2);
  slots.take(2);
  const order: string[] = [];
  const large = slots.wait(2, 100).then(() => order.push("large"));
  const small = slots.wait(1, 100).then(() => order.push("small"));
  slots.give(1);
  assert.equal(slots.take(1), false, "there is room for one, but somebody waits");
  slots.give(1);
  await large;
  slots.give(2);
  await small;
  assert.deepEqual(order, ["large", "small"]);
});

test("more than the limit is had when nobody else has any", () => {
  const slots = new Slots(2);
  assert.equal(slots.take(5), true);
  assert.equal(slots.take(1), false);
  slots.give(5);
  assert.equal(slots.take(2), true);
});

test("whoever has waited past the deadline is turned away, and those behind go on", async () => {
  const slots = new Slots(2);
  slots.take(1);
  const large = slots.wait(2, 100);
  const small = slots.wait(1, 200);
  slots.expire(99);
  assert.equal(slots.waiting, 2);
  slots.expire(100);
  assert.deepEqual([await large, await small], [false, true]);
});
