import assert from "node:assert/strict";
import { test } from "node:test";
import { type SlotLimits, Slots } from "../../../src/relay/slots.ts";

const slotsOf = (limits: Partial<SlotLimits> = {}) =>
  new Slots({ connections: 100, connectionsPerHop: 2, mailsPerHop: 100, ...limits });
const times = (count: number, name = "hop") => new Array<string>(count).fill(name);
const one = ["hop"];

test("as many as the limit are taken, and the next when one is given back", async () => {
  const slots = slotsOf();
  assert.deepEqual([slots.take(one), slots.take(one), slots.take(one)], [true, true, false]);
  const waiting = slots.wait(one, 100);
  assert.equal(slots.waiting, 1);
  slots.give(one);
  assert.equal(await waiting, "taken");
  assert.equal(slots.waiting, 0);
});

test("those who wait are served in order, and nobody overtakes them", async () => {
  const slots = slotsOf();
  slots.take(times(2));
  const order: string[] = [];
  const large = slots.wait(times(2), 100).then(() => order.push("large"));
  const small = slots.wait(one, 100).then(() => order.push("small"));
  slots.give(one);
  assert.equal(slots.take(one), false, "there is room for one, but somebody waits");
  slots.give(one);
  await large;
  slots.give(times(2));
  await small;
  assert.deepEqual(order, ["large", "small"]);
});

test("more than the limit is had when nobody else has any", () => {
  const slots = slotsOf();
  assert.equal(slots.take(times(5)), true);
  assert.equal(slots.take(one), false);
  slots.give(times(5));
  assert.equal(slots.take(times(2)), true);
});

test("one that has waited past the deadline is turned away, and those behind go on", async () => {
  const slots = slotsOf();
  slots.take(one);
  const large = slots.wait(times(2), 100);
  const small = slots.wait(one, 200);
  slots.expire(99);
  assert.equal(slots.waiting, 2);
  slots.expire(100);
  assert.deepEqual([await large, await small], ["late", "taken"]);
});

test("a next hop that is full, with mail waiting for it, leaves another its connections", () => {
  const slots = slotsOf();
  slots.take(times(2, "hung"));
  void slots.wait(["hung"], 100);
  assert.equal(slots.take(["well"]), true);
  assert.equal(slots.take(["well"]), true);
});

test("however many next hops hang, one more has room", () => {
  const slots = slotsOf({ connections: 10, connectionsPerHop: 10 });
  const taken = [1, 2, 3, 4, 5, 6].map((number) => {
    let count = 0;
    while (slots.take([`hung${number}`])) count += 1;
    return count;
  });
  assert.deepEqual(taken, [5, 3, 1, 1, 1, 1]);
  assert.equal(slots.take(["well"]), true);
});

test("what one gives back is room for others as well", async () => {
  const slots = slotsOf({ connections: 4, connectionsPerHop: 4 });
  assert.deepEqual(
    [slots.take(["a"]), slots.take(["a"]), slots.take(["b"]), slots.take(["b"])],
    [true, true, true, false],
  );
  const second = slots.wait(["b"], 100);
  slots.give(["a"]);
  assert.equal(await second, "taken");
});

test("a mail for two next hops has a connection to each or none, and holds up nobody while it waits", async () => {
  const slots = slotsOf({ connectionsPerHop: 1 });
  slots.take(["hung"]);
  const both = slots.wait(["hung", "well"], 100);
  assert.deepEqual([slots.take(["well"]), slots.take(["well"])], [true, false]);
  slots.give(["hung"]);
  assert.equal(slots.waiting, 1, "the other one is busy by now");
  slots.give(["well"]);
  assert.equal(await both, "taken");
  assert.deepEqual([slots.take(["hung"]), slots.take(["well"])], [false, false]);
});

test("mail that waits for one next hop is bounded, and what is beyond is turned away at once", async () => {
  const slots = slotsOf({ mailsPerHop: 3 });
  slots.take(times(2));
  const third = slots.wait(one, 100);
  assert.equal(await slots.wait(one, 100), "full");
  slots.give(one);
  assert.equal(await third, "taken");
});

test("next hops with mail are counted, and forgotten when they have none", async () => {
  const slots = slotsOf();
  slots.take(times(2));
  slots.take(["other"]);
  const waiting = slots.wait(one, 100);
  assert.deepEqual(slots.counts(), [
    { nextHop: "hop", inUse: 2, waiting: 1, limit: 2 },
    { nextHop: "other", inUse: 1, waiting: 0, limit: 2 },
  ]);
  slots.give(["other"]);
  slots.expire(100);
  assert.equal(await waiting, "late");
  slots.give(times(2));
  assert.deepEqual(slots.counts(), []);
});

// The queue of a silent next hop may be as long as there are clients; each mail of another that is done must not look
// at all of it.
test("mail that is done looks at the first in each queue alone", () => {
  const slots = slotsOf({ mailsPerHop: 100_000 });
  slots.take(times(2, "hung"));
  let looks = 0;
  const noted = new Proxy(["hung"], {
    get(target, name, self) {
      looks += 1;
      return Reflect.get(target, name, self);
    },
  });
  for (let count = 0; count < 1_000; count += 1) void slots.wait(noted, 100);
  looks = 0;
  slots.take(["well"]);
  slots.give(["well"]);
  assert.ok(looks < 50, `${looks} looks`);
});
