// `signpost reload` against the running daemon: exit 0 means in force, everything else leaves the old configuration.
import assert from "node:assert/strict";
import { stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Ended, signpost } from "../support/command.ts";
import { startDaemonProcess } from "../support/daemon.ts";
import { type Filter, startFilter } from "../support/filter.ts";
import { after, before, test } from "../support/limited.ts";
import { smtpClient } from "../support/smtp-client.ts";

let filter: Filter;

before(async () => {
  filter = await startFilter({ extra: "control: { socket: '@FOLDER@/control.sock' }" });
});

after(() => filter?.close());

function reload(...more: readonly string[]): Promise<Ended> {
  return signpost("reload", "--config", filter.daemon.configFile, ...more);
}

async function greeting(): Promise<string> {
  const client = smtpClient(filter.ports.incoming);
  const [line = ""] = await client.reply();
  client.socket.end("QUIT\r\n");
  return line;
}

test("a changed configuration is in force when reload exits 0", async () => {
  await writeFile(filter.daemon.configFile, `${filter.config}\nsmtpd_greeting_banner: changed once`);
  const { code, stdout, stderr } = await reload();
  assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
  assert.match(stdout, /signpost\.yaml is in force \(configuration 2 since the start\)/);
  assert.match(await greeting(), /changed once/);
});

test("a broken configuration is told with its line, and the old one stays", async () => {
  await writeFile(filter.daemon.configFile, `${filter.config}\nsmtpd_greeting_baner: typo`);
  const { code, stderr } = await reload();
  assert.equal(code, 78);
  assert.match(stderr, /signpost\.yaml:\d+:\d+: .*smtpd_greeting_baner/);
  assert.match(await greeting(), /changed once/);
});

test("a port that cannot be had fails the reload, and the old configuration stays", async () => {
  const taken = filter.dns.server.port;
  await writeFile(
    filter.daemon.configFile,
    `${filter.config}\nsmtpd_greeting_banner: changed twice\nlisten_sockets: ["127.0.0.1:${taken}"]`,
  );
  const { code, stderr } = await reload();
  assert.equal(code, 1);
  assert.match(stderr, /the old configuration stays in force: .* is in use by another program/);
  assert.match(await greeting(), /changed once/);
});

test("what takes a restart is named, and the exit is not 0", async () => {
  await writeFile(filter.daemon.configFile, `${filter.config}\npool: { deadline: 7s }`);
  const from = filter.daemon.lines.length;
  const { code, stderr } = await reload();
  // The log may be a moment behind.
  await filter.daemon.line("a restart is needed", from);
  assert.equal(code, 1);
  assert.match(stderr, /a restart is needed: pool\.deadline/);
});

test("SIGHUP reloads too", async () => {
  await writeFile(filter.daemon.configFile, `${filter.config}\nsmtpd_greeting_banner: by signal`);
  const from = filter.daemon.lines.length;
  filter.daemon.process.kill("SIGHUP");
  await filter.daemon.line("configuration reloaded", from);
  assert.match(await greeting(), /by signal/);
});

test("a configuration by which a working key is lost is refused, and taken by --force", async () => {
  const key = join(filter.daemon.folder, "key.pem");
  await writeFile(key, filter.keys.rsa.pem, { mode: 0o600 });
  const config = `${filter.config}\nsmtpd_greeting_banner: by force`.replace(
    "dkim_keys:\n",
    `dkim_keys:\n  - { domain: keyed.example, selector: s, file: ${key} }\n`,
  );
  await writeFile(filter.daemon.configFile, config);
  assert.equal((await reload()).code, 0);

  await writeFile(key, "garbage");
  await writeFile(filter.daemon.configFile, config.replace("by force", "refused"));
  const refused = await reload();
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /error: keyed\.example loses its key s: PEM file .*key\.pem is damaged/);
  assert.match(refused.stderr, /signpost reload --force/);
  assert.match(await greeting(), /by force/);

  // A signal is as careful.
  const from = filter.daemon.lines.length;
  filter.daemon.process.kill("SIGHUP");
  await filter.daemon.line("reload failed", from);

  const forced = await reload("--force");
  assert.equal(forced.code, 0);
  assert.match(forced.stderr, /warning: keyed\.example loses its key s/);
  assert.match(forced.stderr, /mail of keyed\.example is deferred/, "what the daemon found is told");
  assert.match(await greeting(), /refused/);
});

test("the control socket is its user's alone", async () => {
  const { mode } = await stat(join(filter.daemon.folder, "control.sock"));
  assert.equal(mode & 0o777, 0o600);
});

test("a second daemon does not take the socket of a living one", async () => {
  await assert.rejects(
    startDaemonProcess(`
inet_socket_port: []
listen_sockets: []
control: { socket: "${join(filter.daemon.folder, "control.sock")}" }
`),
    /another daemon answers at/,
  );
});

test("reload of a configuration that the daemon does not run with is refused", async () => {
  const other = join(filter.daemon.folder, "other.yaml");
  await writeFile(other, filter.config);
  const { code, stderr } = await signpost("reload", "--config", other);
  assert.equal(code, 1);
  assert.match(stderr, /the daemon there runs with .*signpost\.yaml/);
});

test("without a daemon reload says so and exits 69", async () => {
  const lonely = join(filter.daemon.folder, "lonely.yaml");
  await writeFile(lonely, `control: { socket: "${filter.daemon.folder}/nobody.sock" }`);
  const { code, stderr } = await signpost("reload", "--config", lonely);
  assert.equal(code, 69);
  assert.match(stderr, /no daemon is running/);
});
