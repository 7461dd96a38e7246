import assert from "node:assert/strict";
import { test } from "node:test";
import { rangesOf, spamFieldNames, withRanges } from "../../../../src/flow/edits/removed-fields.ts";
import { splitHeader } from "../../../../src/mail/header.ts";
import { countWork } from "../../../support/work.ts";

const message = (text: string) => {
  const header = Buffer.from(text);
  return { header, ...splitHeader(header) };
};

test("fields of spam checks are found by name, wherever they stand", () => {
  assert.deepEqual(
    rangesOf(message("A: x\r\nX-Spam-Flag: NO\r\nX-Spammy: y\r\nx-spam-status : No,\r\n score=1\r\n"), spamFieldNames),
    [
      { start: 6, end: 23 },
      { start: 36, end: 67 },
    ],
  );
});

test("fields beyond the limits of a header, too: some reader looks there", () => {
  const ranges = rangesOf(message(`${"A: x\r\n".repeat(1500)}X-Spam-Flag: NO\r\n`), spamFieldNames);
  assert.deepEqual(ranges, [{ start: 9000, end: 9017 }]);
});

test("in a header of any size the same fields are found, neighbours as one range", () => {
  const text = "A: x\r\nX-Spam-Flag: NO\r\nX-Spammy: y\r\nx-spam-status : No,\r\n score=1\r\nX-SPAM-SCORE:\r\n";
  const small = rangesOf(message(text), spamFieldNames);
  const filling = "X: y\r\nX-Spa: m\r\n X-Spam-Flag: z\r\n".repeat(800);
  const large = rangesOf(message(filling + text), spamFieldNames);
  assert.deepEqual(withRanges([], large), [
    { start: filling.length + 6, end: filling.length + 23 },
    { start: filling.length + 36, end: filling.length + 82 },
  ]);
  assert.equal(small.at(-1)?.end, 82);
});

test("a header of a million fields is looked at by octet", () => {
  for (const field of ["X:\r\n", "X-Spa: m\r\n", "X: y\r\nX-Spam-Flag: z\r\n"]) {
    const work = [20_000, 40_000].map((count) => {
      const large = message(field.repeat(count));
      return countWork(() => rangesOf(large, spamFieldNames));
    });
    const [small = 0, large = 0] = work;
    assert.ok(large <= 2.3 * small && large <= 20 * 40_000 * field.length, `${field}: ${large} steps, then ${small}`);
  }
});

test("two lists are one, in order and apart", () => {
  const range = (start: number, end: number) => ({ start, end });
  assert.deepEqual(withRanges([range(10, 20)], [range(0, 5), range(15, 25), range(30, 40)]), [
    range(0, 5),
    range(10, 25),
    range(30, 40),
  ]);
});
