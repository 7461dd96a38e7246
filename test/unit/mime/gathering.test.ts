import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createGathering } from "../../../src/mime/gathering.ts";
import { countWork } from "../../support/work.ts";

test("what was added comes out in one piece, whatever the pieces were and whatever became of them", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 3000 }), { maxLength: 20 }), (pieces) => {
      const gathering = createGathering();
      for (const piece of pieces) {
        const octets = Buffer.from(piece);
        gathering.add(octets);
        octets.fill(0);
      }
      assert.deepEqual(gathering.whole(), Buffer.concat(pieces));
    }),
  );
});

test("many small pieces are as little work as their octets", () => {
  const one = Buffer.from("x");
  const work = (count: number) =>
    countWork(() => {
      const gathering = createGathering();
      for (let i = 0; i < count; i += 1) gathering.add(one);
      return gathering.whole();
    });
  assert.ok(work(20_000) <= 2.3 * work(10_000));
});
