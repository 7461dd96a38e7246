import assert from "node:assert/strict";
import { chmodSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { keyReader, tellReader, userSettings } from "../../../src/cli/daemon-key.ts";
import { genrsa } from "../../../src/cli/genrsa.ts";
import type { UserSystem } from "../../../src/process/unix-user.ts";
import { folderFor, run } from "./run.ts";

const passwd = "root:x:0:0::/:/x\nsignpost:x:201:202::/:/x\nnobody:x:65534:65534::/:/x\n";
const without = passwd.replace(/signpost.*\n/, "");
const as = (uid: number, text = passwd): UserSystem => ({ uid: () => uid, passwd: () => text, group: () => "" });
const unset = { daemon_user: null, daemon_group: null };

test("a key that root makes is for the user that the daemon becomes", () => {
  assert.equal(keyReader(unset, as(0))?.uid, 201);
  assert.equal(keyReader(unset, as(0, without))?.uid, 65534);
  assert.equal(keyReader({ ...unset, daemon_user: "nobody" }, as(0))?.uid, 65534);
  assert.equal(keyReader({ ...unset, daemon_user: "root" }, as(0)), undefined);
  assert.equal(keyReader({ ...unset, daemon_user: "no-such-user" }, as(0)), undefined);
});

test("a key that somebody else makes is for a user that was made for the daemon, else for themselves", () => {
  assert.equal(keyReader(unset, as(1000))?.uid, 201);
  assert.equal(keyReader(unset, as(201)), undefined);
  assert.equal(keyReader(unset, as(1000, without)), undefined);
  assert.equal(keyReader({ ...unset, daemon_user: "nobody" }, as(1000))?.uid, 65534);
});

test("whom it becomes stands in the configuration; a broken one says nothing", async (t) => {
  const folder = folderFor(t);
  writeFileSync(join(folder, "a.yaml"), "daemon_user: postfix\n");
  writeFileSync(join(folder, "b.yaml"), "daemon_usr: postfix\n");
  assert.deepEqual(await userSettings("a.yaml", folder), { ...unset, daemon_user: "postfix" });
  assert.deepEqual(await userSettings("b.yaml", folder), unset);
});

test("who is not root is told the two commands", () => {
  const said = tellReader("k/a.pem", "/k/a.pem", { uid: 65534, gid: 0, groups: [0] }, false);
  assert.match(said, /^The daemon runs as nobody; .*\n {4}chgrp root k\/a\.pem\n {4}chmod 0640 k\/a\.pem\n$/);
});

test("what root makes can be read by the daemon's group, and it is tried", async (t) => {
  const isRoot = process.getuid?.() === 0;
  const folder = folderFor(t);
  chmodSync(folder, 0o755);
  mkdirSync(join(folder, "closed"), { mode: 0o700 });
  writeFileSync(join(folder, "signpost.yaml"), 'daemon_user: "65534"\ndaemon_group: "65534"\n');
  const { code, stderr } = await run(genrsa, ["--config", "signpost.yaml", "a.pem"], folder);
  const { mode, gid } = statSync(join(folder, "a.pem"));
  assert.equal(code, 0);
  assert.deepEqual([mode & 0o777, isRoot ? gid : 65534], [isRoot ? 0o640 : 0o600, 65534]);
  assert.match(stderr, isRoot ? /can read it by its group/ : /chgrp .* a\.pem/);
  const closed = await run(genrsa, ["--config", "signpost.yaml", "closed/a.pem"], folder);
  assert.match(closed.stderr, isRoot ? /cannot get at it: Permission denied/ : /chmod 0640 closed\/a\.pem/);
  assert.equal(process.geteuid?.(), process.getuid?.());
});
