import assert from "node:assert/strict";
import { test } from "node:test";
import { negotiate } from "../../../src/milter/negotiate.ts";

function offer(version: number, actions: number, steps: number): Buffer {
  const data = Buffer.alloc(12);
  data.writeUInt32BE(version, 0);
  data.writeUInt32BE(actions, 4);
  data.writeUInt32BE(steps, 8);
  return data;
}

test("of what Postfix offers we take the changes we make and the steps that need no answer", () => {
  const agreed = negotiate(offer(6, 0x1ff, 0x1fffff));
  assert.ok(agreed);
  assert.equal(agreed.answer.toString("hex", 0, 12), "000000060000013f001df180");
  assert.equal(agreed.leadingSpace, true);
  assert.deepEqual(
    ["C", "H", "M", "R", "T", "L", "N", "B", "E"].filter((step) => agreed.isAnswered(step)),
    ["E"],
  );
  assert.equal(agreed.may("addHeaders") && agreed.may("changeHeaders"), true);
});

test("the macros we read are asked for, by stage, where the MTA lets us", () => {
  const lists = negotiate(offer(6, 0x1ff, 0x1fffff))?.answer.toString("latin1", 12);
  const stages = ["j {daemon_name}", "", "i {auth_type}", "i", "", "", "i"];
  assert.equal(lists, stages.map((names, stage) => `\0\0\0${String.fromCharCode(stage)}${names}\0`).join(""));
  assert.equal(negotiate(offer(6, 0xff, 0x1fffff))?.answer.length, 12);
  assert.equal(negotiate(offer(4, 0x1ff, 0x1fffff))?.answer.length, 12);
});

test("an old MTA gets an answer to each step, and is asked for no more than it grants", () => {
  const agreed = negotiate(offer(2, 0x01, 0x7f));
  assert.ok(agreed);
  assert.equal(agreed.answer.toString("hex"), "000000020000000100000000");
  assert.equal(agreed.isAnswered("L"), true);
  assert.equal(agreed.leadingSpace, false);
  assert.equal(agreed.may("changeHeaders"), false);
});

test("nothing is agreed on with a version before 2, or with half an offer", () => {
  assert.equal(negotiate(offer(1, 0, 0)), undefined);
  assert.equal(negotiate(Buffer.alloc(11)), undefined);
});
