import assert from "node:assert/strict";
import { chmod, chown, link, lstat, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { isRootsAlone, makeFileFor, mayMakeFiles, needsRootFor } from "../../../src/process/daemon-files.ts";

const user = { uid: 201, gid: 202, groups: [202, 8] };
/** Only root can give files away; the folder lies where others cannot change the path. */
const notRoot = process.getuid?.() === 0 ? false : "only root can make files for others";
let folder = "";

before(async () => {
  folder = await mkdtemp("/run/signpost-files-").catch(() => mkdtemp(join(process.cwd(), "node_modules/.files-")));
});

after(() => rm(folder, { recursive: true }));

for (const [uid, gid, mode, wanted] of [
  [201, 0, 0o700, true],
  [201, 0, 0o077, false],
  [0, 8, 0o070, true],
  [0, 8, 0o707, false],
  [0, 0, 0o1777, true],
  [0, 0, 0o755, false],
  [0, 202, 0o750, false],
] as const) {
  test(`a folder of ${uid}:${gid}, mode ${mode.toString(8)}, ${wanted ? "takes" : "does not take"} files of the user`, () => {
    assert.equal(mayMakeFiles({ uid, gid, mode }, user), wanted);
  });
}

test("a folder is root's alone as long as nobody else can change it or those above", { skip: notRoot }, async () => {
  const own = join(folder, "own");
  const below = join(own, "below");
  await mkdir(below, { recursive: true });
  if (!isRootsAlone(folder)) return;
  assert.equal(isRootsAlone(below), true);
  await chmod(own, 0o775);
  assert.equal(isRootsAlone(below), false);
  await chmod(own, 0o755);
  await chown(own, 201, 202);
  assert.equal(isRootsAlone(below), false);
  assert.throws(() => needsRootFor(join(below, "log"), user), /uid 201 may not make files in .* and others than root/);
});

test("a file is made in root's folder and given away", { skip: notRoot }, async () => {
  const place = join(folder, "roots");
  await mkdir(place);
  const path = join(place, "signpost.log");
  makeFileFor(path, user);
  const { uid, gid, mode } = await lstat(path);
  assert.deepEqual([uid, gid, mode & 0o777], [201, 202, 0o640]);
  await writeFile(path, "kept\n");
  makeFileFor(path, user);
  assert.equal(await readFile(path, "utf8"), "kept\n");
});

test("a link, a second name and another user's file are not given away", { skip: notRoot }, async () => {
  const place = join(folder, "links");
  await mkdir(place);
  const target = join(place, "shadow");
  await writeFile(target, "secret\n", { mode: 0o600 });
  await symlink(target, join(place, "soft"));
  assert.throws(() => makeFileFor(join(place, "soft"), user), /ELOOP/);
  await link(target, join(place, "hard"));
  makeFileFor(join(place, "hard"), user);
  const others = join(place, "others");
  await writeFile(others, "");
  await chown(others, 8, 8);
  makeFileFor(others, user);
  assert.deepEqual([(await lstat(target)).uid, (await lstat(others)).uid], [0, 8]);
});

test("nothing is made where the user makes files itself, nor where there is no folder", { skip: notRoot }, async () => {
  const place = join(folder, "users");
  await mkdir(place);
  await chown(place, 201, 202);
  const target = join(folder, "of-root");
  await writeFile(target, "secret\n", { mode: 0o600 });
  await symlink(target, join(place, "signpost.log"));
  makeFileFor(join(place, "signpost.log"), user);
  makeFileFor(join(place, "missing", "signpost.log"), user);
  assert.equal((await lstat(target)).uid, 0);
  assert.equal(await readFile(target, "utf8"), "secret\n");
});
