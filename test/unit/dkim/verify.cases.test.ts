import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";
import type { Verification } from "../../../src/dkim/engine.ts";
import { type DnsData, readJson } from "../../corpora-run/corpora.ts";
import { verifyOctets } from "../../corpora-run/dkim-verify.ts";

const folder = resolve(import.meta.dirname, "../../corpora/dkim");

interface Expected {
  readonly now: number;
  readonly signatures: readonly Partial<Verification>[];
}

for (const name of readdirSync(folder).sort()) {
  test(`${name}: ${readFileSync(join(folder, name, "README"), "utf8").trim()}`, () => {
    const { now, signatures } = readJson<Expected>(folder, name, "expected.json");
    const dns = readJson<DnsData>(folder, name, "dns.json");
    const results = verifyOctets(readFileSync(join(folder, name, "message.eml")), dns, now);
    const told = results.map(({ kind, result, reason, unsignedInstances }) => ({
      kind,
      result,
      ...(reason !== undefined && { reason }),
      ...(unsignedInstances !== undefined && { unsignedInstances }),
    }));
    assert.deepEqual(told, signatures);
  });
}
