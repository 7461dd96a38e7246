import assert from "node:assert/strict";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { atOnce } from "../../../src/process/slices.ts";
import { keyFilesOnDisk, listKeys } from "../../../src/reading/list-keys.ts";
import { defaultSettings } from "../../../src/reading/load-settings.ts";
import { rsaPem } from "../signing/keys.ts";

test("files on disk: relative names start at the folder given, and a look says who may do what", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "signpost-keys-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, "a.pem"), rsaPem);
  await chmod(join(folder, "a.pem"), 0o640);
  const files = keyFilesOnDisk(folder);
  assert.equal(files.lookAt("a.pem").mode & 0o777, 0o640);
  assert.deepEqual(files.listFolder("."), ["a.pem"]);
  assert.equal(Buffer.from(files.readFile(join(folder, "a.pem"))).toString(), rsaPem);
  assert.throws(() => files.lookAt("b.pem"), { code: "ENOENT" });
});

test("what was found before stays in front, and nothing is told twice", async () => {
  const { config, tables } = await defaultSettings();
  const before = { severity: "warning", message: "no file", path: ["dkim_keys", 0] } as const;
  const keys = [
    { domain: "a.example", selector: "s", file: "/nowhere/a.pem" },
    { domain: "b.example", selector: "s", file: "/nowhere/b.pem" },
  ];
  const locate = () => ({ file: "s.yaml", line: 3, column: 1 });
  const listed = atOnce(listKeys({ config: { ...config, dkim_keys: keys }, tables }, [before], { cwd: "/", locate }));
  assert.equal(listed.settings?.keyring.keys.length, 2);
  assert.deepEqual(
    listed.problems.map(({ message, place }) => [message, place?.line]),
    [
      ["no file", undefined],
      ["Can't open PEM file /nowhere/b.pem: No such file or directory; mail of b.example is deferred", 3],
    ],
  );
});
