import assert from "node:assert/strict";
import { test } from "node:test";
import { createQuotedPrintableDecoder } from "../../../src/mime/quoted-printable.ts";
import { decodeInPieces } from "../../support/octet-pieces.ts";

const odd = ["quoted-printable with = that stands for nothing"];
const cases: readonly [string, string, string[]][] = [
  ["", "", []],
  ["a=3Db", "a=b", []],
  ["a=3db=0A", "a=b\n", []],
  ["soft=\r\n line", "soft line", []],
  ["soft= \t\r\nline", "softline", ["quoted-printable with blanks behind a soft line break"]],
  ["soft=\nline", "softline", []],
  ["a=", "a=", []],
  ["a=3", "a=3", []],
  ["a=zz=41", "a=zzA", odd],
  ["==41", "=A", odd],
  ["=4=41", "=4A", odd],
  ["= x", "= x", odd],
];

for (const [text, decoded, doubts] of cases) {
  test(`decodes ${JSON.stringify(text)} however it is cut`, () => {
    const found = decodeInPieces(createQuotedPrintableDecoder, text);
    assert.equal(found.octets.toString("latin1"), decoded);
    assert.deepEqual(found.doubts, doubts);
    assert.equal(found.ended, 1);
    for (let size = 1; size < text.length; size += 1)
      assert.deepEqual(decodeInPieces(createQuotedPrintableDecoder, text, size), found);
  });
}
