import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeDisplayName, encodeUnstructured } from "../../../src/notices/encoded-word.ts";
import { encodeQuotedPrintable } from "../../../src/notices/quoted-printable.ts";

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

const quoted: readonly [string, string][] = [
  ["", ""],
  ["plain\r\ntext\r\n", "plain\r\ntext\r\n"],
  ["a=b\r\n", "a=3Db\r\n"],
  ["\xe4\0\r\n", "=E4=00\r\n"],
  ["blank \r\ntab\t\r\n", "blank=20\r\ntab=09\r\n"],
  ["end ", "end=20"],
  ["a\rb\nc", "a=0Db=0Ac"],
  ["a\r\r\nb", "a=0D\r\nb"],
];

for (const [text, encoded] of quoted) {
  test(`writes ${JSON.stringify(text)} in quoted-printable`, () => {
    assert.equal(encodeQuotedPrintable(Buffer.from(text, "latin1")), encoded);
  });
}

test("keeps quoted-printable lines to 76 characters and whole escapes", () => {
  const text = `${"x".repeat(75)}\xe4\xf6 ${"\xfc".repeat(200)} y`;
  const lines = encodeQuotedPrintable(Buffer.from(text, "latin1")).split("\r\n");
  for (const line of lines) assert.ok(line.length <= 76);
  const joined = lines.join("\n").replaceAll("=\n", "");
  const back = joined.replace(/=([0-9A-F]{2})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
  assert.equal(back, text);
});
