import assert from "node:assert/strict";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { test } from "node:test";
import { defaultVerifyPolicy, type SignJob, type VerifyJob } from "../../../src/dkim/engine.ts";
import { signMessage } from "../../../src/dkim/sign.ts";
import { verifyMessage } from "../../../src/dkim/verify.ts";
import { workInPlace } from "../../../src/pool/in-place.ts";

const ed25519 = generateKeyPairSync("ed25519");
const rsa = (bits: number) => generateKeyPairSync("rsa", { modulusLength: bits }).privateKey;

function request(privateKey: KeyObject): SignJob["requests"][number] {
  return {
    domain: "example.com",
    selector: "s",
    algorithm: privateKey.asymmetricKeyType === "rsa" ? "rsa-sha256" : "ed25519-sha256",
    headerCanonicalization: "relaxed",
    bodyCanonicalization: "relaxed",
    identity: "",
    signedAt: 1_700_000_000,
    expiresAt: undefined,
    signedFields: { from: 2 },
    privateKey,
  };
}

const header = Buffer.from("From: alice@example.com\r\nSubject: in place\r\n");
const body = Buffer.from("One line.\r\n");
const signJob: SignJob = { header, body: { chunks: [body] }, requests: [request(ed25519.privateKey)] };
const raw = ed25519.publicKey.export({ format: "der", type: "spki" }).subarray(-32).toString("base64");
const record = `v=DKIM1; k=ed25519; p=${raw}`;

function answered(...texts: string[]): VerifyJob["keys"] {
  const records = texts.map((text) => [text]);
  return [["s._domainkey.example.com", { status: "found", records, ttlSeconds: 60, secure: false }]];
}

const verifyJob: VerifyJob = {
  header: Buffer.concat([Buffer.from(signMessage(signJob).join("")), header]),
  body: { chunks: [body] },
  keys: answered(record),
  now: 1_700_000_000,
  policy: defaultVerifyPolicy,
};

/** A scene in which time stands still unless it is moved. */
function scene({ idle = true } = {}) {
  const state = { idle, atMs: 1000, takesMs: 0, asked: 0, inPlace: 0, takesBack: false };
  const engine = workInPlace(
    {
      get idle() {
        return state.idle;
      },
      async sign(job, here) {
        const fields = state.takesBack ? here?.() : undefined;
        if (fields !== undefined) return fields;
        state.asked += 1;
        return signMessage(job);
      },
      async verify(job) {
        state.asked += 1;
        return verifyMessage(job);
      },
    },
    {
      now: () => {
        const at = state.atMs;
        state.atMs += state.takesMs;
        return at;
      },
      done: () => {
        state.inPlace += 1;
      },
    },
  );
  return { engine, state };
}

const padded = (bytes: number) => Buffer.concat([header, Buffer.from(`X-Pad: ${"x".repeat(bytes)}\r\n`)]);
const digests = [
  { canonicalization: "relaxed", hash: "sha256", digest: Buffer.alloc(32), canonicalBytes: 11 },
] as const;

const signCases: readonly [what: string, job: SignJob, where: "in place" | "workers"][] = [
  ["small mail, Ed25519", signJob, "in place"],
  ["small mail, RSA of 2048 bits", { ...signJob, requests: [request(rsa(2048))] }, "in place"],
  ["a header of 15 kB", { ...signJob, header: padded(15_000) }, "in place"],
  ["a body of 64 kB in two pieces", { ...signJob, body: { chunks: [Buffer.alloc(65_000), body] } }, "in place"],
  ["two signatures", { ...signJob, requests: [...signJob.requests, request(rsa(1024))] }, "in place"],
  ["RSA of 4096 bits", { ...signJob, requests: [request(rsa(4096))] }, "workers"],
  ["a header of 17 kB", { ...signJob, header: padded(17_000) }, "workers"],
  ["a body of 66 kB in two pieces", { ...signJob, body: { chunks: [Buffer.alloc(66_000), body] } }, "workers"],
  ["three signatures", { ...signJob, requests: Array(3).fill(request(ed25519.privateKey)) }, "workers"],
];
for (const [what, job, where] of signCases) {
  test(`to sign ${what}: ${where}`, async () => {
    const { engine, state } = scene();
    const fields = await engine.sign(job);
    assert.equal(fields.length, job.requests.length);
    assert.deepEqual([state.inPlace, state.asked], where === "in place" ? [1, 0] : [0, 1]);
  });
}

const verifyCases: readonly [what: string, job: VerifyJob, where: "in place" | "workers"][] = [
  ["small mail", verifyJob, "in place"],
  ["a key that is not there", { ...verifyJob, keys: [] }, "in place"],
  ["a body that was hashed as it came", { ...verifyJob, body: { digests } }, "in place"],
  ["a record of 800 octets", { ...verifyJob, keys: answered(record.padEnd(800)) }, "in place"],
  ["a record of 801 octets", { ...verifyJob, keys: answered(record.padEnd(801)) }, "workers"],
  ["two records at a name", { ...verifyJob, keys: answered(record, record) }, "workers"],
  ["keys of four names", { ...verifyJob, keys: Array(4).fill(verifyJob.keys[0]) }, "workers"],
  ["a header of 17 kB", { ...verifyJob, header: padded(17_000) }, "workers"],
  ["a body of 66 kB", { ...verifyJob, body: { chunks: [Buffer.alloc(66_000)] } }, "workers"],
];
for (const [what, job, where] of verifyCases) {
  test(`to verify ${what}: ${where}`, async () => {
    const { engine, state } = scene();
    assert.deepEqual(await engine.verify(job), verifyMessage(job));
    assert.deepEqual([state.inPlace, state.asked], where === "in place" ? [1, 0] : [0, 1]);
  });
}

test("while the workers have something to do, they have all of it", async () => {
  const { engine, state } = scene({ idle: false });
  await engine.sign(signJob);
  assert.deepEqual([state.inPlace, state.asked], [0, 1]);
});

const shared: readonly [what: string, job: SignJob, here: boolean][] = [
  ["an RSA signature", { ...signJob, requests: [request(rsa(2048))] }, true],
  ["one of two signatures by RSA", { ...signJob, requests: [...signJob.requests, request(rsa(1024))] }, true],
  ["an Ed25519 signature", signJob, false],
  ["RSA of 4096 bits", { ...signJob, requests: [request(rsa(4096))] }, true],
  [
    "an RSA signature of a header of 17 kB",
    { ...signJob, requests: [request(rsa(1024))], header: padded(17_000) },
    false,
  ],
];
for (const [what, job, expected] of shared) {
  test(`${what} ${expected ? "may" : "may not"} be taken back from busy workers`, async () => {
    const { engine, state } = scene({ idle: false });
    state.takesBack = true;
    assert.deepEqual((await engine.sign(job)).length, job.requests.length);
    assert.deepEqual([state.inPlace, state.asked], expected ? [1, 0] : [0, 1]);
  });
}

test("a job is alone when none came for a millisecond, wherever that one was done", async () => {
  const { engine, state } = scene();
  const gaps: readonly [ms: number, inPlace: number][] = [
    [0, 1],
    [0.5, 1],
    [0.9, 1],
    [1, 2],
    [0.9, 2],
    [5, 3],
  ];
  for (const [ms, inPlace] of gaps) {
    state.atMs += ms;
    await engine.verify(verifyJob);
    assert.equal(state.inPlace, inPlace, `after ${ms} ms`);
  }
  assert.equal(state.asked, gaps.length - 3);
});

test("a job that took long is followed by as long a rest", async () => {
  const { engine, state } = scene();
  state.takesMs = 40;
  await engine.verify(verifyJob);
  state.takesMs = 0;
  const endedAt = state.atMs - 40;
  state.atMs = endedAt + 39;
  await engine.verify(verifyJob);
  assert.deepEqual([state.inPlace, state.asked], [1, 1]);
  state.atMs = endedAt + 80;
  await engine.verify(verifyJob);
  assert.deepEqual([state.inPlace, state.asked], [2, 1]);
});

test("what throws here is left to the workers to explain", async () => {
  const { engine, state } = scene();
  const broken = { ...signJob, body: { digests: [] } };
  await assert.rejects(engine.sign(broken), { message: /digest/ });
  assert.deepEqual([state.inPlace, state.asked], [0, 1]);
});
