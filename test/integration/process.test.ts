// The daemon as a process: whom it runs as, its files, its signals, its limits.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, chown, mkdtemp, open, readdir, readFile, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { signpost } from "../support/command.ts";
import { createTestKey, type DaemonProcess, type StartOptions, startIn } from "../support/daemon.ts";
import { startFakeDns } from "../support/fake-dns.ts";
import { type Act, type FakeNextHop, type Step, startFakeNextHop } from "../support/fake-next-hop.ts";
import { connected, mailText, submit } from "../support/filter.ts";
import { freePort } from "../support/free-port.ts";
import { test } from "../support/limited.ts";
import { smtpClient } from "../support/smtp-client.ts";

const main = join(import.meta.dirname, "../../src/cli/main.ts");

interface Setup {
  readonly folder: string;
  readonly port: number;
  readonly hop: FakeNextHop;
  readonly config: string;
  readonly configFile: string;
  start(options?: StartOptions): Promise<DaemonProcess>;
}

/** A folder, a next hop, and a configuration for them; all gone after the test. */
async function setUp(t: TestContext, more: string, script?: (step: Step) => Act | Promise<Act>): Promise<Setup> {
  const folder = await mkdtemp(join(tmpdir(), "signpost-process-"));
  const hop = await startFakeNextHop(script === undefined ? {} : { script });
  const port = await freePort();
  const started: DaemonProcess[] = [];
  t.after(async () => {
    for (const daemon of started) if (daemon.process.exitCode === null) await daemon.kill();
    await hop.close();
    await rm(folder, { recursive: true, force: true });
  });
  const config = `
inet_socket_port: ${port}
forward_method: "smtp:[127.0.0.1]:${hop.port}"
dns: { servers: ["127.0.0.1:9"], timeout: 0.1s, tries: 1 }
spool: { dir: "${folder}", free_space: 1M }
pool: { threads: 1 }
${more.replaceAll("@FOLDER@", folder)}
`;
  const configFile = join(folder, "signpost.yaml");
  await writeFile(configFile, config);
  const start = async (options?: StartOptions) => {
    const daemon = await startIn(folder, configFile, options);
    started.push(daemon);
    return daemon;
  };
  return { folder, port, hop, config, configFile, start };
}

/** SIGTERM, and the exit code; the folder stays. */
async function end(daemon: DaemonProcess): Promise<number | null> {
  const exited = once(daemon.process, "exit");
  daemon.process.kill("SIGTERM");
  const [code] = await exited;
  return code;
}

async function deliver(port: number): Promise<string> {
  const client = await connected(port);
  const reply = await submit(client, { data: mailText("delivered") });
  client.socket.end("QUIT\r\n");
  return reply;
}

/** Real, effective, saved and file system ids of every thread. */
async function idsOf(pid: number, what: "Uid" | "Gid" | "Groups"): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  for (const task of await readdir(`/proc/${pid}/task`)) {
    const status = await readFile(`/proc/${pid}/task/${task}/status`, "utf8");
    ids.add(new RegExp(`^${what}:\\s*(.*?)\\s*$`, "m").exec(status)?.[1] ?? "");
  }
  return ids;
}

const notRoot = process.getuid?.() === 0 ? false : "only root can become another user";
const nobody = { uid: 65534, gid: 65534 };

test("root becomes daemon_user once everything is open, in all threads, and mail passes", {
  skip: notRoot,
}, async (t) => {
  const { folder, port, start } = await setUp(
    t,
    `daemon_user: "${nobody.uid}"
daemon_group: "${nobody.gid}"
unix_socketname: "@FOLDER@/smtp"
unix_socket_mode: "0620"
pid_file: "@FOLDER@/signpost.pid"`,
  );
  await chown(folder, nobody.uid, nobody.gid);
  const daemon = await start();
  assert.deepEqual(await idsOf(daemon.pid, "Uid"), new Set(["65534\t65534\t65534\t65534"]));
  assert.deepEqual(await idsOf(daemon.pid, "Gid"), new Set(["65534\t65534\t65534\t65534"]));
  assert.deepEqual(await idsOf(daemon.pid, "Groups"), new Set(["65534"]));
  for (const [name, mode] of [
    ["smtp", 0o620],
    ["signpost.pid", 0o644],
  ] as const) {
    const { uid, gid, mode: found } = await stat(join(folder, name));
    assert.deepEqual([uid, gid, found & 0o777], [nobody.uid, nobody.gid, mode], name);
  }
  assert.match(await deliver(port), /^250 /);
  assert.equal(daemon.lines.filter((line) => line.includes("running as root")).length, 0);
  assert.equal(await end(daemon), 0);
  assert.deepEqual((await readdir(folder)).sort(), ["signpost.yaml"]);
});

test("links that daemon_user put in the place of files lead root nowhere", { skip: notRoot }, async (t) => {
  const { folder, start } = await setUp(
    t,
    `daemon_user: "65534"
daemon_group: "65534"
pid_file: "@FOLDER@/signpost.pid"
log: { to: "@FOLDER@/signpost.log" }
history: { file: "@FOLDER@/history.db" }`,
  );
  const roots = await mkdtemp(join(tmpdir(), "signpost-roots-"));
  t.after(() => rm(roots, { recursive: true }));
  const names = ["signpost.log", "history.db", "history.db-wal", "history.db-shm", "signpost.pid"];
  for (const name of names) {
    await writeFile(join(roots, name), "root's\n", { mode: 0o600 });
    await symlink(join(roots, name), join(folder, name));
  }
  await chown(folder, nobody.uid, nobody.gid);
  // It may start or not: what matters is what root did for it.
  const daemon = await start({ up: () => Promise.resolve() });
  await once(daemon.process, "exit", { signal: AbortSignal.timeout(3000) }).catch(() => undefined);
  await daemon.kill();
  for (const name of names) {
    const { uid, mode } = await stat(join(roots, name));
    assert.deepEqual([uid, mode & 0o777, await readFile(join(roots, name), "utf8")], [0, 0o600, "root's\n"], name);
  }
});

test("started by root without daemon_user, it becomes signpost or nobody and says so", { skip: notRoot }, async (t) => {
  const { folder, port, start } = await setUp(t, "daemon_user: null");
  await chown(folder, nobody.uid, nobody.gid);
  const daemon = await start();
  await daemon.line("started by root without daemon_user: running as ");
  assert.ok(![...(await idsOf(daemon.pid, "Uid"))].some((ids) => /\b0\b/.test(ids)));
  assert.match(await deliver(port), /^250 /);
});

test("a process that stays root is told so, in one line", { skip: notRoot }, async (t) => {
  const { start } = await setUp(t, "");
  const daemon = await start();
  assert.equal(daemon.lines.filter((line) => line.includes("running as root: daemon_user is root")).length, 1);
});

test("a key that everybody can read is told at the start", async (t) => {
  const { folder, start } = await setUp(t, "dkim_keys: [{ domain: a.example, selector: s, file: '@FOLDER@/key.pem' }]");
  await writeFile(join(folder, "key.pem"), createTestKey("ed25519").pem, { mode: 0o644 });
  const daemon = await start();
  assert.equal(daemon.lines.filter((line) => /warning: dkim_keys\[0\]\.file: everybody on this/.test(line)).length, 1);
});

test("a key that only root can read is found out where root starts it, and told by the commands", {
  skip: notRoot,
}, async (t) => {
  const { folder, configFile, start } = await setUp(
    t,
    'daemon_user: "65534"\ndaemon_group: "65534"\ndkim_keys: [{ domain: a.example, selector: s, file: "@FOLDER@/key.pem" }]',
  );
  await chown(folder, nobody.uid, nobody.gid);
  await writeFile(join(folder, "key.pem"), createTestKey("ed25519").pem, { mode: 0o600 });
  await assert.rejects(
    start(),
    /error: Can't open PEM file .*key\.pem: Permission denied; .*The daemon runs as nobody/,
  );
  const checked = await signpost("check-config", "--config", configFile);
  assert.deepEqual([checked.code, /Permission denied/.test(checked.stderr)], [78, true]);
  const tested = await signpost("testkeys", "--config", configFile);
  assert.deepEqual([tested.code, /private key: Permission denied/.test(tested.stdout)], [1, true]);

  // What genrsa makes for this configuration can be read.
  await rm(join(folder, "key.pem"));
  assert.equal((await signpost("genrsa", "--config", configFile, join(folder, "key.pem"))).code, 0);
  const daemon = await start();
  assert.ok(!daemon.lines.some((line) => line.includes("PEM file")));
});

test("a spool folder that daemon_user cannot write to is found out at the start", { skip: notRoot }, async (t) => {
  const { folder, start } = await setUp(t, 'daemon_user: "65534"\ndaemon_group: "65534"');
  await chmod(folder, 0o755);
  await assert.rejects(start(), /not started: spool\.dir: uid 65534 cannot write to/);
});

test("a user or group that is not there keeps root from starting it", { skip: notRoot }, async (t) => {
  for (const [more, reason] of [
    ["daemon_user: no-such-user", /not started: daemon_user: there is no user "no-such-user"/],
    ["daemon_user: nobody\ndaemon_group: no-such-group", /not started: daemon_group: there is no group/],
  ] as const) {
    const { start } = await setUp(t, more);
    await assert.rejects(start(), reason);
  }
});

test("pid file and unix socket of a process that was killed are no obstacle, and gone after a stop", async (t) => {
  const { folder, start } = await setUp(t, 'pid_file: "@FOLDER@/signpost.pid"\nunix_socketname: "@FOLDER@/smtp"');
  const killed = await start();
  assert.equal(await readFile(join(folder, "signpost.pid"), "utf8"), `${killed.pid}\n`);
  await killed.kill();
  const files = ["signpost.pid", "smtp"];
  const left = async () => (await readdir(folder)).filter((name) => files.includes(name)).sort();
  assert.deepEqual(await left(), files);
  const daemon = await start();
  assert.equal(await readFile(join(folder, "signpost.pid"), "utf8"), `${daemon.pid}\n`);
  assert.match((await smtpClient(join(folder, "smtp")).line()) ?? "", /^220 /);
  assert.equal(await end(daemon), 0);
  assert.deepEqual(await left(), []);
});

test("a second daemon with the pid file or control socket of the first is refused, and the first keeps them", async (t) => {
  const more = 'pid_file: "@FOLDER@/signpost.pid"\ncontrol: { socket: "@FOLDER@/control" }';
  const { folder, port, config, configFile, start } = await setUp(t, more);
  const first = await start();
  for (const [own, reason] of [
    ["control", new RegExp(`not started: pid_file: .*signpost.pid is another daemon's, process ${first.pid};`)],
    ["signpost.pid", /not started: another daemon answers at .*control/],
  ] as const) {
    const second = config.replace(`${port}`, `${await freePort()}`).replace(`${folder}/${own}`, `${folder}/own-${own}`);
    await writeFile(configFile, second);
    await assert.rejects(start(), reason);
  }
  assert.equal(await readFile(join(folder, "signpost.pid"), "utf8"), `${first.pid}\n`);
  await writeFile(configFile, config);
  assert.equal((await signpost("status", "--config", configFile)).code, 0);
  assert.match(await deliver(port), /^250 /);
  assert.equal(await end(first), 0);
  assert.equal(await end(await start()), 0);
});

test("a door whose bank speaks what we do not stays closed, and is named", async (t) => {
  const other = await freePort();
  const { port, start } = await setUp(
    t,
    `listen_sockets: ["127.0.0.1:${other}"]
interface_policy: { "${other}": RELEASE }
policy_bank: { RELEASE: { protocol: AM.PDP } }`,
  );
  const daemon = await start();
  assert.ok(daemon.lines.some((line) => line.includes(`127.0.0.1:${other} stays closed: AM.PDP is not spoken here`)));
  assert.equal(await smtpClient(other).line(), undefined);
  assert.match((await smtpClient(port).line()) ?? "", /^220 /);
});

test("a pid file that cannot be written keeps it from starting", async (t) => {
  const { start } = await setUp(t, 'pid_file: "@FOLDER@/missing/signpost.pid"');
  await assert.rejects(start(), /not started: pid_file: .*ENOENT/);
});

/** A next hop that never answers the final dot. */
function stuckHop() {
  const reached = Promise.withResolvers<void>();
  const script = ({ stage }: Step): Act => {
    if (stage !== "dot") return undefined;
    reached.resolve();
    return "";
  };
  return { script, reached: reached.promise };
}

test("a stop takes no longer than drain_timeout, whatever the next hop does", async (t) => {
  const { script, reached } = stuckHop();
  const { port, start } = await setUp(t, "drain_timeout: 0.2s", script);
  const daemon = await start();
  const client = await connected(port);
  const reply = submit(client, { data: mailText("stuck") });
  await reached;
  assert.equal(await end(daemon), 0);
  assert.equal(await reply, "(closed)");
  assert.ok(daemon.lines.some((line) => line.includes("1 session(s) cut off after 0.2 s")));
});

test("a second SIGTERM does not wait", async (t) => {
  const { script, reached } = stuckHop();
  const { port, start } = await setUp(t, "drain_timeout: 1h", script);
  const daemon = await start();
  const client = await connected(port);
  const reply = submit(client, { data: mailText("stuck") });
  const idle = await connected(port);
  await reached;
  const exited = once(daemon.process, "exit");
  daemon.process.kill("SIGTERM");
  assert.match((await idle.line()) ?? "", /^421 /);
  while (daemon.process.exitCode === null && daemon.process.signalCode === null) {
    daemon.process.kill("SIGTERM");
    await pause(20);
  }
  assert.deepEqual(await exited, [null, "SIGTERM"]);
  assert.equal(await reply, "(closed)");
});

for (const listeners of [1, 2]) {
  test(`a stop does not wait for a configuration that is being read, and nothing of it comes into force: ${listeners}`, async (t) => {
    const { configFile, start } = await setUp(t, `listeners: ${listeners}`);
    const daemon = await start();
    await rm(configFile);
    // Whoever reads it waits for as long as it is open here.
    await run("mkfifo", [configFile]);
    daemon.process.kill("SIGHUP");
    const held = await open(configFile, "w");
    t.after(() => held.close());
    assert.equal(await end(daemon), 0);
    assert.ok(daemon.lines.some((line) => line.includes("reload failed") && line.includes("shutting down")));
  });
}

for (const [what, redirection] of [
  ["on a disk that is full", "2>/dev/full"],
  ["whose reader went away", ""],
] as const) {
  test(`standard error ${what} keeps the daemon from nothing`, async (t) => {
    // What the configuration is warned about is written before there is a log.
    const { folder, port, configFile, hop } = await setUp(
      t,
      'pid_file: "@FOLDER@/pid"\ndkim_keys: [{ domain: example.com, selector: s, file: none.pem }]',
    );
    const command = [process.execPath, main, "start", "--config", configFile, "--user", "root"];
    const daemon = spawn("sh", ["-c", `exec "$@" ${redirection}`, "sh", ...command], {
      stdio: ["ignore", "ignore", "pipe"],
      env: { ...process.env, RUNTIME_DIRECTORY: folder },
    });
    daemon.stderr.destroy();
    const exited = once(daemon, "exit");
    t.after(() => daemon.kill("SIGKILL"));
    while (daemon.exitCode === null && !(await readdir(folder)).includes("pid")) await pause(20);
    const client = await connected(port);
    assert.match(await submit(client, { from: "a@x.example", data: "From: a@x.example\r\n\r\nhi\r\n" }), /^250 /);
    client.socket.destroy();
    assert.equal(hop.mails.length, 1);
    daemon.kill("SIGTERM");
    assert.deepEqual(await exited, [0, null]);
  });
}

test("a result that cannot be written is told, and no success", async () => {
  const program = spawn("sh", ["-c", 'exec "$@" >/dev/full', "sh", process.execPath, main, "--help"], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let told = "";
  program.stderr.on("data", (text) => {
    told += text;
  });
  const [code] = await once(program, "close");
  assert.equal(code, 73);
  assert.match(told, /^signpost: cannot write the output: ENOSPC[^\n]*\n$/);
});

test("SIGHUP opens the log file anew", async (t) => {
  const { folder, port, start } = await setUp(t, 'log: { to: "@FOLDER@/mail.log" }');
  const log = join(folder, "mail.log");
  const daemon = await start({ up: () => greeted(port) });
  assert.match(await deliver(port), /^250 /);
  await written(log, "Passed CLEAN");
  await rename(log, `${log}.1`);
  daemon.process.kill("SIGHUP");
  await written(log, "configuration reloaded");
  assert.match(await deliver(port), /^250 /);
  await written(log, "Passed CLEAN");
  assert.doesNotMatch(await readFile(`${log}.1`, "utf8"), /configuration reloaded/);
});

test("SIGUSR1 and reopen open the log file anew, and leave the configuration alone", async (t) => {
  const { folder, port, start } = await setUp(t, 'log: { to: "@FOLDER@/mail.log" }');
  const log = join(folder, "mail.log");
  const daemon = await start({ up: () => greeted(port) });
  const ways = [
    async () => void daemon.process.kill("SIGUSR1"),
    async () => {
      const asked = await signpost("reopen", "--config", daemon.configFile, "--socket", join(folder, "control.sock"));
      assert.deepEqual(asked, { code: 0, stdout: "", stderr: "" });
    },
  ];
  for (const [number, reopens] of ways.entries()) {
    assert.match(await deliver(port), /^250 /);
    await written(log, "Passed CLEAN");
    await rename(log, `${log}.${number}`);
    await reopens();
    while (!(await readdir(folder)).includes("mail.log")) await pause(20);
  }
  assert.match(await deliver(port), /^250 /);
  await written(log, "Passed CLEAN");
  for (const name of ["mail.log", "mail.log.0", "mail.log.1"])
    assert.doesNotMatch(await readFile(join(folder, name), "utf8"), /reloaded/);
});

/** Resolves when somebody at the port says 220. */
async function greeted(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, "127.0.0.1");
    const event = await Promise.race([once(socket, "data"), once(socket, "close")]).catch(() => undefined);
    socket.destroy();
    if (event !== undefined && String(event[0]).startsWith("220")) return;
    await pause(20);
  }
}

async function written(file: string, text: string): Promise<void> {
  for (;;) {
    const found = await readFile(file, "utf8").catch(() => "");
    if (found.includes(text)) return;
    await pause(5);
  }
}

test("a reload takes new resolvers and another way to the next hop, and asks for no restart", async (t) => {
  const { port, hop, config, configFile, start } = await setUp(t, "enable_dkim_verification: true");
  const daemon = await start();
  const signed =
    `DKIM-Signature: v=1; a=rsa-sha256; d=signer.example; s=x; h=from; bh=${"A".repeat(43)}=; b=AAAA\r\n` +
    mailText("signed");
  const send = async () => {
    const client = await connected(port);
    assert.match(await submit(client, { data: signed }), /^250 /);
    client.socket.end("QUIT\r\n");
  };
  await send();
  const dns = await startFakeDns({});
  t.after(() => dns.close());
  await writeFile(
    configFile,
    `${config.replace("127.0.0.1:9", `127.0.0.1:${dns.server.port}`)}\nsmtp_connection_cache_enable: false\n`,
  );
  const seen = daemon.lines.length;
  daemon.process.kill("SIGHUP");
  await daemon.line("configuration reloaded", seen);
  const connections = hop.connections;
  await send();
  await send();
  assert.deepEqual(
    dns.asked.map(({ name }) => name),
    ["x._domainkey.signer.example"],
  );
  assert.equal(hop.connections, connections + 2);
  assert.deepEqual(
    daemon.lines.slice(seen).filter((line) => line.includes("restart")),
    [],
  );
});

test("fewer open files mean fewer connections, said at the start; mail still passes", async (t) => {
  const { port, start } = await setUp(t, "limits: { connections: 1000 }");
  const daemon = await start({ openFiles: 130 });
  assert.ok(
    daemon.lines.some((line) => line.includes("22 connections at most: limits.connections needs 3064 open files")),
  );
  const clients = Array.from({ length: 30 }, () => smtpClient(port));
  const greetings = await Promise.all(clients.map((client) => client.line()));
  assert.equal(greetings.filter((line) => line?.startsWith("220 ")).length, 22);
  assert.equal(greetings.filter((line) => line?.startsWith("421 4.3.2 ")).length, 8);
  const [first] = clients.filter((_, index) => greetings[index]?.startsWith("220 "));
  assert.ok(first);
  await first.ask("EHLO client.example");
  assert.match(await submit(first, { data: mailText("crowded") }), /^250 /);
  for (const client of clients) client.socket.destroy();
});

test("out of descriptors the daemon neither dies nor forgets a mail under way, and recovers by itself", async (t) => {
  const { port, start } = await setUp(t, "");
  const daemon = await start();
  const early = await connected(port);
  // So that nothing more can be opened: neither a connection from outside nor one to the next hop.
  const limit = (files: string) => run("prlimit", [`--pid=${daemon.pid}`, `--nofile=${files}`]);
  const before = /(\d+)\s+(\d+)/.exec(
    await run("prlimit", [`--pid=${daemon.pid}`, "--nofile", "--noheadings", "--raw", "--output=SOFT,HARD"]),
  );
  assert.ok(before);
  await limit(`10:${before[2]}`);
  const waiting = Array.from({ length: 5 }, () => smtpClient(port));
  assert.match(await submit(early, { data: mailText("no descriptor") }), /^4\d\d /);
  await limit(`${before[1]}:${before[2]}`);
  assert.match(await submit(early, { data: mailText("again") }), /^250 /);
  // New clients are sent away until the daemon has looked at its limit anew: 421, and they come again.
  let reply = "";
  while (!reply.startsWith("250 ")) reply = await deliver(port);
  for (const client of waiting) client.socket.destroy();
  assert.equal(await end(daemon), 0);
});

function run(program: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(program, [...args], (error, stdout) => (error === null ? resolve(stdout) : reject(error)));
  });
}
