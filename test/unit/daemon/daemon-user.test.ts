import assert from "node:assert/strict";
import { chmod, chown, lstat, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { giveSocket, makeAt, takeDaemonUser } from "../../../src/daemon/daemon-user.ts";
import { isRootsAlone } from "../../../src/process/daemon-files.ts";
import type { ActingAs } from "../../../src/process/unix-user.ts";

const notRoot = process.getuid?.() === 0 ? false : "only root can make folders for others";
const user = { uid: 201, gid: 202, groups: [202] };
let folder = "";
let asRoot = 0;
/** Counts what is done as root; this process stays who it is. */
const acting: ActingAs = {
  user,
  asRoot(action) {
    asRoot += 1;
    return action();
  },
  whileRoot: (action) => action(),
  end() {},
};

before(async () => {
  folder = await mkdtemp("/run/signpost-user-").catch(() => mkdtemp(join(process.cwd(), "node_modules/.user-")));
  await chmod(folder, 0o755);
});

after(() => rm(folder, { recursive: true }));

test("a file in the user's own folder is made with the user's rights", { skip: notRoot }, async () => {
  await chown(folder, user.uid, user.gid);
  asRoot = 0;
  assert.equal(
    makeAt(acting, join(folder, "pid"), () => "made"),
    "made",
  );
  giveSocket(acting, join(folder, "smtp"));
  assert.equal(asRoot, 0);
});

test("in a folder of root's alone root makes it, and gives a socket away", { skip: notRoot }, async (t) => {
  await chown(folder, 0, 0);
  if (!isRootsAlone(folder)) return t.skip("others can change the path to this checkout");
  const path = join(folder, "smtp");
  await writeFile(path, "");
  asRoot = 0;
  assert.equal(
    makeAt(acting, path, () => "made"),
    "made",
  );
  giveSocket(acting, path);
  assert.equal(asRoot, 2);
  const { uid, gid } = await lstat(path);
  assert.deepEqual([uid, gid], [user.uid, user.gid]);
});

test("a process that takes on nobody makes its files itself", () => {
  assert.equal(
    makeAt(undefined, join(folder, "pid"), () => "made"),
    "made",
  );
});

test("root that is told to stay root acts as nobody else, and hears a warning", { skip: notRoot }, () => {
  const taken = takeDaemonUser({ daemon_user: "nobody", daemon_group: null, log: { to: "stderr" } }, "root");
  assert.deepEqual(taken, { warning: "running as root: daemon_user is root" });
});
