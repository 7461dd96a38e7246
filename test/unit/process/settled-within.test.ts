import assert from "node:assert/strict";
import { test } from "node:test";
import { settledWithin } from "../../../src/process/settled-within.ts";

test("it is over when the work is settled, be it by failing", async () => {
  const work = Promise.withResolvers<void>();
  let over = false;
  const waiting = settledWithin(work.promise, 1e9).then(() => {
    over = true;
  });
  await new Promise(setImmediate);
  assert.equal(over, false);
  work.resolve();
  await waiting;
  assert.equal(await settledWithin(Promise.reject(new Error("failed")), 1e9), undefined);
});

test("work that goes on for longer is not waited for", async () => {
  assert.equal(await settledWithin(new Promise(() => undefined), 1), undefined);
});
