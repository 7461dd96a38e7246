// Header edits keep every octet that is not theirs.
import assert from "node:assert/strict";
import { test } from "node:test";
import { addFields, editHeader } from "../../../src/mail/edit.ts";
import type { MessageOctets } from "../../../src/mail/message.ts";

const header = Buffer.from("A: 1\r\nB: \xe9\xff\r\n c\r\nA: 2\r\n", "latin1");
const message: MessageOctets = {
  header,
  separator: "\r\n",
  body: { kind: "memory", sizeBytes: 3, chunks: [Buffer.from("x\r\n")] },
};

const text = (octets: Uint8Array) => Buffer.from(octets).toString("latin1");

test("fields go on top, the rest stays octet for octet, the body is the same", () => {
  for (const fields of ["", "X: 1\r\n", "X: \xe4\r\n y\r\nZ: 2\r\n"]) {
    const added = addFields(message, fields);
    assert.equal(text(added.header), fields + text(header));
    assert.equal(added.body, message.body);
    assert.equal(added.separator, "\r\n");
    const edited = editHeader(message, fields, [header]);
    assert.equal(text(edited.header), fields + text(header));
  }
  assert.equal(text(message.header), text(header));
});

test("only what is kept stays, and lies on shared memory for the workers", () => {
  const edited = editHeader(message, "N: 0\r\n", [header.subarray(0, 6), header.subarray(header.length - 6)]);
  assert.equal(text(edited.header), "N: 0\r\nA: 1\r\nA: 2\r\n");
  assert.ok(edited.header.buffer instanceof SharedArrayBuffer);
});
