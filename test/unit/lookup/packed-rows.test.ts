import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { openRows, packRows, type Row } from "../../../src/lookup/packed-rows.ts";

const rows: readonly Row<unknown>[] = [
  ["b.example", 1],
  ["a.example", { file: "/k/ä.pem", list: [1, null] }],
  ["b.example", "second"],
  ["", "no name"],
  ["münchen.example", ["\u0000", "𝒳"]],
];

test("every row is found by its name, in order, with the value that it had", () => {
  const packed = openRows(packRows(rows));
  assert.equal(packed.length, 5);
  assert.deepEqual(packed.find("b.example"), [0, 2]);
  assert.deepEqual(packed.find("münchen.example"), [4]);
  assert.deepEqual(packed.find(""), [3]);
  assert.deepEqual(packed.find("c.example"), []);
  assert.deepEqual(
    rows.map((_, row) => [packed.nameOf(row), packed.valueOf(row)]),
    rows,
  );
  assert.throws(() => packed.valueOf(5), RangeError);
  assert.throws(() => packed.valueOf(-1), RangeError);
});

test("what was packed is plain data, also as a part of a larger array", () => {
  const { octets, ...columns } = structuredClone(packRows(rows));
  const larger = Buffer.concat([Buffer.from("before"), octets, Buffer.from("after")]);
  const packed = openRows({ ...columns, octets: larger.subarray(6, 6 + octets.length) });
  assert.deepEqual(packed.valueOf(4), ["\u0000", "𝒳"]);
  assert.deepEqual(packed.find("a.example"), [1]);
});

test("whatever the names are, they are found as a list that is searched finds them", () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ maxLength: 3 }), { maxLength: 200 }),
      fc.string({ maxLength: 3 }),
      (names, other) => {
        const packed = openRows(packRows(names.map((name, row): Row<number> => [name, row])));
        for (const name of [...names, other]) {
          const wanted = names.flatMap((each, row) => (each === name ? [row] : []));
          assert.deepEqual(packed.find(name), wanted);
        }
      },
    ),
  );
});

test("no rows are rows too", () => {
  assert.deepEqual(openRows(packRows([])).find("a"), []);
});
