import assert from "node:assert/strict";
import { test } from "node:test";
import { readFileLine } from "../../../src/mime/file-lines.ts";
import { createUuScanner } from "../../../src/mime/uuencode.ts";
import { lines } from "../../support/mail-parts.ts";
import { collectOctets, writeInPieces } from "../../support/octet-pieces.ts";

/** One line of uuencode for up to 45 octets. */
function uuLine(octets: Buffer): string {
  const code = (value: number) => String.fromCharCode(value === 0 ? 96 : value + 32);
  let line = code(octets.length);
  for (let at = 0; at < octets.length; at += 3) {
    const bits = ((octets[at] ?? 0) << 16) | ((octets[at + 1] ?? 0) << 8) | (octets[at + 2] ?? 0);
    line += code(bits >> 18) + code((bits >> 12) & 63) + code((bits >> 6) & 63) + code(bits & 63);
  }
  return line;
}

function scan(text: string, pieceBytes?: number) {
  const files: { name: string; collected: ReturnType<typeof collectOctets> }[] = [];
  const doubts: string[] = [];
  const scanner = createUuScanner({
    onFile(name) {
      const collected = collectOctets();
      files.push({ name, collected });
      return collected.sink;
    },
    onDoubt: (detail) => doubts.push(detail),
  });
  writeInPieces(scanner, Buffer.from(text, "latin1"), pieceBytes);
  return {
    files: files.map(({ name, collected }) => [name, collected.octets().toString("latin1"), collected.ended()]),
    doubts,
  };
}

const content = Buffer.from(Array.from({ length: 100 }, (_, i) => (i * 11) % 256));
const encoded = [0, 45, 90].map((at) => uuLine(content.subarray(at, at + 45)));
const whole = lines("Hello,", "begin to read", "begin 644 the file.exe", ...encoded, "`", "end", "bye");

test("finds a file in text and decodes it, however the text is cut", () => {
  const found = scan(whole);
  assert.deepEqual(found, { files: [["the file.exe", content.toString("latin1"), 1]], doubts: [] });
  for (let size = 1; size < whole.length; size += 1) assert.deepEqual(scan(whole, size), found);
});

/** "abc" 15 times: 45 octets, 6 bits a character. */
const xxLine = `h${"MK7X".repeat(15)}`;
const uuOf = (line: string) => {
  const found = readFileLine("uuencode", line);
  return found instanceof Buffer ? found.toString("latin1") : "";
};

const cases: readonly [string, string, ReturnType<typeof scan>][] = [
  [
    "no file",
    lines("begin 644", "begin 9 x", "begin 644 x", "This is no line of it at all"),
    { files: [], doubts: [] },
  ],
  ["at the very start", lines("begin 644 x", "#86)C", "`", "end"), { files: [["x", "abc", 1]], doubts: [] }],
  [
    "two files",
    lines("begin 644 x", "#86)C", "end", "begin 755 y", "#86)C", "end"),
    {
      files: [
        ["x", "abc", 1],
        ["y", "abc", 1],
      ],
      doubts: [],
    },
  ],
  ["base64", lines("begin-base64 644 x", "YWJj", "YQ==", "===="), { files: [["x", "abca", 1]], doubts: [] }],
  ["without an end", lines("begin 644 x", "#86)C"), { files: [["x", "abc", 1]], doubts: ["uuencode without an end"] }],
  [
    "breaking off",
    lines("begin 644 x", "#86)C", "plain words again", "end"),
    { files: [["x", "abc", 1]], doubts: ["uuencode that breaks off"] },
  ],
  ["two blanks for a mode", lines("begin  x", "#86)C", "end"), { files: [["x", "abc", 1]], doubts: [] }],
  ["a mode of one digit", lines("begin 6 x", "#86)C", "end"), { files: [["x", "abc", 1]], doubts: [] }],
  ["a mode of six digits", lines("begin 100644 x", "#86)C", "end"), { files: [["x", "abc", 1]], doubts: [] }],
  ["words behind two blanks", lines("begin  x := 1;", "y := 2;", "end"), { files: [], doubts: [] }],
  ["an empty file", lines("begin 644 x", "`", "end"), { files: [["x", "", 1]], doubts: [] }],
  ["xxencode", lines("begin 644 x", xxLine, "+", "end"), { files: [["x", "abc".repeat(15), 1]], doubts: [] }],
  [
    "either of two",
    lines("begin 644 x", "1MK7X", "end"),
    { files: [["x", uuOf("1MK7X"), 1]], doubts: ["a file in uuencode or xxencode"] },
  ],
  [
    "xxencode that breaks off",
    lines("begin 644 x", xxLine, "plain words"),
    { files: [["x", "abc".repeat(15), 1]], doubts: ["xxencode that breaks off"] },
  ],
  [
    "yEnc",
    lines("=ybegin line=128 size=6 name=a file.exe ", "=J\x2a\xd2=n+ \x09", "=yend size=6"),
    { files: [["a file.exe", "\xe0\x00\xa8\x04\x01\xf6\xdf", 1]], doubts: [] },
  ],
  [
    "a piece of yEnc",
    lines("=ybegin part=1 total=2 line=128 size=6 name=x", "=ypart begin=1 end=3", "abc", "=yend size=3"),
    { files: [["x", "789", 1]], doubts: ["a piece of a file"] },
  ],
  [
    "yEnc without an end",
    lines("=ybegin line=128 size=6 name=x", "k"),
    { files: [["x", "A", 1]], doubts: ["uuencode without an end"] },
  ],
  ["words about yEnc", lines("=ybegin is how it begins", "and =yend its end"), { files: [], doubts: [] }],
  ["without its blanks", lines("begin 644 x", "#", "end"), { files: [["x", "\0\0\0", 1]], doubts: [] }],
];

for (const [name, text, expected] of cases) {
  test(`text with uuencode: ${name}`, () => {
    assert.deepEqual(scan(text), expected);
    assert.deepEqual(scan(text, 1), expected);
  });
}

test("a line without an end is no reason to keep it", () => {
  assert.deepEqual(scan(`begin 644 x\r\n${"#86)C".repeat(100_000)}`, 1000).files, []);
});
