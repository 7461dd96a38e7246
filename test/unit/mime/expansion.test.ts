import assert from "node:assert/strict";
import { test } from "node:test";
import { createExpansion } from "../../../src/mime/expansion.ts";
import { defaultPartsLimits, expansionQuota } from "../../../src/mime/limits.ts";

test("what unpacking may make is reckoned as amavisd does", () => {
  assert.equal(expansionQuota(defaultPartsLimits, 10), 100 * 1024);
  assert.equal(expansionQuota(defaultPartsLimits, 10_000), 5_000_000);
  assert.equal(expansionQuota(defaultPartsLimits, 10_000_000), 500 * 1024 ** 2);
  assert.equal(expansionQuota(defaultPartsLimits, 200_000_000), 1_000_000_000);
});

test("the octets of all archives together are bound", () => {
  const expansion = createExpansion({ ...defaultPartsLimits, MIN_EXPANSION_QUOTA: 100 }, 0);
  const first = { archiveBytes: 1000, madeBytes: 0 };
  assert.equal(expansion.spend(60, first), true);
  assert.equal(expansion.measure(40, { archiveBytes: 1000, madeBytes: 0 }), true);
  assert.equal(expansion.spend(41, { archiveBytes: 1000, madeBytes: 0 }), false);
  assert.match(expansion.excess ?? "", /more than 100 octets/);
});

test("an archive that makes far more than it has is a bomb, whatever the others leave", () => {
  const expansion = createExpansion(defaultPartsLimits, 10_000_000);
  assert.equal(expansion.spend(1024 * 1024, { archiveBytes: 100, madeBytes: 0 }), true);
  assert.equal(expansion.spend(2 * 1024 * 1024, { archiveBytes: 100, madeBytes: 0 }), false);
  assert.match(expansion.excess ?? "", /1000 times/);
});
