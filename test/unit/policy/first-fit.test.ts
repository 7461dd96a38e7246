// What is remembered of texts is what the patterns say, and bounded.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { BannedPattern, BannedTable } from "../../../src/policy/banned-table.ts";
import { createFirstFit } from "../../../src/policy/first-fit.ts";

/** Patterns that fit what ends as they say, and how many texts they have seen. */
function tableOf(...endings: readonly string[]): { readonly table: BannedTable; tests(): number } {
  let tests = 0;
  const patterns = endings.map((key): BannedPattern => {
    const test = (text: string) => {
      tests += 1;
      return text.endsWith(key);
    };
    return { key, value: "1", test };
  });
  return { table: { patterns }, tests: () => tests };
}

test("the first pattern that fits, the same when asked again, also by another mail", () => {
  const { table, tests } = tableOf(".exe", "e", ".zip");
  for (let mail = 0; mail < 3; mail += 1) {
    const firstFit = createFirstFit(table);
    for (let i = 0; i < 2; i += 1)
      assert.deepEqual(["a.exe", "some", "a.zip", "a.txt", "", "__proto__"].map(firstFit), [0, 1, 2, 3, 3, 3]);
  }
  assert.equal(tests(), 1 + 2 + 3 * 4);
});

test("each table has its own answers, one without patterns too", () => {
  assert.equal(createFirstFit(tableOf(".zip", ".exe").table)("a.exe"), 1);
  assert.equal(createFirstFit(tableOf(".exe").table)("a.exe"), 0);
  assert.equal(createFirstFit(tableOf().table)("a.exe"), 0);
});

test("long texts are asked about each time, and many push others out", () => {
  const { table, tests } = tableOf(".exe");
  const firstFit = createFirstFit(table);
  const long = `${"x".repeat(100)}.exe`;
  assert.deepEqual([firstFit(long), firstFit(long), tests()], [0, 0, 2]);
  firstFit("a.exe");
  for (let i = 0; i < 1000; i += 1) assert.equal(firstFit(`${i}.txt`), 1);
  const before = tests();
  assert.equal(firstFit("a.exe"), 0);
  assert.equal(tests(), before + 1);
});
