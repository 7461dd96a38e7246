// The real file system: nothing is followed, nothing is written over.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { foldersBelow, realFiles } from "../../../src/quarantine/files.ts";
import { temporaryFolder } from "../../support/quarantine.ts";

test("a file is made anew, and neither a file nor a link of its name is touched", async (t) => {
  const folder = temporaryFolder(t);
  const target = join(folder, "target");
  symlinkSync(target, join(folder, "link"));
  await assert.rejects(realFiles.create(join(folder, "link")), { code: "EEXIST" });
  writeFileSync(target, "x");
  await assert.rejects(realFiles.create(target), { code: "EEXIST" });
  assert.equal(readFileSync(target, "utf8"), "x");
});

test("a name that is taken is not given", async (t) => {
  const folder = temporaryFolder(t);
  const [one, two] = [join(folder, "one"), join(folder, "two")];
  writeFileSync(one, "1");
  writeFileSync(two, "2");
  await assert.rejects(realFiles.giveName(one, two), { code: "EEXIST" });
  assert.equal(readFileSync(two, "utf8"), "2");
  await realFiles.giveName(one, join(folder, "three"));
  assert.equal(await realFiles.sizeOf(one), undefined);
  assert.equal(await realFiles.sizeOf(join(folder, "three")), 1);
});

test("a sub-folder that is a link is not taken for a folder", async (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, "elsewhere"));
  symlinkSync(join(folder, "elsewhere"), join(folder, "t"));
  assert.equal(await realFiles.makeFolder(join(folder, "t")), false);
  await assert.rejects(realFiles.syncFolder(join(folder, "t")));
});

test("a folder is made once, not open to others", async (t) => {
  const path = join(temporaryFolder(t), "t");
  assert.equal(await realFiles.makeFolder(path), true);
  assert.equal(await realFiles.makeFolder(path), false);
  assert.equal(statSync(path).mode & 0o027, 0);
});

test("the size is of plain files alone", async (t) => {
  const folder = temporaryFolder(t);
  assert.equal(await realFiles.sizeOf(folder), undefined);
  assert.equal(await realFiles.sizeOf(join(folder, "not-there")), undefined);
});

test("folders between a root and a file, the nearest to the root first", () => {
  assert.deepEqual(foldersBelow("/q", "/q/a/b/file"), ["/q/a", "/q/a/b"]);
  assert.deepEqual(foldersBelow("/q", "/q/file"), []);
});
