import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { loadSettings } from "../../../src/reading/load-settings.ts";
import { readAhead, worthIt } from "../../../src/reading/read-ahead.ts";
import { createTestKey } from "../../support/daemon.ts";

const rsa = createTestKey("rsa").pem;
const ed25519 = createTestKey("ed25519").pem;

/** As many as are worth a second thread: keys of two kinds, one that is none, one that is not there, all with a folder. */
function manyKeys(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "signpost-ahead-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const names = Array.from({ length: worthIt + 7 }, (_, index) => `d${index}.example`);
  for (const [index, name] of names.entries()) {
    mkdirSync(join(folder, name));
    if (index === 3) continue;
    const text = index === 1100 ? "no key!" : index % 3 === 0 ? ed25519 : rsa;
    writeFileSync(join(folder, name, "s.pem"), text, { mode: index % 2 === 0 ? 0o600 : 0o640 });
  }
  return { folder, names };
}

test("keys read by two threads are those that are there, each with its mode", (t) => {
  const { folder, names } = manyKeys(t);
  const paths = names.map((name) => join(folder, name, "s.pem"));
  const ahead = readAhead("key", paths);
  t.after(() => ahead.close());
  for (const [index, path] of paths.entries()) {
    assert.ok(ahead.has(path));
    if (index === 3) {
      assert.throws(() => ahead.key(path), { code: "ENOENT" });
      continue;
    }
    const { read, mode, uid } = ahead.key(path);
    assert.equal(mode & 0o777, index % 2 === 0 ? 0o600 : 0o640);
    assert.equal(uid, process.getuid?.());
    if (index === 1100) assert.deepEqual(read, { trouble: "is not a private key in PEM form" });
    else assert.equal("key" in read && read.key.keyObject().asymmetricKeyType, index % 3 === 0 ? "ed25519" : "rsa");
  }
  // Asked for once more, long after its turn.
  assert.ok("key" in ahead.key(paths[0] ?? "").read);
  assert.equal(ahead.has(folder), false);
});

test("folders read by two threads have the names that are in them", (t) => {
  const { folder, names } = manyKeys(t);
  const ahead = readAhead("folder", [...names.map((name) => join(folder, name)), join(folder, "gone")]);
  t.after(() => ahead.close());
  for (const [index, name] of names.entries())
    assert.deepEqual(ahead.folder(join(folder, name)), index === 3 ? [] : ["s.pem"]);
  assert.throws(() => ahead.folder(join(folder, "gone")), { code: "ENOENT" });
});

test("a folder with many keys gives the keyring that few would, and names what is wrong", async (t) => {
  const { folder, names } = manyKeys(t);
  const file = join(folder, "signpost.yaml");
  writeFileSync(file, `dkim_key_dir: ${folder}\n`, { mode: 0o600 });
  const { settings, problems, plain } = await loadSettings(file, folder);
  assert.ok(settings !== undefined);
  assert.equal(settings.keyring.keys.length, names.length - 1);
  assert.equal(settings.keyring.keys.usable, names.length - 2);
  assert.equal(settings.keyring.find("d2000.example")[0]?.key?.type, "rsa");
  assert.equal(settings.keyring.find("d1100.example")[0]?.trouble, "is not a private key in PEM form");
  assert.deepEqual(
    problems.map(({ severity, message }) => [severity, message.replace(folder, "")]),
    [["warning", "PEM file /d1100.example/s.pem is not a private key in PEM form; mail of d1100.example is deferred"]],
  );
  assert.equal(plain?.keyFiles.length, names.length - 2);
  const found = plain?.keyFiles.find(({ name }) => name === join(folder, "d1.example", "s.pem"));
  assert.equal((found?.facts?.mode ?? 0) & 0o777, 0o640);
});
