import assert from "node:assert/strict";
import { test } from "node:test";
import { readAuthors } from "../../../src/mail/authors.ts";
import { splitHeader } from "../../../src/mail/header.ts";
import { keepEvidence } from "../../../src/outcome/evidence.ts";

function headOf(text: string) {
  const shared = new Uint8Array(new SharedArrayBuffer(text.length));
  shared.set(Buffer.from(text, "latin1"));
  return splitHeader(shared);
}

test("From fields are kept as copies, which do not hold the header in memory", () => {
  const { from, unread } = keepEvidence(
    headOf("To: x\r\nFrom: Ann\r\n <ann@x.example>\r\nSubject: y\r\n"),
    undefined,
    [],
  );
  assert.equal(unread, undefined);
  assert.deepEqual(
    readAuthors({ fields: from }).mailboxes.map(({ address }) => address),
    ["ann@x.example"],
  );
  for (const { raw } of from) {
    assert.ok(!(raw.buffer instanceof SharedArrayBuffer));
    assert.equal(raw.buffer.byteLength, raw.length);
  }
});

test("a From that only lenient readers see is kept beside the real one", () => {
  const { from } = keepEvidence(headOf("From\r\n : a@x.example\r\nFrom: b@y.example\r\n"), undefined, []);
  assert.equal(readAuthors({ fields: from }).doubt, "two-from-fields");
});

test("what cannot be told is said: a From too long to keep, a header that was not read", () => {
  const long = `From: ${"a".repeat(5000)}@x.example\r\n`;
  assert.deepEqual(keepEvidence(headOf(long), undefined, []), { from: [], candidates: [], unread: "from-too-long" });
  const { unread } = keepEvidence({ fields: [], excess: "fields" }, undefined, []);
  assert.equal(unread, "header-too-large");
});
