import assert from "node:assert/strict";
import { test } from "node:test";
import { createNoticeLimit } from "../../../../src/flow/notices/notice-limit.ts";

test("an address gets so many at once and as many again in an hour, others are not touched", () => {
  const limit = createNoticeLimit(3);
  const taken = (address: string, atMs: number, tries = 5) =>
    Array.from({ length: tries }, () => limit(address, atMs)).filter(Boolean).length;
  assert.equal(taken("a@x", 0), 3);
  assert.equal(taken("A@X", 0), 0);
  assert.equal(taken("b@x", 0), 3);
  assert.equal(taken("a@x", 20 * 60_000), 1);
  assert.equal(taken("a@x", 10 * 3_600_000), 3);
});

test("what is remembered is bounded", () => {
  const limit = createNoticeLimit(1, 2);
  for (const address of ["a", "b", "c"]) assert.equal(limit(address, 0), true);
  assert.equal(limit("c", 0), false);
  assert.equal(limit("a", 0), true, "forgotten");
});
