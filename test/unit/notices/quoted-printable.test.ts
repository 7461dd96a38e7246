import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeQuotedPrintable } from "../../../src/notices/quoted-printable.ts";

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
