import assert from "node:assert/strict";
import { test } from "node:test";
import { createBase64Decoder } from "../../../src/mime/base64.ts";
import { base64Lines } from "../../support/mail-parts.ts";
import { decodeInPieces } from "../../support/octet-pieces.ts";

const plain = Buffer.from(Array.from({ length: 300 }, (_, i) => (i * 7) % 256));
const decode = (text: string, pieceBytes?: number) => decodeInPieces(createBase64Decoder, text, pieceBytes);

test("decodes the same however it is cut", () => {
  const text = base64Lines(plain);
  for (let pieceBytes = 1; pieceBytes <= 90; pieceBytes += 1) {
    const { octets, doubts } = decode(text, pieceBytes);
    assert.deepEqual(octets, plain);
    assert.deepEqual(doubts, []);
  }
});

const cases: readonly [string, string, string[]][] = [
  ["", "", []],
  ["YWJj", "abc", []],
  ["YWI=\r\n", "ab", []],
  ["YQ==\r\n\r\n", "a", []],
  ["YW Jj\r\n", "abc", []],
  ["Y\r\nW\r\nJ\r\nj", "abc", []],
  ["YWJj\r\nYWJj\r\nYWJj\r\n", "abcabcabc", []],
  ["YWJj\nYWJj\n", "abcabc", []],
  ["YW!Jj", "abc", ["base64 with octets outside its alphabet"]],
  // The alphabet of URLs is another one.
  ["YWJj\r\nY-WJ\r\nj\r\n", "abcabc", ["base64 with octets outside its alphabet"]],
  ["YQ==YWJj", "aabc", ["base64 that goes on behind its padding"]],
  ["YWI", "ab", ["base64 that ends in the middle of a group"]],
  ["YWJjY", "abc", ["base64 that ends in the middle of a group"]],
  ["=YWJj", "abc", ["base64 with padding where none belongs", "base64 that goes on behind its padding"]],
];

for (const [text, decoded, doubts] of cases) {
  test(`decodes ${JSON.stringify(text)}`, () => {
    const found = decode(text);
    assert.equal(found.octets.toString("latin1"), decoded);
    assert.deepEqual([...new Set(found.doubts)], doubts);
    assert.deepEqual(decode(text, 1), found);
  });
}
