import assert from "node:assert/strict";
import { test } from "node:test";
import { createHeaderSection, maxSectionBytes } from "../../../src/mime/header-section.ts";

test("it is what was added and the last piece, whatever becomes of the pieces", () => {
  const section = createHeaderSection();
  assert.equal(section.with(Buffer.from("A: b\r\n")).toString(), "A: b\r\n");
  for (const text of ["A: b\r\n", "", "C: d\r\n"]) {
    const piece = Buffer.from(text);
    section.add(piece);
    piece.fill("x");
  }
  assert.equal(section.with(Buffer.alloc(0)).toString(), "A: b\r\nC: d\r\n");
  assert.equal(section.with(Buffer.from("E: f\r\n")).toString(), "A: b\r\nC: d\r\nE: f\r\n");
  assert.equal(section.sizeBytes(), 12);
});

test("of more than the bound one octet is there to show it, however it came", () => {
  const octets = Buffer.alloc(maxSectionBytes + 10, "x");
  for (const first of [0, 1, maxSectionBytes, maxSectionBytes + 1, octets.length]) {
    const section = createHeaderSection();
    section.add(octets.subarray(0, first));
    assert.equal(section.with(octets.subarray(first)).length, maxSectionBytes + 1);
  }
  assert.equal(createHeaderSection().with(octets.subarray(0, maxSectionBytes)).length, maxSectionBytes);
});
