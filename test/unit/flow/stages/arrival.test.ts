import assert from "node:assert/strict";
import { test } from "node:test";
import type { Check, CheckInput } from "../../../../src/checks/check.ts";
import type { Verification } from "../../../../src/dkim/engine.ts";
import { type ArrivalNeeds, createArrivals } from "../../../../src/flow/stages/arrival.ts";
import type { DkimVerifier, PendingVerification } from "../../../../src/flow/stages/verify-dkim.ts";
import type { BodyDigest } from "../../../../src/mail/digest.ts";
import type { Transaction } from "../../../../src/mail/transaction.ts";
import type { PolicyBank } from "../../../../src/policy/bank.ts";
import type { SignerChoice } from "../../../../src/signing/choose.ts";
import { signed } from "../../policy/mail.ts";
import { bankWith, transactionOf } from "../mails.ts";

const nobody: SignerChoice = { skip: "not-originating", candidates: [] };
const verifying = bankWith({ enable_dkim_verification: true });
const relaxed = { canonicalization: "relaxed", hash: "sha256" } as const;
const simple = { canonicalization: "simple", hash: "sha256" } as const;

function begin(bank: PolicyBank, transaction: Transaction, needs: Partial<ArrivalNeeds> = {}) {
  const arrive = createArrivals({
    verifier: { begin: () => undefined, finish: () => assert.fail("nothing is pending") },
    checks: [],
    signer: { choose: () => nobody },
    digestBody: () => assert.fail("the body is short"),
    resolveForMail: () => async () => ({ status: "nxdomain", ttlSeconds: 60, secure: false }),
    now: () => 1_700_000_000_000,
    ...needs,
  });
  return arrive(bank, transaction.session, transaction.envelope, transaction.message);
}

function verifierOf(
  verifications: readonly Verification[],
  digests: PendingVerification["digests"] = [],
): DkimVerifier {
  return {
    begin: (_head, { dkim_max_keys: maxKeys }) => ({
      policy: {
        partialBody: "policy",
        minimumKeyBits: 1024,
        rsaSha1: "policy",
        domainKeys: false,
        driftSeconds: 0,
        maxSignatures: 1,
        maxKeys,
      },
      fields: [],
      keys: Promise.resolve([]),
      digests,
    }),
    finish: async () => verifications,
  };
}

function checkNamed(name: string, more: Partial<Check> = {}): Check {
  return {
    name,
    isWanted: () => true,
    run: async () => ({ findings: [{ method: name, result: "pass", properties: [] }] }),
    ...more,
  };
}

test("the facts are the signatures, and findings with DKIM's first", async () => {
  const transaction = transactionOf();
  const verifications = [signed("there.example")];
  const arrival = begin(verifying, transaction, {
    verifier: verifierOf(verifications),
    checks: [checkNamed("spf"), checkNamed("dmarc")],
  });
  const facts = await arrival.judge(transaction);
  assert.deepEqual(facts.verifications, verifications);
  assert.deepEqual(
    facts.findings.map(({ method, result }) => `${method}=${result}`),
    ["dkim=pass", "spf=pass", "dmarc=pass"],
  );
});

for (const [title, bank, cut, findings] of [
  ["no signature is dkim=none", verifying, false, ["dkim=none"]],
  ["a header that is too large is dkim=policy", verifying, true, ["dkim=policy"]],
  ["where nothing is verified nothing is said", bankWith({ enable_dkim_verification: false }), false, []],
] as const) {
  test(title, async () => {
    const transaction = transactionOf();
    const { message } = transaction;
    const whole: Transaction = cut ? { ...transaction, message: { ...message, cut: "fields" } } : transaction;
    const facts = await begin(bank, whole).judge(whole);
    assert.deepEqual(
      facts.findings.map(({ method, result }) => `${method}=${result}`),
      findings,
    );
  });
}

test("checks begin with the header and have message, body and signatures once these are in", async () => {
  const transaction = transactionOf({ recipients: ["a@x", "b@x"] });
  const verifications = [signed("there.example")];
  let given: CheckInput | undefined;
  const seen: unknown[] = [];
  const arrival = begin(verifying, transaction, {
    verifier: verifierOf(verifications),
    checks: [
      checkNamed("content", {
        async run(input) {
          given = input;
          const [message, body, judged] = await Promise.all([input.message(), input.body(), input.verifications]);
          seen.push(message, body, judged);
          return { findings: [] };
        },
      }),
    ],
  });
  assert.deepEqual(given?.recipients, transaction.envelope.recipients);
  assert.equal(given.sender, "joe@there.example");
  assert.equal(given.now, 1_700_000_000);
  assert.deepEqual(seen, []);
  await arrival.judge(transaction);
  const { body } = transaction.message;
  assert.deepEqual(seen, [transaction.message, { chunks: body.kind === "memory" ? body.chunks : [] }, verifications]);
});

test("a check that no recipient is to have is not run", async () => {
  const transaction = transactionOf({ recipients: ["a@x", "b@x"] });
  const checks = [
    checkNamed("spf", { isWanted: () => false, run: () => assert.fail("nobody wants it") }),
    checkNamed("dmarc", { isWanted: (_bank, recipient) => recipient === "b@x" }),
  ];
  const facts = await begin(verifying, transaction, { checks }).judge(transaction);
  assert.deepEqual(
    facts.findings.map(({ method }) => method),
    ["dkim", "dmarc"],
  );
});

test("a check that fails is our trouble, and a mail that never comes is none", async () => {
  const transaction = transactionOf();
  const checks = [checkNamed("spf", { run: () => Promise.reject(new Error("no worker")) })];
  await assert.rejects(begin(verifying, transaction, { checks }).judge(transaction), /no worker/);
  // Ended without a word: an unhandled rejection would end this process.
  begin(verifying, transaction, { checks });
  await new Promise((resolve) => setImmediate(resolve));
});

test("a large body is hashed for signatures, checks, signer and seal, each digest once", () => {
  const transaction = transactionOf();
  const choice: SignerChoice = { skip: "no-candidate", candidates: [] };
  const needs = {
    verifier: verifierOf([], [relaxed]),
    checks: [checkNamed("arc", { digests: () => [relaxed, simple] })],
    signer: { choose: () => choice },
  };
  assert.deepEqual(begin(verifying, transaction, needs).digestSpecs(), [relaxed, simple]);
  const sealing = bankWith({ arc_seal: true });
  assert.deepEqual(begin(sealing, transaction).digestSpecs(), [relaxed]);
  assert.deepEqual(begin(verifying, transaction).digestSpecs(), []);
});

test("digests that were made while the body arrived are what a check gets", async () => {
  const made: BodyDigest = { ...relaxed, digest: Buffer.from("x"), canonicalBytes: 1 };
  const transaction = { ...transactionOf(), digests: Promise.resolve([made]) };
  let body: unknown;
  const check = checkNamed("arc", {
    digests: () => [relaxed],
    async run(input) {
      body = await input.body();
      return { findings: [] };
    },
  });
  await begin(verifying, transaction, { checks: [check] }).judge(transaction);
  assert.deepEqual(body, { digests: [made] });
});

test("who signs is chosen once per bank, from header, sender and bank", () => {
  const transaction = transactionOf();
  const chosen: unknown[] = [];
  const arrival = begin(verifying, transaction, {
    signer: {
      choose({ bank, mailFrom, head }) {
        chosen.push([bank, mailFrom, head]);
        return nobody;
      },
    },
  });
  const refined = bankWith({ originating: true });
  assert.deepEqual(chosen, []);
  arrival.digestSpecs();
  assert.equal(arrival.signerUnder(verifying), arrival.signerUnder(verifying));
  assert.deepEqual(chosen, [[verifying, "joe@there.example", transaction.message]]);
  arrival.signerUnder(refined);
  arrival.signerUnder(refined);
  assert.equal(chosen.length, 2);
});
