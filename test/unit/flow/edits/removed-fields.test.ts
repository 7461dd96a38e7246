import assert from "node:assert/strict";
import { test } from "node:test";
import { rangesOf, spamFieldNames, withRanges } from "../../../../src/flow/edits/removed-fields.ts";
import { splitHeader } from "../../../../src/mail/header.ts";

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

test("two lists are one, in order and apart", () => {
  const range = (start: number, end: number) => ({ start, end });
  assert.deepEqual(withRanges([range(10, 20)], [range(0, 5), range(15, 25), range(30, 40)]), [
    range(0, 5),
    range(10, 25),
    range(30, 40),
  ]);
});
