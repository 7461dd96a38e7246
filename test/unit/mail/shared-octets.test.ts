import assert from "node:assert/strict";
import { test } from "node:test";
import { concatShared, sharedOctets, sharedPiece } from "../../../src/mail/shared-octets.ts";

test("pieces are all zero, on shared memory, and none has an octet of another", () => {
  const sizes = [1, 0, 700, 4096, 4097, 3, 4096, ...Array.from({ length: 200 }, (_, index) => index * 20)];
  const pieces = sizes.map((size) => sharedPiece(size));
  for (const [index, piece] of pieces.entries()) {
    assert.ok(piece.buffer instanceof SharedArrayBuffer);
    assert.equal(piece.length, sizes[index]);
    assert.ok(piece.every((octet) => octet === 0));
    piece.fill(index + 1);
  }
  for (const [index, piece] of pieces.entries()) assert.ok(piece.every((octet) => octet === ((index + 1) & 255)));
});

test("a small piece keeps no more than 64 kB, and a large one nothing else", () => {
  for (const size of [0, 1, 1000, 4096]) assert.ok(sharedPiece(size).buffer.byteLength <= 64 * 1024);
  for (const size of [4097, 70_000]) assert.equal(sharedPiece(size).buffer.byteLength, size);
});

test("a block has as many octets as were asked for, and pieces stand in their order", () => {
  assert.equal(sharedOctets(10).buffer.byteLength, 10);
  const joined = concatShared([Buffer.from("ab"), Buffer.from(""), Buffer.from("c")]);
  assert.equal(Buffer.from(joined).toString(), "abc");
  assert.ok(joined.buffer instanceof SharedArrayBuffer);
});
