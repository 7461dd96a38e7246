// Two filters behind a real HAProxy, set up with the very lines of docs/scaling.md: who connects is seen through it, and
// mail goes on when a filter ends.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import type { TestContext } from "node:test";
import { signpost } from "../support/command.ts";
import { type DaemonProcess, startDaemonProcess, startIn } from "../support/daemon.ts";
import { startFakeDns } from "../support/fake-dns.ts";
import { type FakeNextHop, startFakeNextHop } from "../support/fake-next-hop.ts";
import { freePort } from "../support/free-port.ts";
import { type Haproxy, startHaproxy } from "../support/haproxy.ts";
import { Ledger, noFaults } from "../support/ledger.ts";
import { test } from "../support/limited.ts";
import { missingProgram, skipWithout } from "../support/peers.ts";
import { createRandom } from "../support/random.ts";
import { startRedisServer } from "../support/redis-server.ts";
import { sendAll } from "../support/sending-queue.ts";
import { smtpClient } from "../support/smtp-client.ts";

const skip = skipWithout(missingProgram("haproxy"));

interface Site {
  readonly hop: FakeNextHop;
  readonly filters: readonly [DaemonProcess, DaemonProcess];
  readonly balancer: Haproxy;
}

interface SiteOptions {
  readonly ledger?: Ledger;
  /** Lines of signpost.yaml for each of the two. */
  readonly more?: readonly [string, string];
}

async function startSite(
  t: TestContext,
  header: "send-proxy" | "send-proxy-v2",
  { ledger, more = ["", ""] }: SiteOptions = {},
): Promise<Site> {
  const hop = await startFakeNextHop({
    script(step) {
      if (step.stage === "dot") ledger?.take(step);
      return undefined;
    },
  });
  t.after(() => hop.close());
  const ports = [await freePort(), await freePort()] as const;
  const start = async (port: number, lines: string) => {
    const filter = await startDaemonProcess(`
myhostname: filter.example.com
inet_socket_port: [${port}]
inet_socket_bind: [127.0.0.1]
haproxy_target_enabled: true
inet_acl: [127.0.0.1, 127.0.0.3]
forward_method: "smtp:[127.0.0.1]:${hop.port}"
notify_method: "smtp:[127.0.0.1]:${hop.port}"
spool: { dir: @FOLDER@, free_space: 0 }
${lines === "" ? 'dns: { servers: ["127.0.0.1:1"] }' : lines}
`);
    t.after(() => filter.stop());
    return filter;
  };
  const filters = [await start(ports[0], more[0]), await start(ports[1], more[1])] as const;
  const balancer = await startHaproxy(await freePort(), ports, header);
  t.after(() => balancer.stop());
  return { hop, filters, balancer };
}

const content = (id: number) =>
  Buffer.from(`From: alice@example.com\r\nMessage-ID: <${id}@example.com>\r\n\r\nHello\r\n`);

for (const header of ["send-proxy", "send-proxy-v2"] as const) {
  test(`behind HAProxy (${header}) a peer is judged by its own address, and whom it forwards for is believed`, {
    skip,
  }, async (t) => {
    const { hop, filters, balancer } = await startSite(t, header);
    let waiting = filters.length;
    const passed = filters.map(async (filter) => {
      const line = await filter.line("Passed");
      waiting -= 1;
      return line;
    });
    // HAProxy decides who gets which.
    let mails = 0;
    for (; waiting > 0; mails += 1) {
      const client = smtpClient(balancer.port, "127.0.0.3");
      assert.match((await client.reply()).at(-1) ?? "", /^220 /);
      for (const command of [
        "EHLO mx.example",
        "XFORWARD ADDR=192.0.2.7 PORT=4711",
        "MAIL FROM:<a@example.com>",
        "RCPT TO:<b@example.net>",
      ]) {
        assert.match(await client.ask(command), /^250 /);
      }
      assert.match(await client.ask("DATA"), /^354 /);
      assert.match(await client.ask(`${content(mails).toString("latin1")}.`), /^250 /);
      client.socket.end("QUIT\r\n");
      await client.closed();
    }
    assert.equal(hop.mails.length, mails);
    for (const line of passed) {
      assert.match(await line, / \[192\.0\.2\.7\]:4711 <a@example\.com> -> <b@example\.net>/);
    }

    const stranger = smtpClient(balancer.port, "127.0.0.9");
    assert.match((await stranger.reply()).at(-1) ?? "", /^554 5\.7\.1 /);
    stranger.socket.destroy();
  });
}

for (const [what, end] of [
  ["killed", (filter: DaemonProcess) => filter.kill()],
  ["stopped", (filter: DaemonProcess) => filter.stop()],
] as const) {
  test(`mail goes on over the other filter when one is ${what}`, { skip }, async (t) => {
    const count = 400;
    const ledger = new Ledger(`haproxy-${what}`, 1);
    const { hop, filters, balancer } = await startSite(t, "send-proxy-v2", { ledger });
    const [one, two] = filters;
    const queue = { ledger, port: () => balancer.port, count, connections: 6, content, random: createRandom(1) };
    await Promise.all([
      sendAll(queue),
      // What was logged last may not be written any more when it is killed.
      Promise.all([ledger.reached(50), one.line("Passed")]).then(async () => void (await end(one))),
      two.line("Passed"),
    ]);
    assert.equal(ledger.acked, count);
    assert.deepEqual(
      ledger.faults(hop.mails, () => false, what === "killed"),
      noFaults,
    );
  });
}

const withRedis = skipWithout(missingProgram("haproxy") ?? missingProgram("redis-server"));

/** Keys that were taken back: they are asked for all the same. */
const zone = Object.fromEntries(
  Array.from({ length: 20 }, (_, id) => [`s._domainkey.d${id}.example`, { TXT: [["v=DKIM1; p="]] }]),
);

/** Of twenty domains: each filter asks for their keys, or has the answers from Redis. */
const signedContent = (id: number) =>
  Buffer.from(
    `DKIM-Signature: v=1; a=rsa-sha256; d=d${id % 20}.example; s=s; h=from; bh=AAAA; b=AAAA\r\n${content(id).toString("latin1")}`,
  );

test("with Redis shared, filters are drained, upgraded and killed, and Redis goes, under load: the ledger has zeros", {
  skip: withRedis,
  timeout: 120_000,
}, async (t) => {
  const [redis, dns] = [await startRedisServer(), await startFakeDns(zone)];
  t.after(async () => {
    await redis.close();
    await dns.close();
  });
  const lines = `
enable_dkim_verification: true
control: { socket: '@FOLDER@/control.sock' }
redis: { url: "redis://127.0.0.1:${redis.port}" }
dns: { servers: ["127.0.0.1:${dns.server.port}"] }`;
  const count = 900;
  const ledger = new Ledger("several", 1);
  const { hop, filters, balancer } = await startSite(t, "send-proxy-v2", { ledger, more: [lines, lines] });
  let [one, two] = filters;
  const restart = async (filter: DaemonProcess, signal: NodeJS.Signals) => {
    const exited = once(filter.process, "exit");
    filter.process.kill(signal);
    await exited;
    const next = await startIn(filter.folder, filter.configFile);
    t.after(() => next.stop());
    return next;
  };
  const queue = { ledger, port: () => balancer.port, connections: 6, random: createRandom(1) };
  await Promise.all([
    sendAll({ ...queue, count, content: signedContent }),
    (async () => {
      await ledger.reached(100);
      one = await restart(one, "SIGTERM");
      await ledger.reached(250);
      const { stdout, stderr } = await signpost("upgrade", "--config", two.configFile);
      const heir = Number(/^process (\d+) has taken over$/m.exec(stdout)?.[1]);
      assert.ok(heir > 0, stderr);
      t.after(() => process.kill(heir, "SIGTERM"));
      await ledger.reached(450);
      one = await restart(one, "SIGKILL");
      await ledger.reached(650);
      assert.equal(await keysIn(redis.port), 20);
      await redis.kill();
    })(),
  ]);
  assert.equal(ledger.acked, count);
  assert.deepEqual(
    ledger.faults(hop.mails, () => false, true),
    noFaults,
  );
});

test("a filter whose Redis is away does as well as the other", { skip: withRedis }, async (t) => {
  const [redis, dns] = [await startRedisServer(), await startFakeDns(zone)];
  t.after(async () => {
    await redis.close();
    await dns.close();
  });
  const lines = (port: number) => `
enable_dkim_verification: true
redis: { url: "redis://127.0.0.1:${port}" }
dns: { servers: ["127.0.0.1:${dns.server.port}"] }`;
  const ledger = new Ledger("away", 1);
  const more = [lines(redis.port), lines(await freePort())] as const;
  const { hop, filters, balancer } = await startSite(t, "send-proxy-v2", { ledger, more });
  const both = Promise.all(filters.map((filter) => filter.line("Passed")));
  const queue = { ledger, port: () => balancer.port, count: 200, connections: 6, random: createRandom(1) };
  await Promise.all([sendAll({ ...queue, content: signedContent }), both]);
  assert.equal(ledger.tries, 200);
  assert.deepEqual(
    ledger.faults(hop.mails, () => false, false),
    noFaults,
  );
});

/** Answers of the DNS that are kept there; a filter's probe is no such answer. */
async function keysIn(port: number): Promise<number> {
  const socket = connect(port, "127.0.0.1");
  socket.end("KEYS signpost:dns:*\r\n");
  const [answer] = await once(socket, "data");
  return Number(/^\*(\d+)/.exec(String(answer))?.[1]);
}
