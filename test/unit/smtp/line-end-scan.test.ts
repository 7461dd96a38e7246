import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bareLineEndFlag, dotLineFlag, lineEndFlags, lineEndFlagsPlain } from "../../../src/smtp/line-end-scan.ts";
import { assertAssembled, noAssembler } from "../../support/assembled.ts";

const cases: readonly [string, number][] = [
  ["", 0],
  ["plain", 0],
  ["a\r\nb\r\n", 0],
  ["a.\r\nb..", 0],
  [".a.", 0],
  ["a\r\n.", dotLineFlag],
  ["\n", bareLineEndFlag],
  ["a\nb", bareLineEndFlag],
  ["a\rb", bareLineEndFlag],
  ["a\r\r\nb", bareLineEndFlag],
  ["a\r\n\nb", bareLineEndFlag],
  ["a\n.b", bareLineEndFlag | dotLineFlag],
];

for (const [text, flags] of cases) {
  test(`flags ${JSON.stringify(text)} wherever it stands in a long stretch`, () => {
    assert.equal(lineEndFlagsPlain(Buffer.from(text), 0, text.length), flags);
    // Around the steps of 32 octets and the slices of 65,536.
    for (const before of [...Array(72).keys(), 65_504, 65_520, 65_534, 65_535, 65_536, 65_537, 140_000]) {
      const octets = Buffer.from(`\n\r${"x".repeat(before)}${text}\n.\r`);
      assert.equal(lineEndFlags(octets, 2, 2 + before + text.length), flags, `${before} octets before`);
    }
  });
}

test("agrees with the scan octet by octet, whatever stood in its memory before", () => {
  const unit = fc.constantFrom("\r\n", "\r", "\n", ".", "a", "\r\n.", "aaaaaaaaaaaaaaaa");
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 60 }), fc.nat(72), (text, from) => {
      const octets = Buffer.from(text, "latin1");
      const start = Math.min(from, octets.length);
      assert.equal(lineEndFlags(octets, start, octets.length), lineEndFlagsPlain(octets, start, octets.length));
    }),
    { numRuns: 2000 },
  );
});

test("is what its text assembles to", { skip: noAssembler() }, () => assertAssembled("smtp/line-end-scan"));
