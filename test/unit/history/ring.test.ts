import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Ring } from "../../../src/history/ring.ts";

const limits = fc.record({ items: fc.integer({ min: 0, max: 8 }), octets: fc.integer({ min: 0, max: 40 }) });

test("a ring holds the last ones that fit by count and octets, newest first, through every change of its limits", () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant("add" as const), value: fc.integer(), octets: fc.integer({ min: 0, max: 15 }) }),
    fc.record({ kind: fc.constant("resize" as const), limits }),
  );
  fc.assert(
    fc.property(limits, fc.array(step, { maxLength: 60 }), (first, steps) => {
      const ring = new Ring<{ readonly value: number; readonly octets: number }>(first);
      let most = first;
      let model: { value: number; octets: number }[] = [];
      const sum = () => model.reduce((octets, each) => octets + each.octets, 0);
      for (const each of steps) {
        if (each.kind === "add") {
          model.unshift(each);
          ring.add(each);
        } else {
          most = each.limits;
          ring.resize(most);
        }
        model = model.slice(0, most.items);
        while (sum() > most.octets) model.pop();
        assert.deepEqual([...ring.newestFirst()], model);
        assert.equal(ring.length, model.length);
        assert.equal(ring.octets, sum());
      }
    }),
  );
});
