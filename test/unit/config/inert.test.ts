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

test("TLS that nothing acts on is an error that names the way out", () => {
  assert.deepEqual(told({ policy_bank: { A: { tls_security_level_out: "encrypt" } } }), [
    "error: policy_bank.A.tls_security_level_out: nothing acts on it: sessions would go on without; take it out, or make this a warning by unsupported: warn",
  ]);
});

test("unsupported: warn makes it a warning", () => {
  assert.deepEqual(told({ unsupported: "warn", tls_security_level_in: "may" }), [
    "warning: tls_security_level_in: nothing acts on it: sessions would go on without",
  ]);
});

test("a value that asks for nothing is one of the names in the one warning", () => {
  assert.deepEqual(told({ tls_security_level_in: null, ...cutoff }), [
    "warning: read and kept, but nothing acts on it yet: always_bcc, limits.header_field_size, tls_security_level_in",
  ]);
});

test("a value with a fault is judged where it is read", () => {
  assert.deepEqual(told({ tls_security_level_in: "perhaps" }), [
    "warning: read and kept, but nothing acts on it yet: tls_security_level_in",
  ]);
});

test("settings that act are not told of", () => {
  assert.deepEqual(told({ log_level: 2, limits: { errors: 3 }, unheard: 1 }), []);
});
