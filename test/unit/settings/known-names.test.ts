import assert from "node:assert/strict";
import { test } from "node:test";
import { knownBankNames, knownGlobalNames } from "../../../src/settings/known-names.ts";
import { scopeOf, settingNamed, shapeNamed } from "../../../src/settings/registry.ts";
import type { KnownName } from "../../../src/settings/setting.ts";

const names: readonly (readonly [string, KnownName, "bank" | "global"])[] = [
  ...Object.entries(knownBankNames).map(([name, known]) => [name, known, "bank"] as const),
  ...Object.entries(knownGlobalNames).map(([name, known]) => [name, known, "global"] as const),
];

test("a known name is no setting, and may stand where it says", () => {
  for (const [name, { shape }, scope] of names) {
    assert.equal(settingNamed(name), undefined, name);
    assert.equal(scopeOf(name), scope, name);
    assert.equal(shapeNamed(name), shape, name);
  }
});

test("lookups that nothing makes are errors where they are asked for", () => {
  const demanded = names.flatMap(([name, { missed }]) => (missed === undefined ? [] : [name]));
  assert.deepEqual(demanded, ["enable_ldap"]);
});
