// A copy goes with the mark of its release.
import assert from "node:assert/strict";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { realFiles } from "../../../src/quarantine/files.ts";
import { markReleased } from "../../../src/quarantine/release-mark.ts";
import { removeCopies } from "../../../src/quarantine/remove-copies.ts";
import { temporaryFolder } from "../../support/quarantine.ts";

test("files and marks go; what is gone already counts as removed", async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, "one"), "1");
  writeFileSync(join(folder, "two"), "2");
  await markReleased(realFiles, { folder, name: "one" }, "x");
  const copies = ["one", "gone"].map((name) => ({ folder, name }));
  assert.deepEqual(await removeCopies(realFiles, copies), { removed: copies, failed: [] });
  assert.deepEqual(readdirSync(folder), ["two"]);
});

test("what cannot be removed is said", async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, "file"), "1");
  const { removed, failed } = await removeCopies(realFiles, [{ folder, name: "file/below" }]);
  assert.deepEqual(removed, []);
  assert.match(failed[0]?.detail ?? "", /ENOTDIR/);
});
