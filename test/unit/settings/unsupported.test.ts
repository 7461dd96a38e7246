import assert from "node:assert/strict";
import { test } from "node:test";
import { settingNamed } from "../../../src/settings/registry.ts";
import { unmetDemand } from "../../../src/settings/unsupported.ts";

test("lookups that nothing makes are an unmet demand", () => {
  assert.equal(typeof unmetDemand("enable_ldap", true), "string");
  assert.equal(settingNamed("enable_ldap")?.status, "accepted", "a setting that acts leaves the list");
});

test("a value that asks for nothing is no demand, nor is another setting", () => {
  for (const [name, value] of [
    ["enable_ldap", false],
    ["tls_security_level_out", "encrypt"],
    ["constructor", true],
  ] as const) {
    assert.equal(unmetDemand(name, value), undefined, name);
  }
});
