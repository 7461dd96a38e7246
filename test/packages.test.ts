// What comes with us from others comes as it was looked at: exact versions, each with its checksum, and nothing of theirs runs
// when it is installed where we ship it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

interface Locked {
  readonly version?: string;
  readonly integrity?: string;
  readonly dev?: boolean;
  readonly link?: boolean;
  readonly hasInstallScript?: boolean;
}

const root = join(import.meta.dirname, "..");
const read = (file: string) => JSON.parse(readFileSync(join(root, file), "utf8"));
const { dependencies, devDependencies } = read("package.json");
const locked: Record<string, Locked> = read("package-lock.json").packages;

test("packages are named by exact versions", () => {
  for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
    assert.match(String(version), /^\d+\.\d+\.\d+(-[\w.]+)?$/, name);
    assert.equal(locked[`node_modules/${name}`]?.version, version);
  }
});

test("packages are locked with their checksums, and what is shipped runs no script when it is installed", () => {
  const others = Object.entries(locked).filter(([path, { link }]) => path !== "" && link !== true);
  assert.ok(others.length > 0);
  for (const [path, { integrity, dev, hasInstallScript }] of others) {
    assert.match(integrity ?? "", /^sha512-/, path);
    if (dev !== true) assert.notEqual(hasInstallScript, true, path);
  }
});
