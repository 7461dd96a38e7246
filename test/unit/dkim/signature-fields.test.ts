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

for (const [title, from, signers, wanted] of [
  ["the author's own", "a@x.example", [...foreign, "x.example"], ["x.example"]],
  ["both of the author's", "a@x.example", [...foreign, "x.example/r", "x.example/e"], ["r/x.example", "e/x.example"]],
  [
    "those of the domain above and below",
    "a@m.x.example",
    [...foreign, "x.example", "n.m.x.example"],
    ["x.example", "n.m.x.example"],
  ],
  ["those of a neighbour", "a@m.x.example", [...foreign, "n.x.example"], ["n.x.example"]],
  [
    "the nearer before the farther",
    "a@m.x.co.example",
    [...foreign.map((d) => d.replace("org", "co.example")), "n.x.co.example"],
    ["n.x.co.example"],
  ],
  ["each author's", "a@x.example, b@y.example", [...foreign, "x.example", "y.example"], ["x.example", "y.example"]],
  ["of a From that readers differ on, too", "<@z.example:a@x.example> b", [...foreign, "x.example"], ["x.example"]],
] as const) {
  test(`signatures that could align with an author go first: ${title}`, () => {
    const asked = new Set(judged(keysAsked(from, signers)));
    assert.equal(asked.size, 5);
    for (const name of wanted) assert.ok(asked.has(name), `${name} in ${[...asked].join(" ")}`);
  });
}

test("a top level in common is nothing in common", () => {
  assert.ok(!keysAsked("a@x.example", [...foreign, "y.example"]).includes("s._domainkey.y.example"));
});
