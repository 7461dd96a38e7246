import assert from "node:assert/strict";
import { test } from "node:test";
import { ehloLines } from "../../../src/smtp/ehlo.ts";

const offer = { name: "[127.0.0.1]", sizeLimit: 0, xforward: false, discard: [] };

const cases: readonly [string, readonly string[], readonly string[]][] = [
  ["nothing", [], ["VRFY", "PIPELINING", "SIZE", "ENHANCEDSTATUSCODES", "8BITMIME", "SMTPUTF8", "DSN"]],
  ["8BITMIME, and SMTPUTF8 with it", ["8bitmime"], ["VRFY", "PIPELINING", "SIZE", "ENHANCEDSTATUSCODES", "DSN"]],
  ["SMTPUTF8 alone", ["SMTPUTF8"], ["VRFY", "PIPELINING", "SIZE", "ENHANCEDSTATUSCODES", "8BITMIME", "DSN"]],
  ["SIZE and DSN", ["Size", "dsn", "XYZ"], ["VRFY", "PIPELINING", "ENHANCEDSTATUSCODES", "8BITMIME", "SMTPUTF8"]],
];

for (const [what, discard, keywords] of cases) {
  test(`hides ${what}`, () => assert.deepEqual(ehloLines({ ...offer, discard }), ["[127.0.0.1]", ...keywords]));
}

test("hides a keyword with what stands behind it", () => {
  const lines = ehloLines({ ...offer, sizeLimit: 1000, xforward: true, discard: ["XFORWARD"] });
  assert.ok(lines.includes("SIZE 1000"));
  assert.ok(!lines.some((line) => line.startsWith("XFORWARD")));
});
