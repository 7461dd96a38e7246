import assert from "node:assert/strict";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { daemonRights } from "../../../src/reading/daemon-rights.ts";
import { loadSettings } from "../../../src/reading/load-settings.ts";
import { ed25519Pem } from "../signing/keys.ts";

const unset = { daemon_user: null, daemon_group: null };
const system = { uid: () => 1000, passwd: () => "", group: () => "" };

test("who is not root looks with their own rights, as root does where the daemon stays root or its user is unknown", () => {
  for (const rights of [
    daemonRights(unset, system),
    daemonRights({ ...unset, daemon_user: "root" }, { ...system, uid: () => 0, passwd: () => "root:x:0:0::/:/x\n" }),
    daemonRights({ ...unset, daemon_user: "nobody-here" }, { ...system, uid: () => 0 }),
  ]) {
    assert.equal(rights.user, undefined);
    assert.equal(
      rights.act(() => process.geteuid?.()),
      process.getuid?.(),
    );
  }
});

test("a key that only root can read is an error where root starts the daemon, and none to a daemon of root's", async (t) => {
  const isRoot = process.getuid?.() === 0;
  const folder = await mkdtemp(join(tmpdir(), "signpost-keys-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await chmod(folder, 0o755);
  await writeFile(join(folder, "a.pem"), ed25519Pem, { mode: 0o600 });
  const keys = "dkim_keys:\n  - { domain: a.example, selector: s, file: a.pem }\n";
  await writeFile(join(folder, "nobody.yaml"), `daemon_user: "65534"\ndaemon_group: "65534"\n${keys}`);
  await writeFile(join(folder, "own.yaml"), `daemon_user: "${process.getuid?.()}"\ndaemon_group: "0"\n${keys}`);
  const told = async (name: string) =>
    (await loadSettings(name, folder, "daemon", "error")).problems
      .filter(({ severity }) => severity === "error")
      .map(({ message, place }) => `${place?.line}: ${message}`);
  const [denied] = await told("nobody.yaml");
  if (isRoot)
    assert.match(denied ?? "", /^4: Can't open PEM file .*a\.pem: Permission denied; .* The daemon runs as .*chgrp/);
  else assert.equal(denied, undefined);
  assert.deepEqual(await told("own.yaml"), []);
  const { settings } = await loadSettings("nobody.yaml", folder, "daemon");
  assert.ok(settings !== undefined, "a command that needs no key goes on");
  assert.equal(settings.keyring.keys[0]?.trouble, isRoot ? "Permission denied" : undefined);
  // Root again.
  assert.equal(await readFile(join(folder, "a.pem"), "utf8"), ed25519Pem);
});
