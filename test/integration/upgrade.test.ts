// A daemon's place is taken by a new process under load: no connection is refused, no mail lost or doubled.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { signpost } from "../support/command.ts";
import { startFakeNextHop } from "../support/fake-next-hop.ts";
import { connected, type Filter, mailText, startFilter, submit } from "../support/filter.ts";
import { freePort } from "../support/free-port.ts";
import { generateMail } from "../support/generated-mail.ts";
import { Ledger, noFaults } from "../support/ledger.ts";
import { after, before, test } from "../support/limited.ts";
import { createRandom } from "../support/random.ts";
import { sendAll } from "../support/sending-queue.ts";
import { smtpClient, startMail } from "../support/smtp-client.ts";
import { startSocketManager } from "../support/socket-manager.ts";

const random = createRandom(1805);
const contents = Array.from({ length: 200 }, (_, id) => generateMail(random, id, "alice@example.com").octets);

let ledger = new Ledger("none", 1);
let filter: Filter;
let socket = "";
let metricsPort = 0;
/** Processes that took over; the test ends the last one. */
const pids: number[] = [];

before(async () => {
  metricsPort = await freePort();
  filter = await startFilter({
    script: (step) => {
      if (step.stage === "dot") ledger.take(step);
      return undefined;
    },
    extra: `metrics: { listen: "127.0.0.1:${metricsPort}" }
control: { socket: '@FOLDER@/control.sock' }
pid_file: '@FOLDER@/signpost.pid'
unix_socketname: ['@FOLDER@/mail.sock']`,
  });
  socket = join(filter.daemon.folder, "mail.sock");
});

after(async () => {
  await end(pids.at(-1));
  await filter?.close();
});

/** A process that is not our child: gone when it cannot be asked any more. */
async function end(pid: number | undefined): Promise<void> {
  if (pid === undefined) return;
  process.kill(pid, "SIGTERM");
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function load(tag: string, port: number | string, meanwhile: (ledger: Ledger) => Promise<void>): Promise<Ledger> {
  ledger = new Ledger(tag, 1);
  const queue = { ledger, port: () => port, count: contents.length, connections: 8, random };
  await Promise.all([sendAll({ ...queue, content: (id) => contents[id] ?? Buffer.alloc(0) }), meanwhile(ledger)]);
  assert.deepEqual(
    ledger.faults(filter.hop.mails, () => false, false),
    noFaults,
  );
  return ledger;
}

async function upgrade(): Promise<number> {
  const { code, stdout, stderr } = await signpost("upgrade", "--config", filter.daemon.configFile);
  assert.equal(code, 0, stderr);
  const pid = Number(/^process (\d+) has taken over$/m.exec(stdout)?.[1]);
  assert.ok(pid > 0, stdout);
  pids.push(pid);
  return pid;
}

test("under load new processes take over, by TCP and by a unix socket: every mail at its first try", async () => {
  const { daemon, ports } = filter;
  const exited = once(daemon.process, "exit");
  let pid = 0;
  const first = await load("one", ports.originating, async (ledger) => {
    await ledger.reached(40);
    pid = await upgrade();
  });
  assert.equal(first.tries, contents.length);
  assert.notEqual(pid, daemon.pid);
  assert.deepEqual(await exited, [0, null]);
  const second = await load("two", socket, async (ledger) => {
    await ledger.reached(40);
    pid = await upgrade();
  });
  assert.equal(second.tries, contents.length);

  assert.equal((await readFile(join(daemon.folder, "signpost.pid"), "utf8")).trim(), String(pid));
  const status = await signpost("status", "--config", daemon.configFile);
  assert.equal(status.code, 0, status.stderr);
  assert.match(status.stdout, new RegExp(`\\b${pid}\\b`));
  assert.match(await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text(), /^signpost_ready/m);
});

test("connections that are made at the moment of the change are greeted, all of them", async () => {
  let isOver = false;
  const greeted: Promise<string | undefined>[] = [];
  const knocking = (async () => {
    while (!isOver) {
      const client = smtpClient(filter.ports.incoming);
      const line = client.line();
      greeted.push(line);
      await line;
      client.socket.destroy();
    }
  })();
  await upgrade();
  isOver = true;
  await knocking;
  const lines = await Promise.all(greeted);
  assert.ok(lines.length > 0);
  for (const line of lines) assert.match(line ?? "closed", /^220 /);
});

test("a mail under way goes on where it is, and a new session is the new process's", async () => {
  const client = await connected(filter.ports.originating);
  await startMail(client);
  const pid = await upgrade();
  const begun = filter.hop.mails.length;
  client.send(mailText("old session"));
  assert.match(await client.ask("."), /^250 /);
  const next = await connected(filter.ports.originating);
  assert.match(await submit(next, { data: mailText("new session") }), /^250 /);
  assert.equal(filter.hop.mails.length, begun + 2);
  while (!filter.daemon.lines.some((line) => line.includes(`(${String(pid).padStart(5, "0")}-`))) await setImmediate();
  client.socket.destroy();
  next.socket.destroy();
});

test("a configuration that cannot be used, or one whose ports cannot be had, leaves the old process as it was", async (t) => {
  const { daemon, config, ports } = filter;
  const taken = await startFakeNextHop();
  t.after(() => taken.close());
  const pid = pids.at(-1) ?? daemon.pid;
  for (const broken of [
    `${config}\nno_such_setting: 1\n`,
    config.replace("inet_socket_port: [", `inet_socket_port: [${taken.port}, `),
  ]) {
    await writeFile(daemon.configFile, broken);
    const { code, stderr } = await signpost("upgrade", "--socket", join(daemon.folder, "control.sock"));
    assert.equal(code, 1);
    assert.match(stderr, /the new process is of no use: it ended with exit code (78|69)/);
  }
  await writeFile(daemon.configFile, config);
  const status = await signpost("status", "--config", daemon.configFile);
  assert.equal(status.code, 0, status.stderr);
  assert.match(status.stdout, new RegExp(`\\b${pid}\\b`));
  const client = await connected(ports.originating);
  assert.match(await submit(client, { data: mailText("still there") }), /^250 /);
  client.socket.destroy();
});

test("a start that takes over is the daemon's to make: by hand it is a mistake", async () => {
  const { code, stderr } = await signpost("start", "--take-over", "--config", filter.daemon.configFile);
  assert.equal(code, 64);
  assert.match(stderr, /--take-over: no daemon started this one/);
});

for (const listeners of [1, 2]) {
  test(`sockets that a service manager holds outlive the daemon: a restart under load refuses nobody (listeners: ${listeners})`, async (t) => {
    const { daemon, ports, config } = filter;
    if (listeners === 1) await end(pids.pop() ?? daemon.pid);
    pids.length = 0;
    await writeFile(daemon.configFile, `${config}\nlisteners: ${listeners}\n`);
    const manager = await startSocketManager(Object.values(ports), daemon.folder, daemon.configFile);
    t.after(() => manager.stop());
    await manager.started(1);
    const done = await load(`held-${listeners}`, ports.originating, async (ledger) => {
      for (const [at, starts] of [
        [40, 2],
        [110, 3],
      ] as const) {
        await ledger.reached(at);
        manager.restart();
        await manager.started(starts);
      }
    });
    assert.equal(done.turnedAway, 0);
    assert.deepEqual(
      manager.lines.filter((line) => line.includes("handed over at the start")),
      [],
    );
  });
}
