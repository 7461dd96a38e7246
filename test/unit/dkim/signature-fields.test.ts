import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultVerifyPolicy } from "../../../src/dkim/engine.ts";
import { readSignatureFields } from "../../../src/dkim/signature-fields.ts";
import { splitHeader } from "../../../src/mail/header.ts";

/** The keys asked for, of signatures given as "d=" or "d=/s=", top to bottom. */
function keysAsked(
  from: string,
  signers: readonly string[],
  policy: Partial<typeof defaultVerifyPolicy> = {},
): string[] {
  const lines = signers.map((signer) => {
    const [domain = "", selector = "s"] = signer.split("/");
    return `DKIM-Signature: v=1; a=rsa-sha256; d=${domain}; s=${selector}; h=From; bh=AAAA; b=AAAA\r\n`;
  });
  const header = Buffer.from(`${lines.join("")}From: ${from}\r\n`);
  const read = readSignatureFields(splitHeader(header).fields, { ...defaultVerifyPolicy, ...policy });
  return read.flatMap(({ keyName }) => keyName ?? []);
}

const foreign = Array.from({ length: 12 }, (_, i) => `hop${i}.example.org`);
const judged = (asked: readonly string[]) => asked.map((name) => name.replace("._domainkey.", "/").replace(/^s\//, ""));

test("as many keys as allowed are asked for, from the top", () => {
  assert.deepEqual(judged(keysAsked("a@x.example", foreign)), foreign.slice(0, 5));
  assert.deepEqual(judged(keysAsked("a@x.example", foreign, { maxKeys: 20 })), foreign.slice(0, 10));
});

test("the author's key is asked for, however many stand above it", () => {
  const asked = judged(keysAsked("a@x.example", [...foreign, "x.example/r", "x.example/e"]));
  assert.deepEqual(asked, [...foreign.slice(0, 3), "r/x.example", "e/x.example"]);
});
