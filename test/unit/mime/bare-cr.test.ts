import assert from "node:assert/strict";
import { test } from "node:test";
import { createBareCrWatch } from "../../../src/mime/bare-cr.ts";
import { inPieces } from "../../support/hostile-shapes.ts";

const cases: readonly (readonly [string, number])[] = [
  ["", 0],
  ["a\r\nb\r\n", 0],
  ["a\nb", 0],
  ["a\rb", 1],
  ["\r\r\n", 1],
  ["a\r", 1],
  ["a\rb\rc\r", 1],
];

for (const [text, times] of cases) {
  test(`told ${times === 0 ? "never" : "once"}: ${JSON.stringify(text)}`, () => {
    for (const size of [1, 2, 3, 100]) {
      let told = 0;
      const watch = createBareCrWatch(() => {
        told += 1;
      });
      for (const piece of inPieces(Buffer.from(text), size)) watch.write(piece);
      watch.end();
      assert.equal(told, times, `pieces of ${size}`);
    }
  });
}
