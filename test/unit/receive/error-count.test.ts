import assert from "node:assert/strict";
import { test } from "node:test";
import { ErrorCount } from "../../../src/receive/error-count.ts";

test("errors are counted by weight up to the limit", () => {
  const count = new ErrorCount();
  assert.deepEqual([count.error(3), count.error(3, 2)], [false, true]);
});

test("a hundred commands that lead to no mail are free, each further one is an error", () => {
  const count = new ErrorCount();
  const ends = Array.from({ length: 102 }, () => count.junk(2));
  assert.equal(ends.indexOf(true), 101);
});

test("a mail frees the commands, an accepted one the errors too", () => {
  const count = new ErrorCount();
  count.error(2);
  count.mailEnded(false);
  assert.equal(count.error(2), true);
  count.mailEnded(true);
  assert.equal(count.error(2), false);
});
