// Several processes that share the ports (setting listeners), as one daemon: driven from outside, with real mail.
import assert from "node:assert/strict";
import { once } from "node:events";
import { chmod, chown, mkdtemp, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { type Ended, signpost } from "../support/command.ts";
import { startDaemonProcess, startIn } from "../support/daemon.ts";
import type { Act, Step } from "../support/fake-next-hop.ts";
import { connected, type Filter, type FilterOptions, mailText, startFilter, submit } from "../support/filter.ts";
import { freePort } from "../support/free-port.ts";
import { test } from "../support/limited.ts";
import { type SmtpClient, smtpClient } from "../support/smtp-client.ts";

interface Several extends Filter {
  readonly metrics: string;
}

async function startSeveral(t: TestContext, { extra = "", ...options }: FilterOptions = {}): Promise<Several> {
  const endpoint = `127.0.0.1:${await freePort()}`;
  const filter = await startFilter({
    ...options,
    extra: `listeners: 2
pool: { threads: 1 }
metrics: { listen: "${endpoint}" }
control: { socket: "@FOLDER@/control.sock" }
${extra}`,
  });
  t.after(() => filter.close());
  return { ...filter, metrics: `http://${endpoint}` };
}

/** Pids of the processes that serve mail, in order. */
async function serving({ daemon }: Pick<Filter, "daemon">): Promise<readonly number[]> {
  const text = await readFile(`/proc/${daemon.pid}/task/${daemon.pid}/children`, "utf8");
  return text.trim().split(" ").map(Number);
}

/** The sum of the samples whose line begins so. */
async function total(several: Several, begin: string): Promise<number> {
  const text = await (await fetch(`${several.metrics}/metrics`)).text();
  const found = text.split("\n").filter((line) => line.startsWith(begin));
  return found.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
}

const mails = "signpost_messages_total";

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await pause(10);
}

/** So many that by chance alone all are with the same process once in 8 million times. */
const many = 24;

async function connectMany(port: number): Promise<readonly SmtpClient[]> {
  return Promise.all(Array.from({ length: many }, () => connected(port)));
}

/** One mail over each of many new connections: the replies. */
async function sendMany(port: number, name: string): Promise<readonly string[]> {
  const clients = await connectMany(port);
  const replies = await Promise.all(clients.map((client, at) => submit(client, { data: mailText(`${name} ${at}`) })));
  for (const client of clients) client.socket.end("QUIT\r\n");
  return replies;
}

function command(several: Several, name: string, ...args: readonly string[]): Promise<Ended> {
  return signpost(name, "--config", several.daemon.configFile, ...args);
}

/** A next hop that answers the final dot of no mail before it is told to. */
function holding() {
  const released = Promise.withResolvers<void>();
  const reached = Promise.withResolvers<void>();
  let held = 0;
  const script = async ({ stage }: Step): Promise<Act> => {
    if (stage !== "dot") return undefined;
    held += 1;
    if (held === many) reached.resolve();
    await released.promise;
    return undefined;
  };
  return { script, reached: reached.promise, release: () => released.resolve() };
}

test("mail passes through all processes, and is counted, found and told as that of one daemon", async (t) => {
  const several = await startSeveral(t);
  const { daemon, ports, hop } = several;
  const pids = await serving(several);
  assert.equal(pids.length, 2);
  const replies = await sendMany(ports.originating, "spread");
  assert.deepEqual(new Set(replies.map((reply) => reply.slice(0, 4))), new Set(["250 "]));
  assert.equal(hop.mails.length, many);
  const logged = () => daemon.lines.filter((line) => line.includes("Passed CLEAN"));
  await until(async () => logged().length === many);
  assert.deepEqual(new Set(logged().map((line) => Number(/\((\d+)-\d+\)/.exec(line)?.[1]))), new Set(pids));
  assert.equal(await total(several, mails), many);
  assert.equal(await total(several, "signpost_signatures_total"), many);
  assert.equal(await total(several, "signpost_message_size_bytes_count"), many);
  assert.equal(await total(several, 'signpost_processes{state="running"}'), 2);
  assert.equal(await total(several, 'signpost_pool_threads{state="alive"}'), 2);
  for (const process of ["1", "2", "parent"]) {
    assert.ok((await total(several, `process_resident_memory_bytes{process="${process}"}`)) > 0, process);
  }
  for (const name of ["first", "last"] as const) {
    const [, id = ""] = /mail_id: (\S+),/.exec(logged().at(name === "first" ? 0 : -1) ?? "") ?? [];
    const { code, stdout } = await command(several, "why", id);
    assert.equal(code, 0);
    assert.match(stdout, /\nwhy:\n/);
  }
  const { stdout: lines } = await command(several, "log", "--lines", "100", "Passed CLEAN");
  assert.equal(lines.trim().split("\n").length, many);
  const { code, stdout: view } = await command(several, "status", "--interval", "0.2");
  assert.equal(code, 0);
  assert.match(view, new RegExp(`^signpost \\S+, pid ${daemon.pid}, .*: ready$`, "m"));
  for (const [at, pid] of pids.entries()) assert.match(view, new RegExp(`\\b${at + 1} {2}pid ${pid}, up `));
});

test("a log file holds whole lines of all processes, and SIGHUP has all of them begin it anew", async (t) => {
  const several = await startSeveral(t);
  await several.daemon.stop();
  const folder = await mkdtemp(join(tmpdir(), "signpost-processes-"));
  const log = join(folder, "mail.log");
  const configFile = join(folder, "signpost.yaml");
  const config = several.config.replaceAll(several.daemon.folder, folder);
  await writeFile(configFile, `${config}\nlog_level: 2\nlog: { to: ${log} }`, { mode: 0o600 });
  const daemon = await startIn(folder, configFile, {
    up: () => until(async () => (await readFile(log, "utf8").catch(() => "")).includes(" ready on ")),
  });
  t.after(() => daemon.stop());
  const text = async (name: string) => readFile(name, "utf8").catch(() => "");
  const passed = async (name: string) => (await text(name)).split("Passed CLEAN").length - 1;
  await sendMany(several.ports.incoming, "logged");
  await until(async () => (await passed(log)) === many);
  for (const line of (await text(log)).trimEnd().split("\n"))
    assert.match(line, /^\w{3} [ \d]\d [\d:]{8} \S+ signpost\[\d+\]: /);
  await rename(log, `${log}.1`);
  daemon.process.kill("SIGHUP");
  await until(async () => (await text(log)).includes("configuration reloaded"));
  await sendMany(several.ports.incoming, "logged anew");
  await until(async () => (await passed(log)) === many);
  assert.equal(await passed(`${log}.1`), many);
});

test("a reload is in force in all processes, or in none", async (t) => {
  const several = await startSeveral(t);
  const { daemon, config, ports } = several;
  const greetings = async (port = ports.incoming) => {
    const clients = Array.from({ length: many }, () => smtpClient(port));
    const lines = await Promise.all(clients.map((client) => client.line()));
    for (const client of clients) client.socket.destroy();
    return new Set(lines);
  };
  const other = await freePort();
  await writeFile(
    daemon.configFile,
    `${config}\nsmtpd_greeting_banner: changed once\nlisten_sockets: ["127.0.0.1:${other}"]`,
  );
  const good = await command(several, "reload");
  assert.deepEqual([good.code, good.stderr], [0, ""]);
  assert.match(good.stdout, /is in force \(configuration 2 since the start\)/);
  assert.deepEqual(await greetings(), new Set(["220 changed once"]));
  assert.deepEqual(await greetings(other), new Set(["220 changed once"]));

  await writeFile(daemon.configFile, `${config}\nsmtpd_greeting_baner: typo`);
  assert.equal((await command(several, "reload")).code, 78);
  const taken = several.dns.server.port;
  await writeFile(
    daemon.configFile,
    `${config}\nsmtpd_greeting_banner: changed twice\nlisten_sockets: ["127.0.0.1:${other}", "127.0.0.1:${taken}"]`,
  );
  const refused = await command(several, "reload");
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /the old configuration stays in force: .* is in use by another program/);
  assert.deepEqual(await greetings(), new Set(["220 changed once"]));
  assert.equal(await total(several, 'signpost_config_reloads_total{result="failure"}'), 1);

  await writeFile(
    daemon.configFile,
    `${config.replace("listeners: 2", "listeners: 3")}\nsmtpd_greeting_banner: changed last`,
  );
  const partly = await command(several, "reload");
  assert.equal(partly.code, 1);
  assert.match(partly.stderr, /a restart is needed: listeners\n/);
  assert.deepEqual(await greetings(), new Set(["220 changed last"]));
  assert.equal((await serving(several)).length, 2);
  assert.equal(await smtpClient(other).line(), undefined);
});

test("a process that dies is replaced; its mail gets no reply, all other mail goes on, and sums do not go down", async (t) => {
  let script: (step: Step) => Promise<Act> = async () => undefined;
  const several = await startSeveral(t, { script: (step) => script(step) });
  const { daemon, ports } = several;
  await sendMany(ports.originating, "before");
  // What it has counted is told once a second, or when somebody asks.
  await until(async () => (await total(several, mails)) === many);
  const hop = holding();
  ({ script } = hop);
  const clients = await connectMany(ports.originating);
  const replies = clients.map((client, at) => submit(client, { data: mailText(`cut ${at}`) }));
  await hop.reached;
  const [doomed = 0, other] = await serving(several);
  // What is edited on disk is not in force, for the one that comes now either.
  await writeFile(daemon.configFile, "broken: [", { mode: 0o600 });
  process.kill(doomed, "SIGKILL");
  await daemon.line(`process 1 (pid ${doomed}) ended: signal SIGKILL`);
  assert.equal(await total(several, mails), many);
  hop.release();
  const ended = await Promise.all(replies);
  const done = ended.filter((reply) => reply.startsWith("250 ")).length;
  assert.ok(done > 0 && done < many, `${done}`);
  assert.equal(ended.filter((reply) => reply === "(closed)").length, many - done);
  await daemon.line(") took its place");
  const pids = await serving(several);
  assert.ok(pids.includes(other ?? 0) && pids.length === 2 && !pids.includes(doomed));
  const seen = daemon.lines.length;
  const after = await sendMany(ports.originating, "after");
  assert.equal(after.filter((reply) => reply.startsWith("250 ")).length, many);
  const logged = () => daemon.lines.slice(seen).filter((line) => line.includes("Passed CLEAN"));
  await until(async () => logged().length >= many);
  assert.deepEqual(new Set(logged().map((line) => Number(/\((\d+)-\d+\)/.exec(line)?.[1]))), new Set(pids));
  await until(
    async () => (await total(several, `${mails}{bank="ORIGINATING",outcome="passed"}`)) === many + done + many,
  );
  assert.equal(await total(several, "signpost_process_restarts_total"), 1);
});

test("SIGTERM to one of them has it finish its mail, and another takes its place", async (t) => {
  const hop = holding();
  const several = await startSeveral(t, { script: hop.script });
  const clients = await connectMany(several.ports.originating);
  const replies = clients.map((client, at) => submit(client, { data: mailText(`recycled ${at}`) }));
  await hop.reached;
  const [pid = 0] = await serving(several);
  process.kill(pid, "SIGTERM");
  hop.release();
  for (const reply of await Promise.all(replies)) assert.match(reply, /^250 /);
  await several.daemon.line(`process 1 (pid ${pid}) ended: exit code 0`);
  await several.daemon.line("took its place");
});

async function gone(pid: number): Promise<void> {
  await until(async () => {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => " Z ");
    return /\) Z | Z /.test(stat);
  });
}

test("SIGTERM drains all processes, then the daemon ends with 0", async (t) => {
  const hop = holding();
  const several = await startSeveral(t, { script: hop.script, extra: 'pid_file: "@FOLDER@/signpost.pid"' });
  const { daemon, ports } = several;
  assert.equal(await readFile(join(daemon.folder, "signpost.pid"), "utf8"), `${daemon.pid}\n`);
  const pids = await serving(several);
  const idle = await connected(ports.incoming);
  const clients = await connectMany(ports.originating);
  const replies = clients.map((client, at) => submit(client, { data: mailText(`drained ${at}`) }));
  await hop.reached;
  const exited = once(daemon.process, "exit");
  daemon.process.kill("SIGTERM");
  assert.match((await idle.line()) ?? "", /^421 /);
  assert.equal((await fetch(`${several.metrics}/readyz`)).status, 503);
  hop.release();
  for (const reply of await Promise.all(replies)) assert.match(reply, /^250 /);
  assert.deepEqual(await exited, [0, null]);
  for (const pid of pids) await gone(pid);
  assert.equal(daemon.lines.filter((line) => line.includes("all processes stopped")).length, 1);
  assert.ok(!(await readdir(daemon.folder)).includes("signpost.pid"));
});

test("a second SIGTERM does not wait, and leaves no process behind", async (t) => {
  const hop = holding();
  const several = await startSeveral(t, { script: hop.script, extra: "drain_timeout: 1h" });
  const { daemon, ports } = several;
  const pids = await serving(several);
  const idle = await connected(ports.incoming);
  const clients = await connectMany(ports.originating);
  const replies = clients.map((client, at) => submit(client, { data: mailText(`cut off ${at}`) }));
  await hop.reached;
  const exited = once(daemon.process, "exit");
  daemon.process.kill("SIGTERM");
  assert.match((await idle.line()) ?? "", /^421 /);
  while (daemon.process.exitCode === null && daemon.process.signalCode === null) {
    daemon.process.kill("SIGTERM");
    await pause(20);
  }
  assert.deepEqual(await exited, [null, "SIGTERM"]);
  for (const pid of pids) await gone(pid);
  assert.deepEqual(new Set(await Promise.all(replies)), new Set(["(closed)"]));
});

test("when the supervising process is killed, the others finish their mail and end", async (t) => {
  const hop = holding();
  const several = await startSeveral(t, { script: hop.script });
  const { daemon, ports } = several;
  const pids = await serving(several);
  const idle = await connected(ports.incoming);
  const clients = await connectMany(ports.originating);
  const replies = clients.map((client, at) => submit(client, { data: mailText(`orphaned ${at}`) }));
  await hop.reached;
  await daemon.kill();
  assert.match((await idle.line()) ?? "", /^421 /);
  hop.release();
  for (const reply of await Promise.all(replies)) assert.match(reply, /^250 /);
  for (const pid of pids) await gone(pid);
});

test("a port that somebody else has keeps it from starting, and so does another daemon of the same kind", async (t) => {
  const several = await startSeveral(t);
  const again = several.config.replaceAll(several.daemon.folder, "@FOLDER@").replace(/metrics: .*\n/, "");
  await assert.rejects(startDaemonProcess(again), /not started: .*127\.0\.0\.1:\d+ is in use by another program/);
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  t.after(() => taken.close());
  const address = taken.address();
  assert.ok(address !== null && typeof address === "object");
  const config = `listeners: 2\ninet_socket_port: ${address.port}`;
  await assert.rejects(startDaemonProcess(config), /not started: .*127\.0\.0\.1:\d+ is in use by another program/);
});

test("what keeps one process from starting keeps all, with its reason and nothing left running", async () => {
  const config = `listeners: 2
inet_socket_port: ${await freePort()}
spool: { dir: "@FOLDER@/missing" }`;
  await assert.rejects(startDaemonProcess(config), /not started: .*missing/);
});

test("the first process has the unix sockets, and so has the one that takes its place", async (t) => {
  const several = await startSeveral(t, { extra: 'unix_socketname: "@FOLDER@/smtp"' });
  const { daemon } = several;
  const path = join(daemon.folder, "smtp");
  const greeting = async () => (await smtpClient(path).line()) ?? "";
  assert.match(await greeting(), /^220 /);
  const [first = 0] = await serving(several);
  process.kill(first, "SIGKILL");
  await daemon.line("took its place");
  assert.match(await greeting(), /^220 /);
  assert.equal(await daemon.stop(), 0);
});

test("a PROXY header names the client, whichever process takes the connection", async (t) => {
  const several = await startSeveral(t, {
    originating: "haproxy_target_enabled: true, inet_acl: [127.0.0.1, 192.0.2.7]",
  });
  const v2 = Buffer.from("0d0a0d0a000d0a515549540a2111000cc00002077f000001b26e2728", "hex").toString("latin1");
  const replies = await Promise.all(
    Array.from({ length: many }, async (_, at) => {
      const client = smtpClient(several.ports.originating);
      client.send(at % 2 === 0 ? "PROXY TCP4 192.0.2.7 127.0.0.1 45678 10024\r\n" : v2);
      assert.match((await client.reply())[0] ?? "", /^220 /);
      await client.ask("EHLO balanced.example");
      const reply = await submit(client, { data: mailText(`balanced ${at}`) });
      client.socket.end("QUIT\r\n");
      return reply;
    }),
  );
  assert.equal(replies.filter((reply) => reply.startsWith("250 ")).length, many);
  assert.equal(await total(several, mails), many);
  const refused = smtpClient(several.ports.originating);
  refused.send("PROXY TCP4 203.0.113.5 127.0.0.1 45678 10024\r\n");
  assert.match((await refused.line()) ?? "", /^554 5\.7\.1 /);
});

const notRoot = process.getuid?.() === 0 ? false : "only root can become another user";

test("started by root, all that serve mail become daemon_user, those that come later too", {
  skip: notRoot,
}, async (t) => {
  const several = await startSeveral(t);
  const { config, ports } = several;
  await several.daemon.stop();
  const folder = await mkdtemp(join(tmpdir(), "signpost-processes-"));
  await chown(folder, 65534, 65534);
  await chmod(folder, 0o755);
  const configFile = join(folder, "signpost.yaml");
  const text = `${config.replaceAll(several.daemon.folder, folder)}
daemon_user: "65534"
daemon_group: "65534"
unix_socketname: "${folder}/smtp"
history: { file: ${folder}/history.db }`;
  await writeFile(configFile, text, { mode: 0o600 });
  await chown(configFile, 65534, 65534);
  const daemon = await startIn(folder, configFile);
  t.after(() => daemon.stop());
  const idsOf = async (pid: number, what: string) =>
    new RegExp(`^${what}:\\s*(.*?)\\s*$`, "m").exec(await readFile(`/proc/${pid}/status`, "utf8"))?.[1];
  const check = async () => {
    for (const pid of await serving({ daemon })) {
      assert.equal(await idsOf(pid, "Uid"), "65534\t65534\t65534\t65534");
      assert.equal(await idsOf(pid, "Gid"), "65534\t65534\t65534\t65534");
      assert.equal(await idsOf(pid, "Groups"), "65534");
    }
  };
  await check();
  // It acts as that user, and can go back for as long as it takes to start a process.
  assert.equal(await idsOf(daemon.pid, "Uid"), "0\t65534\t0\t65534");
  // A port that the processes opened as that user must be had by one that starts as root.
  const other = await freePort();
  await writeFile(configFile, `${text}\nlisten_sockets: ["127.0.0.1:${other}"]`);
  daemon.process.kill("SIGHUP");
  await daemon.line("configuration reloaded");
  await sendMany(ports.originating, "remembered");
  const [first = 0] = await serving({ daemon });
  process.kill(first, "SIGTERM");
  await daemon.line("took its place");
  await check();
  // Its mails are in the file, which the others have open too.
  const mail = await daemon.line(`signpost[${first}]: (${String(first).padStart(5, "0")}-`);
  const [, id = ""] = /mail_id: (\S+),/.exec(mail) ?? [];
  const { stdout } = await signpost("why", "--config", configFile, id);
  assert.match(stdout, new RegExp(id));
  for (const port of [ports.originating, other]) {
    const replies = await sendMany(port, "later");
    assert.equal(replies.filter((reply) => reply.startsWith("250 ")).length, many);
  }
  assert.match((await smtpClient(join(folder, "smtp")).line()) ?? "", /^220 /);
});
