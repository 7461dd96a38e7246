import assert from "node:assert/strict";
import { test } from "node:test";
import { endThreads } from "../../../src/process/end-threads.ts";

test("it is over when the threads are gone", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  let over = false;
  const ended = endThreads({ destroy: () => promise }).then(() => {
    over = true;
  });
  await new Promise(setImmediate);
  assert.equal(over, false);
  resolve();
  await ended;
  assert.equal(over, true);
});

test("threads that do not end, or whose end fails, hold nothing up", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const ended = endThreads({ destroy: () => new Promise<void>(() => undefined) });
  t.mock.timers.tick(1000);
  assert.equal(await ended, undefined);
  assert.equal(await endThreads({ destroy: () => Promise.reject(new Error("gone already")) }), undefined);
});
