import assert from "node:assert/strict";
import { test } from "node:test";
import { fromFieldsOf } from "../../../src/mail/from-fields.ts";

function linesOf(text: string): string[] {
  return fromFieldsOf(Buffer.from(text.replaceAll("\n", "\r\n"), "latin1")).map(({ raw }) =>
    Buffer.from(raw).toString("latin1"),
  );
}

test("From fields are found in a header of any size, folded ones and what only looks like one", () => {
  const filling = "X: from: y\n".repeat(2000);
  assert.deepEqual(linesOf(`${filling}From: a\n b\n${filling}\xef\xbb\xbffROM\v : c\n${filling}From\n : d\n`), [
    "From: a\r\n b\r\n",
    "\xef\xbb\xbffROM\v : c\r\n",
    "From\r\n : d\r\n",
  ]);
});

test("what is no From is none: other names, folded lines, the body of a field", () => {
  assert.deepEqual(linesOf("Fromage: x\nX-From: x\nX: y\n From: z\nFr om: x\nFrom x@y.example\nSubject: From: x"), []);
});

test("of many the first ten and the last are given, of long ones their beginning", () => {
  const many = linesOf(Array.from({ length: 50 }, (_, i) => `From: ${i}\n`).join(""));
  assert.deepEqual([many.length, many[9], many[10]], [11, "From: 9\r\n", "From: 49\r\n"]);
  assert.equal(linesOf(`From: ${"a".repeat(100_000)}\n`)[0]?.length, 32 * 1024);
});

test("the last one is found whatever lines that are none come behind it", () => {
  const many = Array.from({ length: 12 }, (_, i) => `From: ${i}\n`).join("");
  const lines = linesOf(
    `${many}From\n \v: last\n${"Fromage: x\n from\n".repeat(5000)}From${"\n ".repeat(50_000)}: too late\n`,
  );
  assert.deepEqual([lines.length, lines.at(-1)], [11, "From\r\n \v: last\r\n"]);
});
