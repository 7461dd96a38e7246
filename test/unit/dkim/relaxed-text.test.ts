import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { maxTextOctets, squeezeBlanks, squeezeBlanksPlain } from "../../../src/dkim/relaxed-text.ts";
import { assertAssembled, noAssembler } from "../../support/assembled.ts";

const cases: readonly [string, string][] = [
  ["a", "a"],
  ["a b", "a b"],
  ["a  b", "a b"],
  ["a\tb", "a b"],
  ["a \t \tb", "a b"],
  ["a \r\n", "a\r\n"],
  ["a\t\r\nb", "a\r\nb"],
  ["a\r\n b", "a\r\n b"],
  ["a\r\n \t\r\n\r\nb", "a\r\n\r\n\r\nb"],
  ["a \rb", "a \rb"],
  ["a \r\r\nb", "a \r\r\nb"],
  ["a \nb", "a \nb"],
  ["\r", "\r"],
  ["\na", "\na"],
];

for (const [text, canonical] of cases) {
  test(`makes ${JSON.stringify(text)} canonical wherever it stands`, () => {
    // Around the steps of 16 octets, with and without text behind it.
    for (const before of ["", ...[1, 2, 13, 14, 15, 16, 17, 30, 31, 32, 33].map((count) => "x".repeat(count))]) {
      for (const behind of text.endsWith("\r\n") ? [""] : ["", "y", "y".repeat(20)]) {
        const octets = Buffer.from(`${before}${text}${behind}`, "latin1");
        const wanted = `${before}${canonical}${behind}`;
        assert.equal(Buffer.from(squeezeBlanks(octets)).toString("latin1"), wanted);
        assert.equal(Buffer.from(squeezeBlanksPlain(octets)).toString("latin1"), wanted);
      }
    }
  });
}

test("agrees with the plain way, whatever stood in its memory before", () => {
  const unit = fc.constantFrom(
    "\r\n",
    "\r",
    "\n",
    " ",
    "  ",
    "\t",
    " \r\n",
    "a",
    "\xff",
    "aaaaaaaaaaaaaaaa",
    "bb cc dd ee ff",
  );
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 60 }), (middle) => {
      const octets = Buffer.from(`x${middle}x`, "latin1");
      assert.deepEqual(Buffer.from(squeezeBlanks(octets)), Buffer.from(squeezeBlanksPlain(octets)));
    }),
    { numRuns: 5000 },
  );
});

test("takes as much text as it says, and blanks at its very end", () => {
  for (const length of [maxTextOctets - 17, maxTextOctets - 1, maxTextOctets]) {
    const octets = Buffer.alloc(length, "ab  c\t\r\n");
    octets.write("z", length - 1);
    assert.deepEqual(Buffer.from(squeezeBlanks(octets)), Buffer.from(squeezeBlanksPlain(octets)));
    const plain = Buffer.alloc(length, "abcd efg ");
    plain.write("z", length - 1);
    assert.deepEqual(Buffer.from(squeezeBlanks(plain)), plain);
  }
});

test("is what its text assembles to", { skip: noAssembler() }, () => assertAssembled("dkim/relaxed-text"));
