import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { arcDigestSpecs, readArcFields } from "../../../src/arc/fields.ts";
import { sealMessage } from "../../../src/arc/seal.ts";
import type { SealJob } from "../../../src/authres/authenticator.ts";
import { splitHeader } from "../../../src/mail/header.ts";

const { privateKey } = generateKeyPairSync("ed25519");
const weakKey = generateKeyPairSync("rsa", { modulusLength: 512 }).privateKey;

function octets(text: string): Buffer {
  return Buffer.from(text.replaceAll("\n", "\r\n"), "latin1");
}

function seal(header: string, changes: Partial<SealJob> = {}) {
  return sealMessage({
    header: octets(header),
    body: { chunks: [Buffer.from("Hello.\r\n")] },
    chain: "none",
    authenticationResults: "mx.example.org; none",
    domain: "example.org",
    selector: "s",
    privateKey,
    signedAt: 1_700_000_000,
    ...changes,
  });
}

const from = "From: a@example.org\n";

function set(instance: number, cv = "pass"): string {
  return `ARC-Seal: i=${instance}; cv=${cv}\nARC-Message-Signature: i=${instance}\nARC-Authentication-Results: i=${instance}; x; none\n`;
}

test("a set is three fields: seal, message signature, results, each a line of its own kind", () => {
  const sealed = seal(`${from}Subject: x\nDKIM-Signature: v=1\nAuthentication-Results: mx; none\n`);
  assert.ok(sealed.result === "sealed");
  const [arcSeal = "", signature = "", results = ""] = sealed.fields;
  assert.match(
    arcSeal,
    /^ARC-Seal: a=ed25519-sha256;\r\n\tb=[A-Za-z0-9+/=\r\n\t]+;\r\n\tcv=none; d=example\.org; i=1; s=s; t=1700000000\r\n$/,
  );
  assert.equal(results, "ARC-Authentication-Results: i=1; mx.example.org; none\r\n");
  const names = /\sh=([^;]*);/.exec(signature)?.[1]?.replace(/\s/g, "").split(":") ?? [];
  assert.ok(names.includes("from") && names.includes("dkim-signature"), names.join());
  assert.ok(!names.some((name) => name.startsWith("arc-") || name === "authentication-results"), names.join());
  assert.equal(names.filter((name) => name === "from").length, 2, "a second From would break it");
});

test("where no set may follow, none is made, and why is told", () => {
  const fifty = Array.from({ length: 50 }, (_, i) => set(i + 1)).join("");
  const cases: [string, Partial<SealJob>, string][] = [
    [`${set(1, "fail")}${from}`, { chain: "fail" }, "chain-failed"],
    [`${set(2, "FAIL")}${set(1, "none")}${from}`, { chain: "fail" }, "chain-failed"],
    [`${set(1, "none")}${from}`, { chain: "none" }, "chain-unknown"],
    [from, { chain: "pass" }, "chain-unknown"],
    [`${fifty}${from}`, { chain: "pass" }, "too-many-sets"],
    ["Subject: x\n", {}, "no-author"],
    [from, { privateKey: weakKey }, "key-error"],
    [`${from}${"X: y\n".repeat(1001)}`, {}, "header-too-large"],
  ];
  for (const [header, changes, reason] of cases) {
    assert.deepEqual(seal(header, changes), { result: "refused", reason });
  }
});

test("a failed chain is closed with the next instance, whatever its sets look like", () => {
  const sealed = seal(`${set(1, "none")}${set(1, "none")}ARC-Seal: i=3; cv=pass\n${from}`, { chain: "fail" });
  assert.ok(sealed.result === "sealed");
  assert.match(sealed.fields[0] ?? "", /cv=fail; d=example\.org; i=4;/);
});

test("a digest that was not made is a fault of ours", () => {
  assert.throws(() => seal(from, { body: { digests: [] } }), /digest/);
});

test("ARC fields are found with their instances, unreadable ones as 0", () => {
  const text = `${set(2)}ARC-Seal: i=x\nARC-Authentication-Results: no; i=1\nARC-Message-Signature:\n i = 7 ; a=b\nARC-Other: i=1\n`;
  const found = readArcFields(splitHeader(octets(text)).fields).map(({ name, instance }) => `${name} ${instance}`);
  assert.deepEqual(found, [
    "arc-seal 2",
    "arc-message-signature 2",
    "arc-authentication-results 2",
    "arc-seal 0",
    "arc-authentication-results 0",
    "arc-message-signature 7",
  ]);
});

test("the newest message signature says which digest is needed", () => {
  const specs = (text: string) => arcDigestSpecs(splitHeader(octets(text)).fields);
  assert.deepEqual(specs(from), []);
  assert.deepEqual(
    specs("ARC-Message-Signature: i=1; c=relaxed/simple; l=5\nARC-Message-Signature: i=2; c=simple/relaxed\n"),
    [{ canonicalization: "relaxed", hash: "sha256" }],
  );
  assert.deepEqual(specs("ARC-Message-Signature: i=1; c=relaxed; l=x\n"), [
    { canonicalization: "simple", hash: "sha256" },
  ]);
});
