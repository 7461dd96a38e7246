import assert from "node:assert/strict";
import { test } from "node:test";
import { bdatCommand, beginsAlike, chunkOf } from "../../../src/smtp/chunk.ts";
import { BareLineEndError } from "../../../src/smtp/dot.ts";

const latin1 = (text: string) => Buffer.from(text, "latin1");

/** The chunk of `text` cut at the given places. */
function chunked(text: string, cuts: readonly number[] = []): { text: string; command: string } {
  const ends = [...cuts, text.length];
  const chunk = chunkOf(ends.map((end, index) => latin1(text.slice(ends[index - 1] ?? 0, end))));
  return { text: Buffer.concat(chunk.views).toString("latin1"), command: bdatCommand(chunk) };
}

const cases: readonly [string, string][] = [
  ["", ""],
  ["\r\n", "\r\n"],
  ["a\r\n", "a\r\n"],
  ["a", "a\r\n"],
  [".", ".\r\n"],
  [".\r\n.\r\n", ".\r\n.\r\n"],
  ["a\r\n.b\r\n..", "a\r\n.b\r\n..\r\n"],
  ["\0\xff\r\n.\xff\r\n", "\0\xff\r\n.\xff\r\n"],
];

for (const [text, wire] of cases) {
  test(`counts and sends ${JSON.stringify(text)} as it would arrive by DATA, however it is cut`, () => {
    for (let a = 0; a <= text.length; a += 1) {
      for (let b = a; b <= text.length; b += 1) {
        assert.deepEqual(chunked(text, [a, b]), { text: wire, command: `BDAT ${wire.length} LAST` });
      }
    }
  });
}

for (const text of ["\n", "\r", "a\n", "a\rb", "a\n.\r\n", "\r\n.\n", "a\r\r\n", "\r\r", "a\r\n\r"]) {
  test(`lets nothing of ${JSON.stringify(text)} leave, however it is cut`, () => {
    for (let a = 0; a <= text.length; a += 1) {
      for (let b = a; b <= text.length; b += 1) {
        assert.throws(() => chunked(text, [a, b]), BareLineEndError, `cut at ${a} and ${b}`);
      }
    }
  });
}

test("copies nothing: the views lie on the message", () => {
  const octets = Buffer.from(new SharedArrayBuffer(8));
  octets.write("ab\r\n.c\r\n", "latin1");
  const { views } = chunkOf([octets.subarray(0, 4), octets.subarray(4)]);
  assert.deepEqual(
    views.map((view) => [view.buffer === octets.buffer, view.length]),
    [
      [true, 4],
      [true, 4],
    ],
  );
});

const beginnings: readonly [string, boolean][] = [
  ["Subject: x\r\n", true],
  ["From: a@example.com\r\n", true],
  ["from a@example.com\r\n", true],
  ["Fro", true],
  [".\r\n", true],
  ["", false],
  [" folded\r\n", false],
  ["\tfolded\r\n", false],
  ["From a@example.com Sun Nov 22 10:00:00 2026\r\n", false],
  [">From a@example.com\r\n", false],
  [">>From x\r\n", false],
];

for (const [text, alike] of beginnings) {
  test(`${alike ? "takes" : "does not take"} ${JSON.stringify(text)} for a beginning that arrives alike by BDAT`, () => {
    assert.equal(beginsAlike(latin1(text)), alike);
  });
}
