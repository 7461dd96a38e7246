import assert from "node:assert/strict";
import { test } from "node:test";
import { envelopeOf, headerLines, headerPart, textPart } from "../../../src/notices/own-message.ts";

test("a part is 7bit where it can be, else quoted-printable", () => {
  assert.equal(
    textPart("one\ntwo\r\n", ["X: y"]),
    "Content-Type: text/plain; charset=UTF-8\r\nX: y\r\nContent-Transfer-Encoding: 7bit\r\n\r\none\r\ntwo\r\n",
  );
  for (const text of ["\u00fc", "\0", "x\ry", "x".repeat(999)]) {
    assert.match(textPart(text, []), /\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n[\t\r\n\x20-\x7e]+$/);
  }
});

test("a header is quoted in whole lines, and some of it always is", () => {
  const header = Buffer.from("X-Field: some value\r\n".repeat(1000));
  assert.match(headerPart(header, 3000), /\r\n\r\n(X-Field: some value\r\n){142}$/);
  assert.match(headerPart(header, -5), /\r\n\r\n(X-Field: some value\r\n){95}$/);
});

test("the null sender is never told about; SMTPUTF8 is asked for where it is needed", () => {
  assert.deepEqual(envelopeOf("", "a@b"), {
    sender: { address: "", parameters: "" },
    recipients: [{ address: "a@b", parameters: "NOTIFY=NEVER" }],
  });
  assert.equal(envelopeOf("\xc3\xbc@x", "a@b").sender.parameters, "SMTPUTF8");
  assert.equal(envelopeOf("x@y", "a@\xc3\xbc").sender.parameters, "SMTPUTF8");
});

test("header fields have one line each", () => {
  const lines = headerLines({
    from: { name: 'a "b"\r\nBcc: c', address: "x@y" },
    subject: "x\r\nBcc: c",
    to: "a\x00\r\n@b",
    messageId: "1@y",
    nowMs: 0,
    autoSubmitted: "auto-generated",
  });
  for (const line of lines) assert.doesNotMatch(line.replaceAll("\r\n ", ""), /[\x00-\x1f]/);
});
