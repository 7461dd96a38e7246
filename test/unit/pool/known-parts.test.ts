import assert from "node:assert/strict";
import { test } from "node:test";
import type { PartsFound } from "../../../src/mail/content.ts";
import { splitHeader } from "../../../src/mail/header.ts";
import { createKnownParts, partsKey } from "../../../src/pool/known-parts.ts";

const one = Buffer.alloc(32, 1);
const fields =
  "From: a@example.com\r\nContent-Type: multipart/mixed; boundary=x\r\nContent-Transfer-Encoding: 7bit\r\n";
const keyOf = (header: string, digest = one) => partsKey(splitHeader(Buffer.from(header)), digest);

const part = { path: "1", parent: -1, names: ["a.txt"], types: ["asc"], sizeBytes: 3, encrypted: false };
const found: PartsFound = { parts: [part], unchecked: [] };

const same: readonly (readonly [string, string])[] = [
  ["another recipient", `To: b@example.net\r\n${fields}`],
  ["another way here", `Received: from x by y;\r\n\tThu, 01 Oct 2026 10:00:00 +0000\r\n${fields}`],
  ["a signature", `DKIM-Signature: v=1; b=abc\r\n${fields}`],
];
for (const [title, header] of same) {
  test(`copies of a mail have one key: ${title}`, () => {
    assert.equal(keyOf(header), keyOf(fields));
  });
}

const others: readonly (readonly [string, string])[] = [
  ["another boundary", fields.replace("boundary=x", "boundary=y")],
  ["another type", fields.replace("multipart/mixed", "multipart/digest")],
  ["another encoding", fields.replace("7bit", "base64")],
  ["a second Content-Type", `${fields}Content-Type: text/plain\r\n`],
  ["a name", `${fields}Content-Disposition: attachment; filename=a.exe\r\n`],
  ["white space before the colon", fields.replace("Content-Type:", "Content-Type :")],
  ["a folded line of blanks in a field of no account", fields.replace("From: a", "From: \r\n \r\n a")],
  ["a CR within a field of no account", fields.replace("From: a", "From: \r a")],
  ["a line of a mailbox file on top", `From a Thu Jan 1\r\n${fields}`],
  ["a line that is no field", `no field\r\n${fields}`],
  ["more fields than are read", `${"X: y\r\n".repeat(1001)}${fields}`],
];
for (const [title, header] of others) {
  test(`what the walk reads of a header makes another key: ${title}`, () => {
    assert.notEqual(keyOf(header), keyOf(fields));
  });
}

test("a key is bounded, however long the fields are", () => {
  const long = (name: string) => `Content-Type: text/plain; name="${"x".repeat(5000)}${name}"\r\n`;
  assert.ok(keyOf(long("a")).length < 500);
  assert.equal(keyOf(long("a")), keyOf(long("a")));
  assert.notEqual(keyOf(long("a")), keyOf(long("b")));
});

test("another body makes another key", () => {
  assert.notEqual(keyOf(fields, Buffer.alloc(32, 2)), keyOf(fields));
});

test("what was found is found again, as a copy that says so", () => {
  const known = createKnownParts();
  known.keep("a", found);
  assert.deepEqual(known.find("a"), { ...found, isKept: true });
  assert.equal(known.find("a"), known.find("a"));
  assert.notEqual(known.find("a"), found);
  assert.equal(known.find("b"), undefined);
});

test("what could not be looked at whole is looked at again", () => {
  const known = createKnownParts();
  known.keep("a", { ...found, unchecked: [{ reason: "over-limits", detail: "not taken apart within 10000 ms" }] });
  assert.equal(known.find("a"), undefined);
});

test("what is found of a mail of many parts is not kept", () => {
  const known = createKnownParts();
  known.keep("a", { parts: Array.from({ length: 1000 }, () => part), unchecked: [] });
  assert.equal(known.find("a"), undefined);
});

test("the oldest make room for others", () => {
  const known = createKnownParts();
  const names = ["x".repeat(8000)];
  for (let at = 0; at < 1000; at += 1) known.keep(String(at), { parts: [{ ...part, names }], unchecked: [] });
  assert.equal(known.find("0"), undefined);
  assert.notEqual(known.find("999"), undefined);
});
