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
  assert.equal(agreed.answer.toString("hex"), "000000060000003f001db180");
  assert.equal(agreed.leadingSpace, true);
  assert.deepEqual(
    ["C", "H", "M", "R", "T", "L", "N", "B", "E"].filter((step) => agreed.isAnswered(step)),
    ["M", "E"],
  );
  assert.equal(agreed.may("addHeaders") && agreed.may("changeHeaders"), true);
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
