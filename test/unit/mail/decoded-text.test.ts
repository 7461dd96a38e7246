// Subjects as lists show them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { decodedText } from "../../../src/mail/decoded-text.ts";

const octets = (text: string) => Buffer.from(text).toString("latin1");

const cases: readonly (readonly [octets: string, shown: string])[] = [
  [" Hello", "Hello"],
  [" Hello,\r\n world", "Hello, world"],
  [" =?utf-8?q?gr=C3=BC=C3=9Fe?=", "grüße"],
  [" =?UTF-8?B?Z3LDvMOfZQ==?=", "grüße"],
  [" =?utf-8?q?a?= =?utf-8?q?b?=\r\n =?utf-8?q?c_d?= e", "abc d e"],
  [" =?iso-8859-1?q?=E4?= =?windows-1251?b?4Q==?=", "äб"],
  [" =?no-such-thing?q?=E4?=", "=?no-such-thing?q?=E4?="],
  [octets(" grüße"), "grüße"],
  [" \xe4", "ä"],
  [" =?utf-8?q?=1B[2J=E2=80=AEx?=", "?[2J?x"],
  ["", ""],
];

for (const [given, shown] of cases) {
  test(JSON.stringify(given), () => assert.equal(decodedText(given, 100), shown));
}

test("what is longer is cut, between characters", () => {
  assert.equal(decodedText("=?utf-8?q?=F0=9F=98=80=F0=9F=98=80=F0=9F=98=80?=", 2), "😀…");
  assert.equal([...decodedText("x".repeat(1_000_000), 200)].length, 200);
});
