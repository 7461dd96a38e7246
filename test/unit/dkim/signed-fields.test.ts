import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultSignedHeaderFields, listSignedFields } from "../../../src/dkim/signed-fields.ts";
import { splitHeader } from "../../../src/mail/header.ts";

function list(header: string, table: Readonly<Record<string, number>>): string {
  return listSignedFields(splitHeader(Buffer.from(header)).fields, table).join(" ");
}

const header = "Received: 1\r\nSender: s\r\nFrom: f\r\nTo: t\r\nReceived: 2\r\nSubject: u\r\n";

const cases: readonly { name: string; header: string; table: Record<string, number>; wanted: string }[] = [
  {
    name: "lists fields bottom-up",
    header,
    table: { subject: 1, to: 1, from: 1, received: 1 },
    wanted: "subject received to from received",
  },
  {
    name: "puts the extra entry of a 2 next to its field",
    header,
    table: { subject: 2, from: 2 },
    wanted: "subject subject from from",
  },
  {
    name: "puts one extra entry only, however many fields there are",
    header,
    table: { received: 2 },
    wanted: "received received from received",
  },
  { name: "adds a 2 that is not there at the end", header, table: { cc: 2, from: 1, date: 2 }, wanted: "from cc date" },
  { name: "leaves out a 0 and what is not in the table", header, table: { sender: 0, from: 1 }, wanted: "from" },
  { name: "always has From, as RFC 6376 section 5.4 says", header, table: { from: 0, to: 1 }, wanted: "to from" },
  {
    name: "has no extra entry for DKIM-Signature: verifiers would take the new one for it",
    header: `DKIM-Signature: 1\r\n${header}`,
    table: { "dkim-signature": 2, from: 1 },
    wanted: "from dkim-signature",
  },
  { name: "signs no DKIM-Signature that is not there", header, table: { "dkim-signature": 2 }, wanted: "from" },
  {
    name: "takes names that every object has for what they are",
    header: "constructor: x\r\nFrom: f\r\n__proto__: y\r\n",
    table: { from: 1 },
    wanted: "from",
  },
  {
    name: "passes over lines without a name",
    header: " folded\r\nno colon\r\nFrom: f\r\n",
    table: { from: 1 },
    wanted: "from",
  },
];

for (const { name, header: text, table, wanted } of cases) {
  test(name, () => assert.equal(list(text, table), wanted));
}

test("the default table protects what a reader sees, present or not", () => {
  const names = list("From: f\r\n", defaultSignedHeaderFields).split(" ");
  assert.deepEqual(names.slice(0, 2), ["from", "from"]);
  for (const name of ["subject", "date", "to", "cc", "reply-to", "message-id", "mime-version", "content-type"]) {
    assert.ok(names.includes(name), name);
  }
  assert.ok(!names.includes("sender"));
});
