// Filters that share their DNS answers through a real Redis server, over each kind of connection, and lose it under way.
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { dkimSign } from "mailauth/lib/dkim/sign.js";
import { createTestKey, type DaemonProcess, startDaemonProcess, type TestKey } from "../support/daemon.ts";
import { type FakeDns, startFakeDns } from "../support/fake-dns.ts";
import { type FakeNextHop, startFakeNextHop } from "../support/fake-next-hop.ts";
import { connected, mailText, submit } from "../support/filter.ts";
import { freePort } from "../support/free-port.ts";
import { test } from "../support/limited.ts";
import { missingProgram, skipWithout } from "../support/peers.ts";
import { type RedisServer, startRedisServer } from "../support/redis-server.ts";

const skip = skipWithout(missingProgram("redis-server") ?? missingProgram("openssl"));

const selectors = ["s1", "s2", "s3", "s4"];

interface Site {
  readonly redis: RedisServer;
  readonly dns: FakeDns;
  readonly hop: FakeNextHop;
  readonly key: TestKey;
}

interface Filter {
  readonly daemon: DaemonProcess;
  /** Mail signed by the key of this selector comes in: what the filter's Authentication-Results say. */
  verify(selector: string): Promise<string>;
}

async function startSite(t: TestContext, ...more: readonly string[]): Promise<Site> {
  const key = createTestKey("rsa");
  const zone = Object.fromEntries(selectors.map((name) => [`${name}._domainkey.example.com`, { TXT: [key.record] }]));
  const site = {
    key,
    redis: await startRedisServer(more),
    dns: await startFakeDns(zone),
    hop: await startFakeNextHop(),
  };
  t.after(async () => {
    for (const each of [site.redis, site.dns, site.hop]) await each.close();
  });
  return site;
}

async function startFilter(t: TestContext, { dns, hop, key }: Site, url: string): Promise<Filter> {
  const port = await freePort();
  const daemon = await startDaemonProcess(`
myhostname: filter.example.com
inet_socket_port: [${port}]
inet_socket_bind: [127.0.0.1]
local_domains_maps: [[.example.com]]
enable_dkim_verification: true
forward_method: "smtp:[127.0.0.1]:${hop.port}"
notify_method: "smtp:[127.0.0.1]:${hop.port}"
spool: { dir: "@FOLDER@", free_space: 0 }
dns: { servers: ["127.0.0.1:${dns.server.port}"], timeout: 1s, tries: 1 }
redis: { url: "${url}", timeout: 5s }
`);
  t.after(() => daemon.stop());
  await daemon.line("redis: ");
  return {
    daemon,
    async verify(selector) {
      const message = mailText(`signed with ${selector}`);
      const signer = { signingDomain: "example.com", selector, privateKey: key.pem };
      const { signatures } = await dkimSign(message, { ...signer, signatureData: [signer] });
      const before = hop.mails.length;
      const client = await connected(port);
      assert.match(await submit(client, { data: `${signatures}${message}` }), /^250 /);
      client.socket.end("QUIT\r\n");
      const octets = hop.mails[before]?.octets.toString("latin1") ?? "";
      return /^Authentication-Results: [\s\S]*?\r\n(?!\s)/m.exec(octets)?.[0] ?? "";
    },
  };
}

test("the second filter has the key from Redis and asks no DNS; without Redis both go on", { skip }, async (t) => {
  const site = await startSite(t);
  const { dns, redis } = site;
  const url = `redis://127.0.0.1:${redis.port}/1`;
  const [one, two] = [await startFilter(t, site, url), await startFilter(t, site, url)];
  for (const { daemon } of [one, two]) await daemon.line(`redis: connected to ${url}`);

  assert.match(await one.verify("s1"), /dkim=pass/);
  assert.equal(dns.asked.length, 1);
  assert.match(await two.verify("s1"), /dkim=pass/);
  assert.equal(dns.asked.length, 1);

  const since = [one, two].map(({ daemon }) => daemon.lines.length);
  await redis.kill();
  for (const { daemon } of [one, two]) await daemon.line(`redis: going on without ${url}`);
  assert.match(await one.verify("s2"), /dkim=pass/);
  assert.match(await two.verify("s2"), /dkim=pass/);
  assert.equal(dns.asked.length, 3);

  await redis.start();
  for (const [at, { daemon }] of [one, two].entries()) await daemon.line("redis: connected to", since[at]);
  assert.match(await two.verify("s3"), /dkim=pass/);
  assert.match(await one.verify("s3"), /dkim=pass/);
  assert.equal(dns.asked.length, 4);
});

test("a password, TLS and a socket: the same answers by all of them", { skip }, async (t) => {
  const site = await startSite(t, "--requirepass", "s3cret/");
  const { dns, redis } = site;
  process.env.NODE_EXTRA_CA_CERTS = redis.certificate;
  t.after(() => {
    delete process.env.NODE_EXTRA_CA_CERTS;
  });
  for (const url of [
    `redis://:s3cret%2F@127.0.0.1:${redis.port}`,
    `rediss://default:s3cret%2F@localhost:${redis.tlsPort}`,
    `unix://${redis.socket}?password=s3cret/`,
  ]) {
    const filter = await startFilter(t, site, url);
    await filter.daemon.line("redis: connected to");
    assert.match(await filter.verify("s1"), /dkim=pass/);
    assert.doesNotMatch(filter.daemon.lines.join("\n"), /s3cret/);
  }
  assert.equal(dns.asked.length, 1);
});

for (const [what, wrong, reason] of [
  ["no password", (port: number) => `redis://127.0.0.1:${port}`, "NOAUTH"],
  ["a wrong password", (port: number) => `redis://:guess@127.0.0.1:${port}`, "WRONGPASS"],
  [
    "a database that is not there",
    (port: number) => `redis://:right@127.0.0.1:${port}/999`,
    "DB index is out of range",
  ],
  ["TLS that is not spoken", (port: number) => `rediss://:right@127.0.0.1:${port}`, ""],
] as const) {
  test(`with ${what} the log says why Redis is left out, and mail goes on`, { skip }, async (t) => {
    const site = await startSite(t, "--requirepass", "right");
    const filter = await startFilter(t, site, wrong(site.redis.port));
    const line = await filter.daemon.line("redis: going on without");
    assert.ok(line.includes(reason), line);
    assert.match(await filter.verify("s1"), /dkim=pass/);
  });
}

test("a server that is full takes nothing more and is left out; mail goes on", { skip }, async (t) => {
  const site = await startSite(t, "--maxmemory", "1", "--maxmemory-policy", "noeviction");
  const filter = await startFilter(t, site, `redis://127.0.0.1:${site.redis.port}`);
  assert.match(await filter.daemon.line("redis: going on without"), /OOM/);
  assert.match(await filter.verify("s1"), /dkim=pass/);
});
