import assert from "node:assert/strict";
import { test } from "node:test";
import { isShortOfDescriptors, Shortage } from "../../../src/relay/shortage.ts";

function line() {
  const told: string[] = [];
  const shortage = new Shortage(() => told.push("short"));
  const wait = (name: string, deadlineMs = 1000, place: "first" | "last" = "last") =>
    void shortage.turn(deadlineMs, place).then((turn) => told.push(`${name} ${turn}`));
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  return { shortage, told, wait, settled };
}

test("those that wait are called in their order, one that tried in vain is the first again", async () => {
  const { shortage, told, wait, settled } = line();
  wait("a");
  wait("b");
  shortage.freed();
  await settled();
  wait("a again", 1000, "first");
  shortage.freed();
  await settled();
  shortage.freed();
  await settled();
  shortage.freed();
  assert.deepEqual(told, ["short", "short", "a true", "short", "a again true", "b true"]);
  assert.equal(shortage.waiting, 0);
});

test("at each look at the clock those out of time give up, and the first of the others tries", async () => {
  const { shortage, told, wait, settled } = line();
  wait("early", 500);
  wait("first");
  wait("second");
  told.length = 0;
  shortage.expire(500);
  await settled();
  assert.deepEqual(told, ["short", "early false", "first true"]);
  assert.equal(shortage.waiting, 1);
});

test("both words of the system count, for the process and for the machine", () => {
  assert.deepEqual(["EMFILE", "ENFILE", "ECONNREFUSED"].map(isShortOfDescriptors), [true, true, false]);
});
