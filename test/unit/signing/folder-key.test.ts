import assert from "node:assert/strict";
import { test } from "node:test";
import { FolderKey } from "../../../src/signing/folder-key.ts";

test("the file of a key in a folder follows from domain and selector", () => {
  const { number, domain, selector, source, options } = new FolderKey("/k", { domain: "a.example", selector: "s1" }, 7);
  assert.deepEqual([number, domain, selector, source, options], [7, "a.example", "s1", "/k/a.example/s1.pem", {}]);
});
