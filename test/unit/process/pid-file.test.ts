import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { openPidFile } from "../../../src/process/pid-file.ts";

const folder = mkdtempSync(join(tmpdir(), "signpost-pid-"));
after(() => rmSync(folder, { recursive: true }));

const ownRights = (write: () => void) => write();

// The pid of a program that lives and is none of ours, that of nobody, ours from another life, and none at all.
for (const left of [`${process.ppid}\n`, "4194305\n", `${process.pid}\n`, "", "not a pid\n"]) {
  test(`${JSON.stringify(left)} in a file that nobody claims is no obstacle`, async () => {
    const path = join(folder, "stale.pid");
    writeFileSync(path, left);
    const file = await openPidFile(path, ownRights);
    assert.equal(readFileSync(path, "utf8"), `${process.pid}\n`);
    file.remove();
    assert.ok(!existsSync(path));
  });
}

test("a second daemon is refused by the pid of the first, whose file stays", async () => {
  const path = join(folder, "one.pid");
  const file = await openPidFile(path, ownRights);
  const message = `pid_file: ${path} is another daemon's, process ${process.pid}; each needs one of its own`;
  await assert.rejects(openPidFile(path, ownRights), { message });
  assert.equal(readFileSync(path, "utf8"), `${process.pid}\n`);
  file.remove();
  (await openPidFile(path, ownRights)).remove();
});

test("a file that became another's is not removed, a link is never followed", async () => {
  const path = join(folder, "linked.pid");
  writeFileSync(join(folder, "precious"), "precious");
  symlinkSync(join(folder, "precious"), path);
  const file = await openPidFile(path, ownRights);
  assert.equal(readFileSync(join(folder, "precious"), "utf8"), "precious");
  writeFileSync(path, "1\n");
  file.remove();
  assert.equal(readFileSync(path, "utf8"), "1\n");
});

test("what cannot be written is told, leaves nothing behind, and can be had later", async () => {
  const path = join(folder, "missing", "signpost.pid");
  await assert.rejects(openPidFile(path, ownRights), /^Error: pid_file: .*ENOENT/);
  const denied = join(folder, "denied.pid");
  await assert.rejects(
    openPidFile(denied, () => {
      throw new Error("not for you");
    }),
    { message: "pid_file: not for you" },
  );
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith("denied")),
    [],
  );
  (await openPidFile(denied, ownRights)).remove();
});
