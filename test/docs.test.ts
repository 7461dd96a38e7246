// Holds that the pages for those who work on the code name files that are there.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";

const root = resolve(import.meta.dirname, "..");
const pages = ["CONTRIBUTING.md", "docs/architecture.md", "docs/testing.md", "docs/decisions/001-layout.md"];

for (const page of pages) {
  test(`${page} names files that are there`, () => {
    const text = readFileSync(join(root, page), "utf8");
    const named = [...text.matchAll(/`((?:src|test|workers|bench|grafana|docs|packaging)\/[\w./-]*)`/g)]
      .map(([, path = ""]) => path)
      // A PATH in capitals stands for any.
      .filter((path) => !path.includes("PATH"));
    assert.ok(named.length > 0);
    assert.deepEqual(
      named.filter((path) => !existsSync(join(root, path))),
      [],
    );
  });
}
