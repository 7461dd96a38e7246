import assert from "node:assert/strict";
import { readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { passKeyName, readPassKey } from "../../../src/quarantine/pass-key.ts";
import { temporaryFolder } from "../../support/quarantine.ts";

test("made once, for all who ask at once, and for its owner alone", async (t) => {
  const folder = temporaryFolder(t);
  const keys = await Promise.all(Array.from({ length: 5 }, () => readPassKey(folder)));
  assert.equal(new Set(keys.map((key) => Buffer.from(key).toString("hex"))).size, 1);
  assert.deepEqual(await readPassKey(folder), keys[0]);
  assert.deepEqual(readdirSync(folder), [passKeyName]);
  assert.equal(statSync(join(folder, passKeyName)).mode & 0o777, 0o600);
});

test("what is no key is an error", async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, passKeyName), "short");
  await assert.rejects(readPassKey(folder), /is no key of ours: remove it/);
  await assert.rejects(readPassKey(join(folder, "none")), /ENOENT/);
});
