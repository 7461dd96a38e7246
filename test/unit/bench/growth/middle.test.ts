import assert from "node:assert/strict";
import { test } from "node:test";
import type { Growth } from "../../../../bench/growth/curve.ts";
import { middleOf } from "../../../../bench/growth/middle.ts";

/** What one daemon took. */
function part(y: number): Growth {
  return {
    title: "Size",
    against: "octets",
    curves: [
      {
        label: "pass",
        unit: "CPU ms",
        bound: "linear",
        points: [
          [10, y],
          [20, 10 - y],
        ],
      },
    ],
    facts: [{ what: "memory", value: 100 * y, unit: "MB" }],
    checks: [
      { what: "pass, 15", measured: y, mail: { work: "pass", octets: 15 } },
      {
        what: "full",
        measured: 1000 / y,
        kinds: [],
        machine: { cores: 2, processes: 1, otherMs: y, slower: 1 },
      },
    ],
  };
}

test("of each number the middle one counts, wherever it was measured", () => {
  const middle = middleOf([part(3), part(1), part(2)]);
  assert.deepEqual(middle, part(2));
});

test("one daemon is its own middle, and a part without checks stays without", () => {
  assert.deepEqual(middleOf([part(4)]), part(4));
  const { checks, ...without } = part(4);
  assert.ok(checks !== undefined);
  assert.deepEqual(middleOf([without, without, without]), without);
});

test("nothing has no middle", () => {
  assert.throws(() => middleOf([]), /nothing was measured/);
});
