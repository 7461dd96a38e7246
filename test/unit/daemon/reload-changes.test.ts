// What a reload changed, by name.
import assert from "node:assert/strict";
import { test } from "node:test";
import { loadConfig } from "../../../src/config/load.ts";
import { changesText, reloadChanges } from "../../../src/daemon/reload-changes.ts";
import { atOnce } from "../../../src/process/slices.ts";
import type { SigningKey } from "../../../src/signing/signing-key.ts";

async function compared(text: string, keys: readonly string[] = []) {
  const { config, problems } = await loadConfig("/s.yaml", {
    files: { read: () => text, glob: (pattern) => [pattern] },
  });
  assert.ok(config, JSON.stringify(problems));
  const key = (source: string): SigningKey => ({
    number: 1,
    domain: "example.com",
    selector: source,
    source,
    options: {},
  });
  return { config, keyring: { keys: keys.map(key) } };
}

const cases: readonly (readonly [string, string, readonly string[], readonly string[], string])[] = [
  ["mydomain: a.example", "mydomain: a.example", ["k"], ["k"], "nothing changed"],
  ["mydomain: a.example", "mydomain: b.example", [], [], "changed mydomain, X_HEADER_LINE"],
  [
    "{}",
    "mydomain: b.example\ndns: { tries: 3 }",
    ["a"],
    ["b", "c"],
    "changed mydomain, dns, X_HEADER_LINE; keys: 2 added, 1 removed",
  ],
  [
    "policy_bank: { A: { originating: true } }",
    "policy_bank: { A: { originating: false }, B: { originating: true } }",
    [],
    [],
    "changed policy_bank.A.originating, policy_bank.B.originating",
  ],
];

for (const [before, after, keysBefore, keysAfter, text] of cases) {
  test(`${JSON.stringify(before)}, then ${JSON.stringify(after)}: ${text}`, async () => {
    const [one, other] = [await compared(before, keysBefore), await compared(after, keysAfter)];
    assert.equal(changesText(atOnce(reloadChanges(one, other))), text);
  });
}
