import assert from "node:assert/strict";
import { test } from "node:test";
import { inertProblems } from "../../../src/config/inert.ts";
import type { ConfigSource } from "../../../src/config/source.ts";

function told(settings: ConfigSource["settings"]): string[] {
  const source: ConfigSource = { settings, problems: [], locate: () => undefined };
  return inertProblems(source).map(({ severity, message }) => `${severity}: ${message}`);
}

/** Settings that nothing acts on, as long as that is so. */
const cutoff = { limits: { header_field_size: 1000 }, always_bcc: "copies@example.com" };

test("a lookup that nothing makes is an error that names the way out", () => {
  assert.deepEqual(told({ policy_bank: { A: { enable_ldap: true } } }), [
    "error: policy_bank.A.enable_ldap: nothing looks into LDAP: what it says of recipients would not count; take it out, or make this a warning by unsupported: warn",
  ]);
});

test("unsupported: warn makes it a warning", () => {
  assert.deepEqual(told({ unsupported: "warn", enable_ldap: true }), [
    "warning: enable_ldap: nothing looks into LDAP: what it says of recipients would not count",
  ]);
});

test("a value that asks for nothing is one of the names in the one warning", () => {
  assert.deepEqual(told({ enable_ldap: false, ...cutoff }), [
    "warning: these have no effect, nothing acts on them: always_bcc, enable_ldap, limits.header_field_size",
  ]);
});

test("a value with a fault is judged where it is read", () => {
  assert.deepEqual(told({ enable_ldap: "perhaps" }), [
    "warning: these have no effect, nothing acts on them: enable_ldap",
  ]);
});

test("settings that act are not told of", () => {
  assert.deepEqual(told({ log_level: 2, limits: { errors: 3 }, unheard: 1 }), []);
});
