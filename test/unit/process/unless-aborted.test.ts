import assert from "node:assert/strict";
import { test } from "node:test";
import { unlessAborted } from "../../../src/process/unless-aborted.ts";

test("work settles as it does where nobody aborts it", async () => {
  const { signal } = new AbortController();
  assert.equal(await unlessAborted(Promise.resolve(7), undefined), 7);
  assert.equal(await unlessAborted(Promise.resolve(7), signal), 7);
  await assert.rejects(unlessAborted(Promise.reject(new Error("broken")), signal), /broken/);
});

test("work that is given up while it goes on, or was before it began, is rejected, and may fail unheard", async () => {
  const controller = new AbortController();
  const work = Promise.withResolvers<void>();
  const given = unlessAborted(work.promise, controller.signal);
  controller.abort();
  await assert.rejects(given, /told to end/);
  await assert.rejects(unlessAborted(work.promise, controller.signal), /told to end/);
  work.reject(new Error("too late to matter"));
});
