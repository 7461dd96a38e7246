// Whoever is first releases.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { realFiles } from "../../../src/quarantine/files.ts";
import { markReleased, unmarkReleased } from "../../../src/quarantine/release-mark.ts";
import { failingFiles, temporaryFolder } from "../../support/quarantine.ts";

test("of many who mark at the same time one is first; unmarked it can be marked again", async (t) => {
  const folder = temporaryFolder(t);
  const copy = { folder, name: "virus-m1" };
  const first = await Promise.all(Array.from({ length: 10 }, () => markReleased(realFiles, copy, "x")));
  assert.equal(first.filter(Boolean).length, 1);
  assert.deepEqual(readdirSync(folder), [".virus-m1.released"]);
  await unmarkReleased(realFiles, copy);
  await unmarkReleased(realFiles, copy);
  assert.equal(await markReleased(realFiles, copy, "x"), true);
});

test("a mark that cannot be made is an error: nothing is sent then", async (t) => {
  const { files } = failingFiles(3, "before", "ENOSPC");
  await assert.rejects(markReleased(files, { folder: temporaryFolder(t), name: "m" }, "x"), { code: "ENOSPC" });
});
