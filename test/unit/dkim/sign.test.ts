import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { defaultVerifyPolicy, type SignRequest } from "../../../src/dkim/engine.ts";
import { createKeyCache } from "../../../src/dkim/key-record.ts";
import { signMessage } from "../../../src/dkim/sign.ts";
import { defaultSignedHeaderFields } from "../../../src/dkim/signed-fields.ts";
import { verifyMessage } from "../../../src/dkim/verify.ts";
import type { Canonicalization } from "../../../src/mail/digest.ts";
import type { Answer } from "../../../src/rr/answer.ts";
import { shownBlock } from "../../support/document-blocks.ts";

const now = 1_800_000_000;
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const ed25519 = generateKeyPairSync("ed25519");

const header = Buffer.from(
  "Received: from a by b;\r\n\tdate\r\nFrom: Joe <joe@example.com>\r\nTo: a@example.org,\r\n  b@example.org\r\n" +
    "Subject:  two  blanks\t\r\nDate: Fri, 15 Jan 2027 08:00:00 +0000\r\nMessage-ID: <1@example.com>\r\n",
);
const body = Buffer.from("Hello \t world \r\n\r\n text\r\n\r\n\r\n");

const records: readonly (readonly [string, string])[] = [
  [
    "r._domainkey.example.com",
    `v=DKIM1; p=${rsa.publicKey.export({ format: "der", type: "spki" }).toString("base64")}`,
  ],
  [
    "e._domainkey.example.com",
    `v=DKIM1; k=ed25519; p=${ed25519.publicKey.export({ format: "der", type: "spki" }).subarray(12).toString("base64")}`,
  ],
];

const keys = records.map(([name, text]): [string, Answer<"TXT">] => [
  name,
  { status: "found", records: [[text.slice(0, 200), text.slice(200)]], ttlSeconds: 60, secure: false },
]);

function request(overrides: Partial<SignRequest>): SignRequest {
  return {
    domain: "example.com",
    selector: "r",
    algorithm: "rsa-sha256",
    headerCanonicalization: "relaxed",
    bodyCanonicalization: "relaxed",
    identity: "",
    signedAt: now,
    expiresAt: now + 1000,
    signedFields: defaultSignedHeaderFields,
    privateKey: rsa.privateKey,
    ...overrides,
  };
}

const canonicalizations: readonly Canonicalization[] = ["simple", "relaxed"];

test("what was signed passes, with both algorithms and all canonicalizations in one mail", () => {
  const requests = canonicalizations.flatMap((headerCanonicalization) =>
    canonicalizations.flatMap((bodyCanonicalization) => [
      request({ headerCanonicalization, bodyCanonicalization }),
      request({
        headerCanonicalization,
        bodyCanonicalization,
        selector: "e",
        algorithm: "ed25519-sha256",
        privateKey: ed25519.privateKey,
        identity: "=;\u00e9@sub.example.com",
      }),
    ]),
  );
  const signatures = signMessage({ header, body: { chunks: [body] }, requests });
  assert.equal(signatures.length, 8);
  for (const line of signatures.join("").split("\r\n")) assert.ok(line.replace("\t", "        ").length < 78, line);
  const signed = Buffer.concat([Buffer.from(signatures.join("")), header]);
  const results = verifyMessage(
    { header: signed, body: { chunks: [body] }, keys, now, policy: defaultVerifyPolicy },
    createKeyCache(),
  );
  assert.deepEqual(
    results.map(({ result, reason }) => [result, reason]),
    signatures.map(() => ["pass", undefined]),
  );
});

test("docs/dkim.md shows a signature as it is made", () => {
  const shown = shownBlock("docs/dkim.md", "DKIM-Signature:");
  const [line = ""] = signMessage({
    header: Buffer.from("From: a@example.com\r\nTo: b@example.org\r\nSubject: hi\r\n"),
    body: { chunks: [body] },
    requests: [request({ bodyCanonicalization: "relaxed", selector: "s1", expiresAt: now + 21 * 86_400 })],
  });
  // What follows the first names of h= is left out there.
  const start = shown.slice(0, shown.indexOf("..."));
  assert.equal(line.replaceAll("\r\n", "\n").slice(0, start.length), start);
  assert.match(line, /;\s+bh=[\w+/=]+;\s+b=[\w+/=\s]+$/);
});
