// A thousand connections of MTAs at once at the real daemon, and MTAs that vanish in the middle of what they say: each mail
// that is said to its end is answered, and nothing stays of the others.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { createTestKey, type DaemonProcess, startDaemonProcess } from "../support/daemon.ts";
import { type FakeDns, startFakeDns } from "../support/fake-dns.ts";
import { freePort } from "../support/free-port.ts";
import { after, before, test } from "../support/limited.ts";
import { connectMilter, type MilterClient, type MilterMailText } from "../support/milter-client.ts";

const crowd = 1000;
/** `spool.memory` for mails under way, and twice as much for all else: a heap that grows and code that is compiled. */
const moreBytes = 3 * 64 * 2 ** 20;
const body = `${"0123456789 and so on, with words to fill a line of a mail".padEnd(78, ".")}\r\n`.repeat(125);

let daemon: DaemonProcess;
let dns: FakeDns;
let port: number;
let metrics: number;

before(async () => {
  [port, metrics] = [await freePort(), await freePort()];
  const key = createTestKey("rsa");
  dns = await startFakeDns({ "r._domainkey.example.com": { TXT: [key.record] } });
  daemon = await startDaemonProcess(`
myhostname: mail.example.com
local_domains_maps: [[.example.com]]
mynetworks: [192.0.2.0/24]
enable_dkim_verification: true
enable_dkim_signing: true
dkim_keys: [{ domain: example.com, selector: r, key: ${JSON.stringify(key.pem)} }]
inet_socket_port: []
milter_listen: [{ address: "127.0.0.1:${port}" }]
metrics: { listen: "127.0.0.1:${metrics}" }
dns: { servers: ["127.0.0.1:${dns.server.port}"], timeout: 30s, tries: 1 }
spool: { dir: "@FOLDER@", memory: 64M, message_memory: 100k, free_space: 1M }
`);
});

after(async () => {
  assert.equal(await daemon.stop(), 0);
  await dns.close();
});

const ours = Buffer.from("inside.example\x004\x30\x39192.0.2.7\0", "latin1");
const stranger = Buffer.from("client.example\x004\x30\x39203.0.113.7\0", "latin1");

async function session(client = ours, at = port): Promise<MilterClient> {
  const mta = await connectMilter({ port: at });
  await mta.negotiate();
  mta.send("C", client);
  mta.send("H", "client.example\0");
  return mta;
}

const mail: MilterMailText = {
  sender: "<a@example.com>",
  recipients: ["<b@elsewhere.example>"],
  fields: [
    ["From", " a@example.com"],
    ["Date", " Sun, 29 Nov 2026 10:00:00 +0000"],
    ["Subject", " hello"],
  ],
  body,
};

/** The value of a gauge, all its labels together. */
async function gauge(name: string, at = metrics): Promise<number> {
  const page = await (await fetch(`http://127.0.0.1:${at}/metrics`)).text();
  let [sum, found] = [0, false];
  for (const [, value] of page.matchAll(new RegExp(`^signpost_${name}(?:\\{[^}]*\\})? (\\S+)$`, "gm"))) {
    sum += Number(value);
    found = true;
  }
  assert.ok(found, name);
  return sum;
}

/** What is held for mails and connections is given back; the daemon sees a connection's end when its turn comes. */
async function nothingIsLeft(connections = 0, at = metrics): Promise<void> {
  while ((await gauge("open_connections", at)) > connections);
  for (const name of ["message_memory_bytes", "spool_files"]) while ((await gauge(name, at)) > 0);
}

for (const round of ["first", "second"]) {
  test(`a thousand connections at once, a mail on each, are all answered: ${round} time`, async (t) => {
    await daemon.peakBytes();
    const before = await daemon.residentBytes();
    const all = await Promise.all(Array.from({ length: crowd }, () => session()));
    assert.equal(await gauge("open_connections"), crowd);
    const answers = await Promise.all(all.map((mta) => mta.mail(mail)));
    for (const answer of answers) {
      assert.deepEqual(
        answer.map(({ command }) => command),
        ["i", "c"],
      );
      assert.match(String(answer[0]?.data.toString("latin1", 4)), /^DKIM-Signature\0/);
    }
    const more = (await daemon.peakBytes()) - before;
    t.diagnostic(`${Math.round(more / 2 ** 20)} MB more at the most`);
    assert.ok(more < moreBytes, `${more} octets`);
    for (const mta of all) mta.close();
    await nothingIsLeft();
  });
}

type Step = readonly [command: string, data?: Buffer | string];

/** Above `message_memory`: it goes to a file. Its verification waits for a key that the DNS holds back. */
const signedBy = (domain: string): readonly Step[] => [
  ["D", "Mi\0ABC\0"],
  ["M", "<a@example.com>\0"],
  ["R", "<b@example.com>\0"],
  ["L", "From\0 a@example.com\0"],
  ["L", "Date\0 Sun, 29 Nov 2026 10:00:00 +0000\0"],
  ["L", `DKIM-Signature\0 v=1; a=rsa-sha256; d=${domain}; s=r; h=from; bh=${"A".repeat(43)}=; b=AAAA\0`],
  ["N"],
  ["B", "Hello.\r\n"],
  ["B", "x".repeat(65_000)],
  ["B", "x".repeat(65_000)],
  ["E"],
];
const length = signedBy("").length;
const allButEnd = signedBy("early.example").slice(0, -1);

/** What came before on the connection. */
const earlier: Readonly<Record<string, (mta: MilterClient) => Promise<unknown>>> = {
  nothing: async () => undefined,
  "a mail that was answered": (mta) => mta.mail(mail),
  "a mail that was given up": async (mta) => {
    for (const step of [...allButEnd, ["A"] as const]) mta.send(...step);
  },
  "a session that was broken off": async (mta) => {
    for (const step of [...allButEnd, ["K"] as const, ["C", stranger] as const]) mta.send(...step);
  },
};

for (const [title, begin] of Object.entries(earlier)) {
  test(`nothing is left of mails whose MTA vanishes, whatever it has said after ${title}`, async () => {
    const others = [await session(), await session()];
    const open = others.length;
    dns.fault = ({ name }) => (name.includes("silent.example") ? "hold" : "none");
    const asked = dns.asked.length;
    const gone: Promise<unknown>[] = [];
    const ways = ["end", "destroy", "resetAndDestroy"] as const;
    for (const way of ways) {
      for (let count = 0; count <= length; count += 1) {
        const mta = await session(stranger);
        await begin(mta);
        const domain = `${way.toLowerCase()}${gone.length}.${title.replaceAll(" ", "-")}.silent.example`;
        for (const step of signedBy(domain).slice(0, count)) mta.send(...step);
        // Within a packet, too.
        mta.socket.write(Buffer.of(0, 0, 1));
        gone.push(once(mta.socket, "close"));
        mta.socket[way]();
      }
    }
    // The one that ends its side in an orderly way had its whole mail read.
    await dns.questions(asked + 1);
    assert.ok((await gauge("spool_files")) > 0);
    assert.ok((await gauge("open_connections")) > open);
    for (const mta of others) assert.equal((await mta.mail(mail)).at(-1)?.command, "c");
    dns.fault = () => "none";
    dns.release();
    await Promise.all(gone);
    await nothingIsLeft(open);
    for (const mta of others) {
      assert.equal((await mta.mail(mail)).at(-1)?.command, "c");
      mta.close();
    }
    await nothingIsLeft();
  });
}

test("a filter that is killed says nothing on any mail, whatever the MTA has said: none goes on unsigned", async () => {
  const other = await freePort();
  const doomed = await startDaemonProcess(`
inet_socket_port: []
enable_dkim_signing: true
enable_dkim_verification: true
milter_listen: [{ address: "127.0.0.1:${other}" }]
dns: { servers: ["127.0.0.1:${dns.server.port}"], timeout: 30s, tries: 1 }
spool: { dir: "@FOLDER@", memory: 64M, message_memory: 100k, free_space: 1M }
`);
  dns.fault = ({ name }) => (name.includes("silent.example") ? "hold" : "none");
  const asked = dns.asked.length;
  const all: MilterClient[] = [];
  for (let count = 0; count <= length; count += 1) {
    const mta = await session(stranger, other);
    for (const step of signedBy("killed.silent.example").slice(0, count)) mta.send(...step);
    all.push(mta);
  }
  await dns.questions(asked + 1);
  await doomed.kill();
  for (const mta of all) {
    mta.send("E");
    await assert.rejects(mta.next(), /closed the connection/);
  }
  dns.fault = () => "none";
  dns.release();
  await doomed.stop();
});

test("one connection too many, or from where none may come, is closed without a word; the others go on", async () => {
  const other = await freePort();
  const small = await startDaemonProcess(`
inet_socket_port: []
inet_acl: [127.0.0.1]
limits: { connections: 2 }
milter_listen: [{ address: "127.0.0.1:${other}" }]
spool: { dir: "@FOLDER@", free_space: 1M }
`);
  const closed = async (socket: Socket) => {
    let octets = 0;
    socket.on("data", (chunk: Buffer) => {
      octets += chunk.length;
    });
    socket.on("error", () => undefined);
    if (!socket.destroyed) await once(socket, "close");
    return octets;
  };
  const first = await session(ours, other);
  assert.equal(await closed(connect({ host: "127.0.0.1", port: other, localAddress: "127.0.0.2" })), 0);
  assert.match(await small.line("Refused"), /127\.0\.0\.2.*access|access.*127\.0\.0\.2/);
  const second = await session(ours, other);
  assert.equal(await closed(connect(other, "127.0.0.1")), 0);
  assert.match(await small.line("Refused (connections"), /127\.0\.0\.1/);
  for (const mta of [first, second]) assert.equal((await mta.mail(mail)).at(-1)?.command, "c");
  second.close();
  assert.equal((await first.mail(mail)).at(-1)?.command, "c");
  first.close();
  assert.equal(await small.stop(), 0);
});

test("an MTA that falls silent within a message is hung up on, and what was held for it is given back", async () => {
  const [other, page] = [await freePort(), await freePort()];
  const impatient = await startDaemonProcess(`
inet_socket_port: []
limits: { data_block_time: 1s }
milter_listen: [{ address: "127.0.0.1:${other}" }]
metrics: { listen: "127.0.0.1:${page}" }
spool: { dir: "@FOLDER@", memory: 64M, message_memory: 100k, free_space: 1M }
`);
  const open = async (count: number) => {
    const mta = await session(ours, other);
    for (const step of signedBy("a.example").slice(0, count)) mta.send(...step);
    return mta;
  };
  // Nothing of a message is in: the client of theirs may be slow.
  const idle = [await open(0), await open(3)];
  const silent = [await open(4), await open(7), await open(length - 1)];
  await Promise.all(silent.map(({ socket }) => once(socket, "close")));
  assert.match(await impatient.line("Refused (timeout"), /<a@example\.com> -> <b@example\.com>/);
  await nothingIsLeft(idle.length, page);
  for (const mta of idle) assert.equal((await mta.mail(mail)).at(-1)?.command, "c");
  for (const mta of idle) mta.close();
  assert.equal(await impatient.stop(), 0);
});
