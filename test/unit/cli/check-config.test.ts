import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { checkConfig } from "../../../src/cli/check-config.ts";
import type { Io } from "../../../src/cli/command.ts";
import { loadConfig } from "../../../src/config/load.ts";

const folder = mkdtempSync(join(tmpdir(), "check-config-"));
chmodSync(folder, 0o755);
after(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string, mode = 0o640): string {
  writeFileSync(join(folder, name), text);
  chmodSync(join(folder, name), mode);
  return name;
}

async function run(...args: string[]) {
  let stdout = "";
  let stderr = "";
  const io: Io = {
    stdout: (text) => {
      stdout += String(text);
    },
    stderr: (text) => {
      stderr += text;
    },
    stdin: async () => new Uint8Array(),
    readLine: async () => "",
    env: {},
    cwd: folder,
    terminal: false,
    now: () => 0,
    signal: new AbortController().signal,
  };
  const code = await checkConfig.run(args, io);
  return { code, stdout, stderr };
}

test("a configuration without a fault is ok", async () => {
  const name = file(
    "good.yaml",
    "myhostname: mail.example.com\nenable_dkim_verification: true\nlocal_domains_maps: [[.example.com]]\n",
  );
  assert.deepEqual(await run("--config", name), { code: 0, stdout: "good.yaml: ok\n", stderr: "" });
});

test("an error is told by file, line and column, and exits 78", async () => {
  const name = file("bad.yaml", "log_level: 1\nlog_levle: 2\n");
  const { code, stdout, stderr } = await run("--config", name);
  assert.equal(code, 78);
  assert.equal(stderr, 'bad.yaml:2:1: error: log_levle: unknown setting, did you mean "log_level"?\n');
  assert.equal(stdout, "bad.yaml: 1 error\n");
});

test("a file that is not there exits 66", async () => {
  const { code, stderr } = await run("--config", "missing.yaml");
  assert.equal(code, 66);
  assert.match(stderr, /missing\.yaml cannot be read: No such file or directory/);
});

test("--print gives a configuration that reads back the same", async () => {
  const name = file("print.yaml", "log_level: 2\npolicy_bank: { MYNETS: { originating: true } }\n");
  const { code, stdout } = await run("--config", name, "--print");
  assert.equal(code, 0);
  const first = await loadConfig(name, { cwd: folder });
  const second = await loadConfig(file("printed.yaml", stdout), { cwd: folder });
  assert.deepStrictEqual(second.config, first.config);
});

test("a password in a file that everybody can read is a warning, in a private one it is none", async () => {
  const text = "redis: { url: 'redis://user:secret@127.0.0.1:6379/0' }\n";
  const open = await run(file("open.yaml", text, 0o644));
  assert.match(open.stderr, /^open\.yaml:1:15: warning: redis\.url: open\.yaml holds this secret and can be read by/m);
  assert.equal(open.code, 0);
  const closed = await run(file("closed.yaml", text, 0o640));
  assert.doesNotMatch(closed.stderr, /secret/);
});

test("a key that others can read is told, however it is named", async () => {
  file("key.pem", "no key", 0o644);
  file("group.pem", "no key", 0o660);
  const text =
    "dkim_keys:\n  - { domain: a.example, selector: s, file: key.pem }\n  - { domain: b.example, selector: s, file: group.pem }\ndaemon_user: root\n";
  const { stderr } = await run(file("keys.yaml", text));
  assert.match(stderr, /^keys\.yaml:2:45: warning: dkim_keys\[0\]\.file: everybody on this machine can use the key/m);
  assert.match(stderr, /^keys\.yaml:3:45: note: dkim_keys\[1\]\.file: the group of .* can change the key/m);
});

test("a configuration that others can change is told", async () => {
  const { stderr } = await run(file("writable.yaml", "log_level: 1\n", 0o666));
  assert.match(stderr, /error: writable\.yaml can be changed by other users than its owner/);
  mkdirSync(join(folder, "shared"));
  chmodSync(join(folder, "shared"), 0o777);
  const inFolder = await run(file("shared/signpost.yaml", "log_level: 1\n"));
  assert.match(inFolder.stderr, /error: shared can be changed by other/);
});

test("keys of a folder are looked at, too", async () => {
  mkdirSync(join(folder, "keys/a.example"), { recursive: true });
  const pem = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" });
  file("keys/a.example/open.pem", String(pem), 0o644);
  file("keys/a.example/closed.pem", String(pem), 0o600);
  const { stderr } = await run(file("folder.yaml", "dkim_key_dir: keys\ndaemon_user: root\n"));
  const lines = stderr.split("\n").filter((line) => line.includes("can use the key"));
  assert.equal(lines.length, 1, stderr);
  assert.match(lines[0] ?? "", /^folder\.yaml:1:15: warning: dkim_key_dir: .*\/a\.example\/open\.pem/);
});

test("a configuration that daemon_user can change is told, and a daemon_user that does not exist", async () => {
  const uid = process.getuid?.() ?? 0;
  const { stderr } = await run(file("own.yaml", `daemon_user: "${uid}"\n`, 0o640));
  assert.match(stderr, /^own\.yaml:1:14: warning: daemon_user: own\.yaml can be changed by the daemon itself/m);
  assert.doesNotMatch((await run(file("own.yaml", `daemon_user: "${uid}"\n`, 0o440))).stderr, /: own\.yaml can be/);
  const missing = await run(file("missing-user.yaml", "daemon_user: no-such-user\n"));
  assert.match(missing.stderr, /^missing-user\.yaml:1:14: warning: daemon_user: there is no user "no-such-user"/m);
});

test("--strict exits 78 on a warning", async () => {
  const name = file("warned.yaml", "always_bcc: copies@example.com\n");
  assert.equal((await run("--config", name)).code, 0);
  const { code, stderr } = await run("--strict", "--config", name);
  assert.equal(code, 78);
  assert.match(stderr, /^warned\.yaml:1:1: warning: these have no effect, nothing acts on them: always_bcc$/m);
});

test("--json prints every problem with its place, on standard output alone", async () => {
  const { code, stdout, stderr } = await run("--json", "--config", file("json.yaml", "log_levle: 2\n"));
  assert.equal(code, 78);
  assert.equal(stderr, "");
  assert.deepEqual(JSON.parse(stdout), {
    file: "json.yaml",
    usable: false,
    problems: [
      {
        severity: "error",
        message: 'log_levle: unknown setting, did you mean "log_level"?',
        setting: "log_levle",
        file: "json.yaml",
        line: 1,
        column: 1,
      },
    ],
  });
});

test("--print shows no secret", async () => {
  const name = file("secret.yaml", 'redis: { url: "redis://:SECRET@localhost" }\n');
  const { stdout } = await run("--print", "--config", name);
  assert.match(stdout, /url: redis:\/\/:hidden@localhost/);
  assert.doesNotMatch(stdout, /SECRET/);
});
