import assert from "node:assert/strict";
import { test } from "node:test";
import type { DkimEngine } from "../../../src/dkim/engine.ts";
import { createDkimPool } from "../../../src/pool/dkim-engine.ts";
import { selfTest } from "../../../src/pool/self-test.ts";
import { JobLost, JobOverdue } from "../../../src/pool/worker-pool.ts";
import { workerUrl } from "../../../src/process/module-url.ts";

/** The real engine behind workers that are first so often too late. */
function lateAtFirst(times: number, engine: Pick<DkimEngine, "sign" | "verify">) {
  let left = times;
  return {
    sign: (job: Parameters<DkimEngine["sign"]>[0]) => {
      left -= 1;
      return left >= 0 ? Promise.reject(new JobOverdue("too late")) : engine.sign(job);
    },
    verify: engine.verify,
    left: () => left,
  };
}

test("what comes too late is tried again, until it comes in time", async () => {
  const pool = createDkimPool({ worker: workerUrl("dkim"), threads: 1, maxQueue: 100, deadlineMs: 60_000 });
  try {
    const engine = lateAtFirst(5, pool);
    await selfTest(engine, 2, 1e6);
    assert.equal(engine.left(), -2);
  } finally {
    await pool.close();
  }
});

test("workers that are always too late fail when the time is over, and are asked nothing more", async () => {
  let asked = 0;
  let isOver = false;
  const late = async () => {
    assert.equal(isOver, false);
    asked += 1;
    await new Promise((resolve) => setImmediate(resolve));
    throw new JobOverdue("too late");
  };
  await assert.rejects(selfTest({ sign: late, verify: late }, 1, 5), /^Error: worker threads: no answer within 5 ms$/);
  // The one that was out by then.
  await new Promise((resolve) => setImmediate(resolve));
  isOver = true;
  await new Promise((resolve) => setImmediate(resolve));
  assert.ok(asked > 0);
});

test("a worker that dies, or computes something else, fails at once with the reason", async () => {
  let asked = 0;
  const dead = async () => {
    asked += 1;
    throw new JobLost("a job failed on two workers: no memory");
  };
  await assert.rejects(
    selfTest({ sign: dead, verify: dead }, 1, 1e6),
    /^Error: worker threads: a job failed on two workers: no memory$/,
  );
  assert.equal(asked, 1);
  const forged = { sign: async () => [""], verify: async () => [] };
  await assert.rejects(selfTest(forged, 1, 1e6), /worker threads: a worker's signature does not verify/);
});
