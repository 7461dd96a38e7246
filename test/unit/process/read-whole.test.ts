import assert from "node:assert/strict";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readWhole } from "../../../src/process/read-whole.ts";

test("a file of any size is read whole, with its mode", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "signpost-read-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, "file");
  for (const bytes of [0, 1, 1700, 65_535, 65_536, 65_537, 300_000]) {
    const content = Buffer.alloc(bytes, "some octets ");
    await writeFile(path, content);
    await chmod(path, 0o640);
    const { octets, mode } = readWhole(path);
    assert.ok(content.equals(octets), `${bytes} octets`);
    assert.equal(mode & 0o777, 0o640);
  }
});

test("a file whose size is not told is read until it ends", () => {
  assert.ok(readWhole("/proc/self/status").octets.length > 100);
});

test("what cannot be read is an error as the file system has it", () => {
  assert.throws(() => readWhole("/nowhere/at/all"), { code: "ENOENT" });
  assert.throws(() => readWhole("/"), { code: "EISDIR" });
});
