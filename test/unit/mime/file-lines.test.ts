import assert from "node:assert/strict";
import { test } from "node:test";
import { type Coding, type FileLine, readFileLine } from "../../../src/mime/file-lines.ts";

const octets = (text: string) => Buffer.from(text, "latin1");

const cases: readonly (readonly [Coding, string, FileLine])[] = [
  ["uuencode", "#86)C", octets("abc")],
  ["uuencode", "#86)C  ", octets("abc")],
  ["uuencode", "#86)Cxy", octets("abc")],
  ["uuencode", "#86)Cxyz", undefined],
  ["uuencode", "#", octets("\0\0\0")],
  ["uuencode", "`", "pass"],
  ["uuencode", "", "pass"],
  ["uuencode", "end", "end"],
  ["uuencode", "lower case", undefined],
  ["uuencode", "#86)C and more", undefined],
  ["xxencode", "1MK7X", octets("abc")],
  ["xxencode", "1MK7X ", octets("abc")],
  ["xxencode", "1MK7", undefined],
  ["xxencode", "1MK7!", undefined],
  ["xxencode", "+", "pass"],
  ["xxencode", "end", "end"],
  ["xxencode", "Hello", undefined],
  ["base64", "YWJj", octets("YWJj\r\n")],
  ["base64", "====", "end"],
  ["base64", "end", octets("end\r\n")],
  ["base64", "not base64", undefined],
  ["yenc", "kl", octets("AB")],
  ["yenc", "=}", octets("\x13")],
  ["yenc", "=", octets("\x96")],
  ["yenc", "", octets("")],
  ["yenc", "k ", octets("A\xf6")],
  ["yenc", "=ypart begin=1 end=3", "pass"],
  ["yenc", "=yend size=3", "end"],
];
for (const [coding, line, expected] of cases) {
  test(`${coding}: ${JSON.stringify(line)}`, () => {
    assert.deepEqual(readFileLine(coding, line), expected);
  });
}
