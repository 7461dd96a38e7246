import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { test } from "node:test";
import { failures } from "../../../src/dkim/failure.ts";

test("docs/dkim.md has a row for each reason, with its result, and no other", () => {
  const text = readFileSync(resolve(import.meta.dirname, "../../../docs/dkim.md"), "utf8");
  const rows = [...text.matchAll(/^\| <a id="([^"]+)"><\/a>`([^`]+)` \| (\w+) \| \S.* \| \S.* \|$/gm)];
  const documented = rows.map(([, anchor, code, result]) => {
    assert.equal(anchor, code);
    return [code ?? "", result];
  });
  assert.deepEqual(Object.fromEntries(documented), failures);
  assert.equal(documented.length, Object.keys(failures).length);
});
