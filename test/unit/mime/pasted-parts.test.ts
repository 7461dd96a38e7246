import assert from "node:assert/strict";
import { test } from "node:test";
import { createPastedParts } from "../../../src/mime/pasted-parts.ts";
import { lines } from "../../support/mail-parts.ts";
import { collectOctets, writeInPieces } from "../../support/octet-pieces.ts";

function headers(text: string, pieceBytes?: number): readonly string[] {
  const found: string[] = [];
  writeInPieces(
    createPastedParts((header) => void found.push(header)),
    Buffer.from(text, "latin1"),
    pieceBytes,
  );
  return found;
}

const cases: readonly (readonly [string, string, readonly string[]])[] = [
  [
    "two parts",
    lines(
      "Hello,",
      "--b",
      "Content-Type: a/b;",
      " name=x",
      "",
      "text",
      "--b",
      "content-type: c/d",
      "X: y",
      "",
      "z",
      "--b--",
    ),
    [lines("Content-Type: a/b;", " name=x"), lines("content-type: c/d", "X: y")],
  ],
  ["at the very start, cut off", "--b\r\nContent-Type: a/b", [lines("Content-Type: a/b")]],
  ["several lines of dashes", lines("--a", "--b", "Content-Type: a/b", ""), [lines("Content-Type: a/b")]],
  [
    "a mail in a part",
    lines("--b", "Content-Type: message/rfc822", "", "From: a@b.example", "Content-Type: a/b", "", "x"),
    [lines("Content-Type: message/rfc822"), lines("From: a@b.example", "Content-Type: a/b")],
  ],
  ["behind an empty line", "\r\n--b\r\nContent-Type: a/b", [lines("Content-Type: a/b")]],
  ["behind one dash", lines("-", "--b", "Content-Type: a/b"), [lines("Content-Type: a/b")]],
  ["LF alone", "--b\nContent-Type: a/b\n\nx", [lines("Content-Type: a/b")]],
  ["a signature", lines("--", "Ann", "Content-Type: a/b"), []],
  ["quoted", lines("> --b", "> Content-Type: a/b"), []],
  ["fields without dashes", lines("Hello,", "Content-Type: a/b"), []],
  ["fields at the start", lines("Content-Type: a/b", "", "x"), [lines("Content-Type: a/b")]],
  [
    "fields behind empty lines",
    lines("", " ", "", "Content-Type: a/b", "X: y", "", "x"),
    [lines("Content-Type: a/b", "X: y")],
  ],
  ["other fields at the start", lines("X: y", "Content-Type: a/b", "", "x"), []],
  ["dashes within a line", lines("a--b", "Content-Type: a/b"), []],
];
for (const [title, text, expected] of cases) {
  test(`parts pasted into text: ${title}`, () => {
    assert.deepEqual(headers(text), expected);
    for (let pieceBytes = 1; pieceBytes < text.length; pieceBytes += 1)
      assert.deepEqual(headers(text, pieceBytes), expected);
  });
}

test("content goes to who wants it, up to the next line of dashes", () => {
  const text = lines("--b", "Content-Type: a/b", "", "one", "-- two", "three", "--b", "Content-Type: c/d", "", "four");
  for (let pieceBytes = 1; pieceBytes <= text.length; pieceBytes += 1) {
    const contents: ReturnType<typeof collectOctets>[] = [];
    const onPart = () => {
      const collected = collectOctets();
      contents.push(collected);
      return collected.sink;
    };
    writeInPieces(createPastedParts(onPart), Buffer.from(text), pieceBytes);
    const read = contents.map(({ octets, ended }) => [octets().toString().trim(), ended()]);
    assert.deepEqual(read, [
      ["one", 1],
      ["four", 1],
    ]);
  }
});

test("what is kept of a header section is bounded, and of a line", () => {
  const [long = ""] = headers(`${lines("--b", "Content-Type: a/b")}${lines("X: y").repeat(100_000)}`, 1000);
  assert.ok(long.length < 20_000);
  assert.deepEqual(headers(`${lines("--b")}Content-Type: ${"x".repeat(100_000)}`, 1000).length, 1);
});

test("a text that is declared as a message may begin with any field", () => {
  const found: string[] = [];
  const text = lines("X: y", "Content-Type: a/b", "", "Content-Type: c/d");
  writeInPieces(
    createPastedParts((header) => void found.push(header), "any fields"),
    Buffer.from(text),
  );
  assert.deepEqual(found, [lines("X: y", "Content-Type: a/b")]);
});
