import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import type { ChosenSigner, NoSigner, PossibleSignature } from "../../../src/signing/choose.ts";
import type { Attempt } from "../../../src/signing/find-key.ts";
import { loadKeyring } from "../../../src/signing/load-keyring.ts";
import { planSigning, signaturesToMake, signingDigests } from "../../../src/signing/plan.ts";
import { filesOf, rsaPem } from "./keys.ts";

const { keyring } = loadKeyring(
  { dkim_keys: [{ domain: "example.com", selector: "foo", file: "/k" }] },
  filesOf({ "/k": rsaPem }),
);
const [key] = keyring.find("example.com");
assert.ok(key !== undefined);
const { privateKey } = generateKeyPairSync("ed25519");

function possible(more: Partial<PossibleSignature> = {}): PossibleSignature {
  assert.ok(key !== undefined);
  return {
    key,
    domain: "example.com",
    identity: "",
    algorithm: "ed25519-sha256",
    privateKey,
    options: {},
    relation: "author",
    signedFields: { from: 2 },
    ...more,
  };
}

function chosen(...tries: readonly (PossibleSignature | Attempt)[]): ChosenSigner {
  const signer = { source: "From", address: "a@example.com", localPart: "a", domain: "example.com" } as const;
  return { signer, tries, matches: [], passedOver: [] };
}

const receivedAtMs = 1_700_000_000_250;
const nothingYet = { validSignatures: [], receivedAtMs };
const carried = (domain: string, identity = `@${domain}`) => ({
  ...nothingYet,
  validSignatures: [{ domain, identity }],
});

for (const [title, options, times] of [
  ["no options: no end", {}, [1_700_000_000, undefined]],
  ["ttl counts from the moment of arrival, to the next whole second", { ttl: 60 }, [1_700_000_000, 1_700_000_061]],
  ["x in the future is taken as it is", { x: 1_800_000_000 }, [1_700_000_000, 1_800_000_000]],
  ["x in the past is left out", { x: 1_600_000_000 }, [1_700_000_000, undefined]],
] as const) {
  test(`times of a signature: ${title}`, () => {
    const plan = planSigning(chosen(possible({ options })), nothingYet);
    assert.ok("sign" in plan);
    assert.deepEqual(
      plan.sign.map(({ signedAt, expiresAt }) => [signedAt, expiresAt]),
      [times],
    );
  });
}

for (const [title, identity, leaving, result] of [
  ["by the domain", "", carried("example.com"), "already-signed"],
  ["by the domain for another i=", "@x.example.com", carried("example.com"), "signed"],
  ["by the domain for the same i=", "@x.example.com", carried("example.com", "@x.example.com"), "already-signed"],
  ["by another domain", "", carried("example.org"), "signed"],
] as const) {
  test(`mail that carries a valid signature ${title}: ${result}`, () => {
    const plan = planSigning(chosen(possible({ identity })), leaving);
    assert.equal("sign" in plan ? "signed" : plan.skip, result);
  });
}

test("of two signatures the one that is missing is made, and both are told of", () => {
  const plan = planSigning(chosen(possible(), possible({ identity: "@x.example.com" })), carried("example.com"));
  assert.ok("sign" in plan);
  assert.deepEqual(
    plan.candidates.map(({ attempts }) => attempts.map(({ result }) => result)),
    [["already-signed", "chosen"]],
  );
  assert.equal(plan.sign.length, 1);
});

test("a key that cannot be had defers the mail, beside one that can, and nothing is hashed for it", () => {
  const choice = chosen(possible(), {
    result: "key-unavailable",
    domain: "example.com",
    selector: "b",
    detail: "EACCES",
  });
  const plan = planSigning(choice, nothingYet);
  assert.ok("skip" in plan);
  assert.deepEqual([plan.skip, plan.temporary, plan.detail], ["key-unavailable", true, "EACCES"]);
  assert.deepEqual(signingDigests(choice), []);
});

test("where nobody signs the reason stands, whatever the mail carries", () => {
  const choice: NoSigner = { skip: "no-candidate", candidates: [], detail: "x" };
  assert.deepEqual(planSigning(choice, carried("example.com")), { ...choice, temporary: false });
  assert.deepEqual(signingDigests(choice), []);
});

test("the body is hashed once for signatures with the same canonicalization", () => {
  const relaxed = { c: { header: "relaxed", body: "relaxed" } } as const;
  const specs = (...options: readonly PossibleSignature["options"][]) =>
    signingDigests(chosen(...options.map((each) => possible({ options: each })))).map(
      ({ canonicalization, hash }) => `${canonicalization} ${hash}`,
    );
  assert.deepEqual(specs({}), ["simple sha256"]);
  assert.deepEqual(specs(relaxed, relaxed), ["relaxed sha256"]);
  assert.deepEqual(specs({}, relaxed), ["simple sha256", "relaxed sha256"]);
});

test("what is to be made is what is planned, whatever the mail carries", () => {
  const own = possible();
  const other = possible({ domain: "example.org", identity: "@x.example.org", algorithm: "rsa-sha256" });
  const absent = { result: "no-key-for-domain", domain: "example.com" } as const;
  for (const tries of [[own], [own, other], [other, absent, own]]) {
    for (const leaving of [
      nothingYet,
      carried("example.com"),
      carried("example.org"),
      carried("example.org", "@x.example.org"),
    ]) {
      const choice = chosen(...tries);
      const made = signaturesToMake(choice, leaving.validSignatures);
      const plan = planSigning(choice, leaving);
      assert.deepEqual(
        made.map(({ domain, key: { selector }, algorithm }) => [domain, selector, algorithm]),
        "sign" in plan ? plan.sign.map(({ domain, selector, algorithm }) => [domain, selector, algorithm]) : [],
      );
    }
  }
  assert.deepEqual(signaturesToMake({ skip: "no-candidate", candidates: [] }, []), []);
});
