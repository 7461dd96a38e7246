// Behind a load balancer that speaks the PROXY protocol: whom a session is with, and who may say so.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mock } from "node:test";
import { test } from "../support/limited.ts";
import { startReceiver, until } from "../support/receiver.ts";
import { smtpClient, startMail } from "../support/smtp-client.ts";

const inAcl = new Set(["127.0.0.1", "192.0.2.7"]);
const behindProxy = { haproxy_target_enabled: true, allowPeer: (address: string) => inAcl.has(address) };
const v2 = Buffer.from("0d0a0d0a000d0a515549540a2111000cc00002077f000001b26e2728", "hex").toString("latin1");

for (const [name, header] of [
  ["version 1", "PROXY TCP4 192.0.2.7 127.0.0.1 45678 10024\r\n"],
  ["version 2", v2],
] as const) {
  test(`a session behind a PROXY header of ${name} is with the peer it names`, async (t) => {
    const receiver = await startReceiver(t, { options: { ...behindProxy, allowXforward: (a) => a === "192.0.2.7" } });
    const client = smtpClient(receiver.port);
    client.send(header.slice(0, 9));
    await until(() => receiver.listener.connections === 1);
    // The rest comes with the first commands behind it.
    client.send(`${header.slice(9)}EHLO mta.example\r\n`);
    assert.match((await client.reply())[0] ?? "", /^220 \[127\.0\.0\.1\]/);
    await client.reply();
    assert.match(await client.ask("XFORWARD ADDR=198.51.100.1"), /^250 /);
    await startMail(client);
    assert.match(await client.ask("."), /^250 /);
    const { peer, listener, client: facts } = receiver.mails[0]?.transaction.session ?? {};
    assert.deepEqual(peer, { address: "192.0.2.7", port: 45678 });
    assert.deepEqual(listener, { address: "127.0.0.1", port: receiver.port });
    assert.equal(facts?.address, "198.51.100.1");
  });
}

test("a balancer's own connection is its own", async (t) => {
  const receiver = await startReceiver(t, { options: behindProxy });
  const client = smtpClient(receiver.port);
  client.send("PROXY UNKNOWN\r\n");
  assert.match((await client.line()) ?? "", /^220 /);
});

test("who is named must be in inet_acl, too", async (t) => {
  const receiver = await startReceiver(t, { options: behindProxy });
  const client = smtpClient(receiver.port);
  client.send("PROXY TCP4 203.0.113.5 127.0.0.1 45678 10024\r\n");
  assert.match((await client.line()) ?? "", /^554 5\.7\.1 /);
});

test("a peer outside inet_acl cannot name another", async (t) => {
  const receiver = await startReceiver(t, { options: { ...behindProxy, allowPeer: (a) => a === "192.0.2.7" } });
  const client = smtpClient(receiver.port);
  client.send("PROXY TCP4 192.0.2.7 127.0.0.1 45678 10024\r\n");
  assert.match((await client.line()) ?? "", /^554 5\.7\.1 /);
});

test("without its header a connection is closed, not greeted", async (t) => {
  const receiver = await startReceiver(t, { options: behindProxy });
  const client = smtpClient(receiver.port);
  client.send("EHLO mta.example\r\n");
  assert.equal(await client.line(), undefined);
  await until(() => receiver.listener.connections === 0);
});

test("a connection that owes its header is not waited for, neither for long nor at the end", async (t) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  t.after(() => mock.timers.reset());
  const receiver = await startReceiver(t, { options: behindProxy });
  const late = smtpClient(receiver.port);
  late.send("PROXY ");
  await until(() => receiver.listener.connections === 1);
  mock.timers.tick(10_000);
  assert.equal(await late.line(), undefined);

  const last = smtpClient(receiver.port);
  last.send("PROXY ");
  await until(() => receiver.listener.connections === 1);
  mock.timers.reset();
  assert.equal(await receiver.listener.drain(60_000), 0);
  assert.equal(await last.line(), undefined);
});

test("a PROXY header means nothing where it is not asked for", async (t) => {
  const receiver = await startReceiver(t);
  const client = smtpClient(receiver.port);
  client.send("PROXY TCP4 192.0.2.7 127.0.0.1 45678 10024\r\n");
  assert.match((await client.line()) ?? "", /^220 /);
  assert.match((await client.line()) ?? "", /^500 /);
});

test("on a unix socket a header names the peer as well", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "receiver-proxy-"));
  t.after(() => rm(folder, { recursive: true }));
  await startReceiver(t, { at: { path: join(folder, "smtp") }, options: behindProxy });
  for (const [address, code] of [
    ["192.0.2.7", /^220 /],
    ["203.0.113.5", /^554 /],
  ] as const) {
    const client = smtpClient(join(folder, "smtp"));
    client.send(`PROXY TCP4 ${address} 127.0.0.1 45678 10024\r\n`);
    assert.match((await client.line()) ?? "", code);
  }
});
