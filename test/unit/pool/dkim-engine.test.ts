import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { concatShared } from "../../../src/mail/shared-octets.ts";
import { createDkimPool } from "../../../src/pool/dkim-engine.ts";
import { selfTest } from "../../../src/pool/self-test.ts";
import { JobLost, PoolSaturated } from "../../../src/pool/worker-pool.ts";
import { workerUrl } from "../../../src/process/module-url.ts";

const options = { worker: workerUrl("dkim"), threads: 1, maxQueue: 100, deadlineMs: 10_000 };
const misbehaving = new URL("misbehaving-worker.ts", import.meta.url).href;

function signJob(subject: string) {
  const { privateKey } = generateKeyPairSync("ed25519");
  return {
    header: concatShared([Buffer.from(`From: a@b.example\r\nSubject: ${subject}\r\n`)]),
    body: { chunks: [] },
    requests: [
      {
        domain: "b.example",
        selector: "s",
        algorithm: "ed25519-sha256",
        headerCanonicalization: "relaxed",
        bodyCanonicalization: "simple",
        identity: "",
        signedAt: 1,
        expiresAt: undefined,
        signedFields: { from: 2 },
        privateKey,
      },
    ],
  } as const;
}

test("the self-test passes on every worker of the real pool", async () => {
  const pool = createDkimPool({ ...options, threads: 2 });
  try {
    await selfTest(pool, 4, 20_000);
    assert.equal(pool.stats().restarts, 0);
  } finally {
    await pool.close();
  }
});

test("the self-test fails, and does not hang, when the worker cannot be loaded", async () => {
  const pool = createDkimPool({ ...options, worker: "file:///no/such/worker.ts", deadlineMs: 500 });
  try {
    await assert.rejects(selfTest(pool, 1, 5000));
  } finally {
    await pool.close();
  }
});

test("a body hashed while it arrives has the digests of the body hashed at once", async () => {
  const pool = createDkimPool(options);
  try {
    const specs = [
      { canonicalization: "relaxed", hash: "sha256" },
      { canonicalization: "simple", hash: "sha1" },
    ] as const;
    const chunks = Array.from({ length: 20 }, (_, i) =>
      concatShared([Buffer.from(`line  ${i} \r\n`.repeat(1000 + i))]),
    );
    const digester = pool.startDigest(specs);
    await Promise.all(chunks.map((chunk) => digester.update(chunk)));
    const streamed = await digester.digest();
    const sizeBytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    const atOnce = await pool.digestBody({ kind: "memory", sizeBytes, chunks }, specs);
    assert.deepEqual(streamed, atOnce);
    assert.equal(streamed.length, 2);
    const spooled = await pool.digestBody(
      {
        kind: "spool",
        sizeBytes,
        async *read() {
          yield* chunks;
        },
      },
      specs,
    );
    assert.deepEqual(spooled, atOnce);
    assert.equal(pool.stats().streams, 0);
  } finally {
    await pool.close();
  }
});

test("an aborted stream frees its slot and whoever waits for memory", async () => {
  const pool = createDkimPool(options);
  try {
    const digester = pool.startDigest([{ canonicalization: "simple", hash: "sha256" }]);
    const update = digester.update(concatShared([Buffer.from("gone\r\n")]));
    digester.abort();
    await update;
    await digester.digest().catch(() => {});
    assert.equal(pool.stats().streams, 0);
  } finally {
    await pool.close();
  }
});

test("a job that kills its worker is tried once more, alone, then lost; the others of its batch are done", async () => {
  const restarts: string[] = [];
  const pool = createDkimPool({
    ...options,
    worker: misbehaving,
    observer: { workersRestarted: (reason) => restarts.push(reason) },
  });
  try {
    const results = await Promise.allSettled(["fine", "die", "fine"].map((subject) => pool.sign(signJob(subject))));
    assert.deepEqual(
      results.map(({ status }) => status),
      ["fulfilled", "rejected", "fulfilled"],
    );
    assert.ok(results[1]?.status === "rejected" && results[1].reason instanceof JobLost);
    assert.deepEqual(restarts, ["died"]);
    assert.deepEqual(await pool.sign(signJob("after")), ["after"]);
  } finally {
    await pool.close();
  }
});

test("a job that hangs its worker is given up at the deadline; mail after it is done", async () => {
  const pool = createDkimPool({ ...options, worker: misbehaving, deadlineMs: 2000 });
  try {
    const hung = pool.sign(signJob("hang"));
    await assert.rejects(hung, JobLost);
    assert.deepEqual(await pool.sign(signJob("after")), ["after"]);
    assert.equal(pool.stats().restarts, 1);
  } finally {
    await pool.close();
  }
});

test("a throw in the worker costs its own job alone", async () => {
  const pool = createDkimPool({ ...options, worker: misbehaving });
  try {
    const results = await Promise.allSettled(["throw", "fine"].map((subject) => pool.sign(signJob(subject))));
    assert.deepEqual(
      results.map(({ status }) => status),
      ["rejected", "fulfilled"],
    );
    assert.equal(pool.stats().restarts, 0);
  } finally {
    await pool.close();
  }
});

test("jobs that the workers cannot begin soon are done on the calling thread, if they may be", async () => {
  const pool = createDkimPool(options);
  try {
    const jobs = Array.from({ length: 30 }, (_, i) => signJob(`job ${i}`));
    const done = await Promise.all(jobs.map((job) => pool.sign(job, () => ["here"])));
    const here = done.filter(([field]) => field === "here").length;
    assert.ok(here > 0 && here < jobs.length, `${here} of ${jobs.length}`);
    assert.ok(done.every(([field]) => field === "here" || field?.startsWith("DKIM-Signature:")));
    const refusing = await Promise.all(jobs.map((job) => pool.sign(job, () => undefined)));
    assert.ok(refusing.every(([field]) => field?.startsWith("DKIM-Signature:")));
    const alone = await pool.sign(signJob("alone"), () => ["here"]);
    assert.match(alone[0] ?? "", /^DKIM-Signature:/, "a worker that is free does it");
    assert.equal(pool.stats().queued, 0);
  } finally {
    await pool.close();
  }
});

test("a full queue refuses instead of growing", async () => {
  const pool = createDkimPool({ ...options, worker: misbehaving, maxQueue: 2 });
  try {
    const results = await Promise.allSettled([1, 2, 3].map((n) => pool.sign(signJob(`fine ${n}`))));
    assert.ok(results[2]?.status === "rejected" && results[2].reason instanceof PoolSaturated);
    assert.equal(results.filter(({ status }) => status === "fulfilled").length, 2);
  } finally {
    await pool.close();
  }
});
