// Two filters behind a real HAProxy, set up with the very lines of docs/scaling.md: who connects is seen through it, and
// mail goes on when a filter ends.
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { type DaemonProcess, startDaemonProcess } from "../support/daemon.ts";
import { type FakeNextHop, startFakeNextHop } from "../support/fake-next-hop.ts";
import { freePort } from "../support/free-port.ts";
import { type Haproxy, startHaproxy } from "../support/haproxy.ts";
import { Ledger, noFaults } from "../support/ledger.ts";
import { test } from "../support/limited.ts";
import { missingProgram, skipWithout } from "../support/peers.ts";
import { createRandom } from "../support/random.ts";
import { sendAll } from "../support/sending-queue.ts";
import { smtpClient } from "../support/smtp-client.ts";

const skip = skipWithout(missingProgram("haproxy"));

interface Site {
  readonly hop: FakeNextHop;
  readonly filters: readonly [DaemonProcess, DaemonProcess];
  readonly balancer: Haproxy;
}

async function startSite(t: TestContext, header: "send-proxy" | "send-proxy-v2", ledger?: Ledger): Promise<Site> {
  const hop = await startFakeNextHop({
    script(step) {
      if (step.stage === "dot") ledger?.take(step);
      return undefined;
    },
  });
  t.after(() => hop.close());
  const ports = [await freePort(), await freePort()] as const;
  const start = async (port: number) => {
    const filter = await startDaemonProcess(`
myhostname: filter.example.com
inet_socket_port: [${port}]
inet_socket_bind: [127.0.0.1]
haproxy_target_enabled: true
inet_acl: [127.0.0.1, 127.0.0.3]
forward_method: "smtp:[127.0.0.1]:${hop.port}"
notify_method: "smtp:[127.0.0.1]:${hop.port}"
spool: { dir: @FOLDER@, free_space: 0 }
dns: { servers: ["127.0.0.1:1"] }
`);
    t.after(() => filter.stop());
    return filter;
  };
  const filters = [await start(ports[0]), await start(ports[1])] as const;
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
    const { hop, filters, balancer } = await startSite(t, "send-proxy-v2", ledger);
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
