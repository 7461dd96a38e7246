// Header edits keep every octet that is not theirs.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type HeaderEdits, isSameEdits, noEdits, noEditsOf, print, withFields } from "../../../src/mail/edit.ts";
import type { MessageOctets } from "../../../src/mail/message.ts";

const header = Buffer.from("A: 1\r\nB: \xe9\xff\r\n c\r\nA: 2\r\n", "latin1");
const message: MessageOctets = {
  header,
  separator: "\r\n",
  body: { kind: "memory", sizeBytes: 3, chunks: [Buffer.from("x\r\n")] },
};
const first = { start: 0, end: 6 };
const middle = { start: 6, end: 17 };
const last = { start: 17, end: 23 };

const text = (view: Uint8Array) => Buffer.from(view).toString("latin1");
const octets = (field: string) => Buffer.from(field, "latin1");

const cases: readonly (readonly [title: string, edits: Partial<HeaderEdits>, printed: string])[] = [
  ["nothing", {}, text(header)],
  ["a field on top", { add: ["X: \xe4\r\n y\r\n"] }, `X: \xe4\r\n y\r\n${text(header)}`],
  ["two fields on top", { add: ["X: 1\r\n", "Z: 2\r\n"] }, `X: 1\r\nZ: 2\r\n${text(header)}`],
  ["the first left out", { remove: [first] }, "B: \xe9\xff\r\n c\r\nA: 2\r\n"],
  ["all left out", { remove: [first, middle, last] }, ""],
  [
    "one replaced by a longer one",
    { replace: [{ ...middle, octets: octets("B: longer than it was\r\n") }] },
    "A: 1\r\nB: longer than it was\r\nA: 2\r\n",
  ],
  [
    "everything at once",
    { add: ["N: 0\r\n"], remove: [last], replace: [{ ...first, octets: octets("A: \xe4\r\n") }] },
    "N: 0\r\nA: \xe4\r\nB: \xe9\xff\r\n c\r\n",
  ],
];

for (const [title, edits, printed] of cases) {
  test(`${title}: the rest stays octet for octet, the body is the same`, () => {
    for (const memory of ["own", "shared"] as const) {
      const edited = print(message, { ...noEdits, ...edits }, memory);
      assert.equal(text(edited.header), printed);
      assert.equal(edited.body, message.body);
      assert.equal(edited.separator, "\r\n");
      if (memory === "shared") assert.ok(edited.header.buffer instanceof SharedArrayBuffer, "for the workers");
    }
    assert.equal(text(message.header).length, 23);
  });
}

test("further fields go above those that were added", () => {
  const edits = withFields(["S: 1\r\n"], { ...noEdits, add: ["R: 1\r\n"], remove: [first] });
  assert.deepEqual(edits, { add: ["S: 1\r\n", "R: 1\r\n"], remove: [first], replace: [] });
});

test("fields are added below the lines of a mailbox file, and above what Postfix would not take for one", () => {
  for (const [header, printed] of [
    ["From a@b Fri\r\nA: 1\r\nB: 2\r\n", "From a@b Fri\r\nN: 0\r\nA: 1\r\n"],
    [">>From a\r\nFrom b\r\nA: 1\r\nB: 2\r\n", ">>From a\r\nFrom b\r\nN: 0\r\nA: 1\r\n"],
    ["From a@b Fri\r\n folded\r\nA: 1\r\nB: 2\r\n", "N: 0\r\nFrom a@b Fri\r\n folded\r\nA: 1\r\n"],
    ["From: a@b\r\nB: 2\r\n", "N: 0\r\nFrom: a@b\r\n"],
    ["Fromage\r\nB: 2\r\n", "N: 0\r\nFromage\r\n"],
    ["From a\r\nB: 2\r\n", "From a\r\nN: 0\r\n"],
    ["From a", "N: 0\r\nFrom a"],
    ["> x\r\nB: 2\r\n", "N: 0\r\n> x\r\n"],
  ] as const) {
    const octets = Buffer.from(header);
    const start = header.indexOf("B: 2");
    const remove = start === -1 ? [] : [{ start, end: start + 6 }];
    const edits = withFields(["N: 0\r\n"], { ...noEditsOf(octets), remove });
    assert.equal(text(print({ ...message, header: octets }, edits, "own").header), printed);
  }
});

test("edits are the same that print the same", () => {
  for (const [, one] of cases) {
    for (const [, other] of cases) {
      const same = isSameEdits({ ...noEdits, ...structuredClone(one) }, { ...noEdits, ...other });
      assert.equal(same, one === other);
    }
  }
});
