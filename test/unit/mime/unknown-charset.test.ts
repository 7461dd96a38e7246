import assert from "node:assert/strict";
import { test } from "node:test";
import { unknownCharset } from "../../../src/mime/unknown-charset.ts";

const cases: readonly (readonly [value: string, charset: string | undefined])[] = [
  ['a; filename="=?utf-8?Q?x?="', undefined],
  ['a; filename="=?ISO-8859-1*en?Q?x?="', undefined],
  ['a; filename="=?UTF7?Q?x?="', undefined],
  ['a; filename="=?unknown-8bit?Q?x?="', undefined],
  ['a; filename="=?cp437?Q?x?="', undefined],
  ['a; filename="=?IBM037?B?xQ==?="', "IBM037"],
  ['a; filename="=?cp1140*en?b?xQ==?="', "cp1140"],
  ['a; filename="=?utf-8?Q?x?= =?unicode_escape?Q?x?="', "unicode_escape"],
  ["a; filename*=utf-8''x", undefined],
  ["a; filename*=x", undefined],
  ["a; filename*=''x", undefined],
  ["a; filename='x'", undefined],
  ["a; filename*=cp500'en'%C5", "cp500"],
  ["a; filename*0* = \"cp500''%C5\"; filename*1*=%C6", "cp500"],
];

for (const [value, charset] of cases) {
  test(`the charset that is not known in ${value}: ${charset}`, () => {
    assert.equal(unknownCharset(value), charset);
  });
}
