import assert from "node:assert/strict";
import { test } from "node:test";
import { foldedField } from "../../../src/mail/folded-field.ts";

test("a short field is one line", () => {
  assert.equal(foldedField("X-A", ["one", " two"]), "X-A: one two\r\n");
  assert.equal(foldedField("X-A", []), "X-A: \r\n");
});

test("folds stand between pieces and words, at column 78", () => {
  const field = foldedField("X-Spam-Status", ["Yes,", ...Array.from({ length: 40 }, (_, index) => `TEST_${index}=1,`)]);
  const lines = field.split("\r\n");
  assert.ok(lines.length > 5);
  for (const line of lines.slice(0, -1)) assert.ok(line.length <= 78, line);
  for (const line of lines.slice(1, -1)) assert.match(line, /^ \S/);
});

test("what a mail made cannot leave the field", () => {
  assert.equal(foldedField("X-A", ["a\r\nBcc: x\0\u00e9"]), "X-A: a  Bcc: x ?\r\n");
});

test("a field has a bound, whatever goes in", () => {
  const pieces = Array.from({ length: 10_000 }, () => "x".repeat(1000));
  assert.ok(foldedField("X-A", pieces).length < 10_000);
});
