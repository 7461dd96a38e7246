import assert from "node:assert/strict";
import { test } from "node:test";
import { keepEvidence, readKeptAuthors } from "../../../../src/flow/outcome/evidence.ts";
import { splitHeader } from "../../../../src/mail/header.ts";

function headOf(text: string) {
  const shared = new Uint8Array(new SharedArrayBuffer(text.length));
  shared.set(Buffer.from(text, "latin1"));
  return splitHeader(shared);
}

test("From fields are kept as text, which does not hold the header in memory", () => {
  const evidence = keepEvidence(headOf("To: x\r\nFrom: Ann\r\n <ann@x.example>\r\nSubject: y\r\n"), undefined, []);
  assert.deepEqual(evidence, { from: ["From: Ann\r\n <ann@x.example>\r\n"], candidates: [] });
  assert.deepEqual(
    readKeptAuthors(evidence).mailboxes.map(({ address }) => address),
    ["ann@x.example"],
  );
});

test("octets of a From field come back as they were, whatever they are", () => {
  const text = "From: \xc3\xa4\x00\xff <a@x.example>\r\n";
  assert.deepEqual(keepEvidence(headOf(text), undefined, []).from, [text]);
});

test("a From that only lenient readers see is kept beside the real one", () => {
  const evidence = keepEvidence(headOf("From\r\n : a@x.example\r\nFrom: b@y.example\r\n"), undefined, []);
  assert.equal(readKeptAuthors(evidence).doubt, "two-from-fields");
});

test("a line without a field name is remembered, wherever it stood", () => {
  const evidence = keepEvidence(headOf("Pay now\r\nFrom: b@y.example\r\n"), undefined, []);
  assert.equal(readKeptAuthors(evidence).doubt, "no-field-name");
});

test("what cannot be told is said: a From too long to keep, a header that was not read", () => {
  const long = `From: ${"a".repeat(5000)}@x.example\r\n`;
  assert.deepEqual(keepEvidence(headOf(long), undefined, []), { from: [], candidates: [], unread: "from-too-long" });
  const { unread } = keepEvidence({ fields: [], cut: "fields" }, undefined, []);
  assert.equal(unread, "header-too-large");
});
