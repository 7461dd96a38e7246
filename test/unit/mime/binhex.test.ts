import assert from "node:assert/strict";
import { test } from "node:test";
import { createBinHexWatch } from "../../../src/mime/binhex.ts";
import { writeInPieces } from "../../support/octet-pieces.ts";

const line = "(This file must be converted with BinHex 4.0)";

function told(text: string, pieceBytes?: number): number {
  let count = 0;
  const watch = createBinHexWatch(() => {
    count += 1;
  });
  writeInPieces(watch, Buffer.from(text), pieceBytes);
  return count;
}

test("its first line is found wherever it stands and however it is cut, and told of once", () => {
  const text = `Hello,\r\n${line}\r\n:$f*TEQKPH#jdH\r\n${line}\r\n`;
  for (let pieceBytes = 1; pieceBytes <= text.length; pieceBytes += 1) assert.equal(told(text, pieceBytes), 1);
});

test("brackets in front of it, or its own start, hide it from nobody", () => {
  for (const before of ["(", "((", "(This ", line.slice(0, 25), `(${" ".repeat(60)}`]) {
    const text = `${before}${line}`;
    for (let pieceBytes = 1; pieceBytes <= text.length; pieceBytes += 1)
      assert.equal(told(text, pieceBytes), 1, before);
  }
});

test("words about it are none", () => {
  for (const text of ["", "BinHex 4.0", line.slice(0, 30), `${line.slice(0, 20)}\r\n${line.slice(20)}`])
    for (const pieceBytes of [1, 7, 1000]) assert.equal(told(text, pieceBytes), 0);
});
