import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import type { VerifyJob } from "../../../../src/dkim/engine.ts";
import { createDkimVerifier } from "../../../../src/flow/stages/verify-dkim.ts";
import { digestBody } from "../../../../src/mail/body-digest.ts";
import type { Resolve } from "../../../../src/rr/answer.ts";
import { bankWith, transactionOf } from "../mails.ts";

const signature = (selector: string) =>
  `DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=there.example; s=${selector}; h=from; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=QUJD\r\n`;
const signedBy = (...selectors: readonly string[]) =>
  transactionOf({ text: `${selectors.map(signature).join("")}From: joe@there.example\r\n\r\nhello\r\n` }).message;
const plain = transactionOf().message;
const noDigests = () => assert.fail("the body is short");

function scene() {
  const jobs: VerifyJob[] = [];
  const asked: string[] = [];
  const resolve: Resolve = async (name) => {
    asked.push(name);
    return { status: "nxdomain", ttlSeconds: 60, secure: false };
  };
  const verifier = createDkimVerifier(
    {
      async verify(job) {
        jobs.push(job);
        return [];
      },
    },
    noDigests,
  );
  return { jobs, asked, resolve, verifier };
}

test("keys are asked for when the header is in, each once, and go with the job", async () => {
  const { jobs, asked, resolve, verifier } = scene();
  const message = signedBy("s1", "s2", "s1");
  const pending = verifier.begin(message, bankWith({ enable_dkim_verification: true }), resolve);
  assert.ok(pending !== undefined);
  assert.deepEqual(asked, ["s1._domainkey.there.example", "s2._domainkey.there.example"]);
  assert.equal(jobs.length, 0);
  await verifier.finish(pending, message, { body: message.body }, 1_700_000_000);
  assert.deepEqual(
    jobs.map(({ keys, now }) => [keys.map(([name]) => name), now]),
    [[["s1._domainkey.there.example", "s2._domainkey.there.example"], 1_700_000_000]],
  );
});

test("what the bank says of weak and untimely signatures goes with the job, setting by setting", async () => {
  for (const [settings, policy] of [
    [{ dkim_clock_drift: 77 }, { driftSeconds: 77 }],
    [{ dkim_minimum_key_bits: 2048 }, { minimumKeyBits: 2048 }],
    [{ dkim_rsa_sha1: "accept" }, { rsaSha1: "accept" }],
    [{ enable_domainkeys_verification: true }, { domainKeys: true }],
    [{ dkim_max_signatures: 3 }, { maxSignatures: 3 }],
    [{ dkim_max_keys: 2 }, { maxKeys: 2 }],
  ] as const) {
    const { jobs, resolve, verifier } = scene();
    const message = signedBy("s1");
    const pending = verifier.begin(message, bankWith({ enable_dkim_verification: true, ...settings }), resolve);
    assert.ok(pending !== undefined);
    await verifier.finish(pending, message, { body: message.body }, 0);
    assert.deepEqual({ ...jobs[0]?.policy, ...policy }, jobs[0]?.policy, JSON.stringify(policy));
  }
});

test("nothing is pending without a signature, where verification is off, for a header over the limits", () => {
  const { resolve, verifier } = scene();
  const on = bankWith({ enable_dkim_verification: true });
  assert.equal(verifier.begin(plain, on, resolve), undefined);
  assert.equal(verifier.begin(signedBy("s1"), bankWith({ enable_dkim_verification: false }), resolve), undefined);
  assert.equal(verifier.begin({ ...signedBy("s1"), cut: "fields" }, on, resolve), undefined);
});

test("an engine that cannot do its work is not taken for a signature that does not hold", async () => {
  const { resolve } = scene();
  const verifier = createDkimVerifier({ verify: () => Promise.reject(new Error("no worker")) }, noDigests);
  const message = signedBy("s1");
  const pending = verifier.begin(message, bankWith({ enable_dkim_verification: true }), resolve);
  assert.ok(pending !== undefined);
  await assert.rejects(verifier.finish(pending, message, { body: message.body }, 0), /no worker/);
});

/** The digest that later stages get, after signatures with such results, over a body of so many canonicalized octets. */
async function digestAfter(results: readonly string[], canonicalBytes = 7, message = signedBy("s1", "s2")) {
  const verifications = results.map((result) => (result === "pass" ? { result, canonicalBytes } : { result }));
  const verifier = createDkimVerifier({ verify: async () => verifications as never }, noDigests);
  const pending = verifier.begin(message, bankWith({ enable_dkim_verification: true }), scene().resolve);
  assert.ok(pending !== undefined);
  await verifier.finish(pending, message, { body: message.body }, 0);
  return digestBody(message.body);
}

test("a body that a valid signature was judged by is not hashed again", async () => {
  const told = Buffer.from("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", "base64");
  const made = createHash("sha256").update("hello\r\n").digest();
  assert.deepEqual(await digestAfter(["pass", "fail"]), told);
  assert.deepEqual(await digestAfter(["fail", "pass"]), told);
  assert.deepEqual(await digestAfter(["fail", "policy"]), made, "bh= of what does not hold is anybody's word");
  assert.deepEqual(await digestAfter([]), made);
});

test("nor is a body known by a digest of other octets than its own", async () => {
  const text = `${signature("s1")}From: joe@there.example\r\n\r\nhello  world\r\n`;
  const made = createHash("sha256").update("hello  world\r\n").digest();
  assert.deepEqual(await digestAfter(["pass"], "hello world\r\n".length, transactionOf({ text }).message), made);
});

test("nor again where it was hashed while it arrived", async () => {
  const message = signedBy("s1");
  const verifier = createDkimVerifier(
    { verify: async () => [{ result: "pass", canonicalBytes: 7 }] as never },
    noDigests,
  );
  const pending = verifier.begin(message, bankWith({ enable_dkim_verification: true }), scene().resolve);
  assert.ok(pending !== undefined);
  const digest = Buffer.from("of another body, to be told apart");
  const digests = Promise.resolve(pending.digests.map((spec) => ({ ...spec, digest, canonicalBytes: 7 })));
  await verifier.finish(pending, message, { body: message.body, digests }, 0);
  assert.deepEqual(
    await digestBody(message.body),
    Buffer.from("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", "base64"),
  );
});
