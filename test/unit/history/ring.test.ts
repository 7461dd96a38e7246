import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Ring } from "../../../src/history/ring.ts";

test("a ring holds the last ones, newest first, through every change of its size", () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant("add" as const), value: fc.integer() }),
    fc.record({ kind: fc.constant("resize" as const), value: fc.integer({ min: 0, max: 8 }) }),
  );
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 8 }), fc.array(step, { maxLength: 60 }), (first, steps) => {
      const ring = new Ring<number>(first);
      let size = first;
      let model: number[] = [];
      for (const { kind, value } of steps) {
        if (kind === "add") model.unshift(value);
        else size = value;
        if (kind === "add") ring.add(value);
        else ring.resize(value);
        model = model.slice(0, size);
        assert.deepEqual([...ring.newestFirst()], model);
        assert.equal(ring.length, model.length);
      }
    }),
  );
});
