import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { runInNewContext } from "node:vm";
import { Worker } from "node:worker_threads";
import { prepareMemory, settleMemory } from "../../../src/process/v8-memory.ts";

test("what starting left behind is collected at once, and nobody else is handed the collector", async () => {
  const left = new WeakRef({ text: "nobody holds it" });
  // A reference that was just made, or asked, holds it until the turn ends.
  await turn();
  settleMemory();
  assert.equal(left.deref(), undefined);
  assert.equal(runInNewContext("typeof gc"), "undefined");
});

/** Octets that a thread may fill before its first minor collection. */
async function youngBytesOfWorker(): Promise<number> {
  const code = `
    const { parentPort } = require("node:worker_threads");
    const spaces = require("node:v8").getHeapSpaceStatistics();
    const { space_used_size, space_available_size } = spaces.find(({ space_name }) => space_name === "new_space");
    parentPort.postMessage(space_used_size + space_available_size);`;
  // The bound of the worker pool.
  const worker = new Worker(code, { eval: true, resourceLimits: { maxYoungGenerationSizeMb: 12 } });
  const [bytes]: unknown[] = await once(worker, "message");
  await worker.terminate();
  return Number(bytes);
}

test("a thread started after memory was prepared has 4 MB before its first collection", async () => {
  const before = await youngBytesOfWorker();
  prepareMemory();
  const after = await youngBytesOfWorker();
  // 1 or 2 MB, as the release of Node goes.
  assert.ok(before < 3 * 1024 * 1024, `${before} before`);
  assert.ok(after > 3.5 * 1024 * 1024, `${after} after`);
});
