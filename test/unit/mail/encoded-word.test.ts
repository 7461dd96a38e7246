import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeDisplayName, encodeUnstructured } from "../../../src/mail/encoded-word.ts";

/** Undoes encoded-words; each must be whole by itself. */
function decoded(text: string): string {
  return text
    .split("\r\n ")
    .map((word) => {
      assert.ok(word.length <= 75, `${word.length} characters`);
      const base64 = /^=\?UTF-8\?B\?([A-Za-z0-9+/=]+)\?=$/.exec(word)?.[1] ?? "";
      return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(base64, "base64"));
    })
    .join("");
}

test("leaves printable ASCII as it is", () => {
  assert.equal(encodeUnstructured("Delivery status (1) notification"), "Delivery status (1) notification");
  assert.equal(encodeDisplayName("Content-filter at host"), '"Content-filter at host"');
  assert.equal(encodeDisplayName('a "b" \\c'), '"a \\"b\\" \\\\c"');
});

for (const text of ["Grüße", "配信エラー".repeat(20), "a😀".repeat(40), "=?UTF-8?B?x?="]) {
  test(`encodes ${text.slice(0, 12)} in words that end between characters`, () => {
    assert.equal(decoded(encodeUnstructured(text)), text);
    assert.equal(decoded(encodeDisplayName(text)), text);
  });
}

test("lets no line end into a field", () => {
  assert.equal(encodeUnstructured("a\r\nBcc: x"), "a Bcc: x");
  assert.equal(decoded(encodeUnstructured("ä\r\nBcc: x")), "ä Bcc: x");
});
