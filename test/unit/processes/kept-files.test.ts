import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { filesOnDisk, loadSettings } from "../../../src/load-settings.ts";
import { fromKept, keepFiles } from "../../../src/processes/kept-files.ts";
import { createTestKey } from "../../support/daemon.ts";

test("what was read is read again as it was, whatever is on disk by then", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "signpost-kept-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, "signpost.yaml");
  const write = (name: string, text: string) => writeFile(join(folder, name), text, { mode: 0o600 });
  await write("key.pem", createTestKey("ed25519").pem);
  await write("other.pem", createTestKey("rsa").pem);
  await write("more.yaml", "myhostname: kept.example.com");
  await write("table", "one@example.com 1\n");
  await write(
    "signpost.yaml",
    `include: "*.d.yaml"
dkim_keys:
  - { domain: a.example, selector: s, file: ${folder}/key.pem }
  - { domain: b.example, selector: s, file: ${folder}/missing.pem }
  - { domain: c.example, selector: s, file: ${folder}/other.pem }
spam_lovers_maps: [{ file: table }]
`,
  );
  await write("one.d.yaml", "myhostname: kept.example.com");
  const files = keepFiles(filesOnDisk());
  const first = await loadSettings(file, folder, files);
  await rm(join(folder, "key.pem"));
  await write("one.d.yaml", "broken: [");
  await write("table", "two@example.com 1\n");
  const again = await loadSettings(file, folder, fromKept(structuredClone(files.kept)));
  assert.ok(first.settings !== undefined && again.settings !== undefined);
  assert.deepEqual(again.problems, first.problems);
  assert.equal(again.settings.config.base.myhostname, "kept.example.com");
  assert.deepEqual(
    [...again.settings.keyring.keys].map(({ domain, key, trouble }) => [domain, key?.type, trouble]),
    [
      ["a.example", "ed25519", undefined],
      ["b.example", undefined, "No such file or directory"],
      ["c.example", "rsa", undefined],
    ],
  );
  assert.equal(again.settings.tables.readFile("table"), "one@example.com 1\n");
});

test("what nobody asked for is not there", () => {
  assert.throws(() => fromKept(new Map()).readFile("/etc/passwd"), { code: "ENOENT" });
});
