import assert from "node:assert/strict";
import { test } from "node:test";
import { domainPattern } from "../../../src/signing/domain-pattern.ts";
import { selectKeys } from "../../../src/signing/select-keys.ts";
import type { SigningKey } from "../../../src/signing/signing-key.ts";

const declared = ["b.example", "*", "a.example", "sub.a.example", "ex*.test", "xn--bcher-kva.example"];
const keys = declared.map(
  (domain, index): SigningKey => ({
    number: index + 1,
    domain,
    selector: "s",
    source: "file.pem",
    options: {},
    ...(domain.includes("*") ? { pattern: domainPattern("glob", domain) } : {}),
  }),
);

// The names that amavisd 2.13 selects from the same keys.
const cases: readonly (readonly [selection: readonly string[], numbers: readonly number[]])[] = [
  [[], [1, 2, 3, 4, 5, 6]],
  [["a.example"], [2, 3]],
  [["A.EXAMPLE"], [2, 3]],
  [[".a.example"], [2, 3, 4]],
  [["nosuch.invalid"], [2]],
  [["*"], [2]],
  [["ex1.test"], [2, 5]],
  [["ex*.test"], [2, 5]],
  [["bücher.example"], [2, 6]],
  [["."], [1, 2, 3, 4, 6]],
];

for (const [selection, numbers] of cases) {
  test(`showkeys ${selection.join(" ")}`, () => {
    const found = selectKeys(keys, selection).map(({ number }) => number);
    assert.deepEqual(found.toSorted(), numbers.toSorted());
  });
}

test("what is selected is sorted from the top level down, else it stays as declared", () => {
  assert.deepEqual(
    selectKeys(keys, [".example"]).map(({ domain }) => domain),
    ["*", "a.example", "sub.a.example", "b.example", "xn--bcher-kva.example"],
  );
  assert.equal(selectKeys(keys, []), keys);
});
