// The milter door of the real daemon: what an MTA is asked to do, in each way a mail can end, and what breaks in between.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { signpost } from "../support/command.ts";
import { createTestKey, type DaemonProcess, startDaemonProcess } from "../support/daemon.ts";
import { startFakeDns } from "../support/fake-dns.ts";
import { startFakeSpamd } from "../support/fake-spamd.ts";
import { freePort } from "../support/free-port.ts";
import { after, before, test } from "../support/limited.ts";
import { connectMilter, type MilterClient, type MilterMailText, type MilterPacket } from "../support/milter-client.ts";

interface Scene {
  readonly daemon: DaemonProcess;
  readonly port: number;
  readonly signing: number;
  readonly path: string;
}

let scene: Scene;
const closers: (() => Promise<unknown>)[] = [];

before(async () => {
  const [port, signing, smtp] = [await freePort(), await freePort(), await freePort()];
  const key = createTestKey("rsa");
  const dns = await startFakeDns({
    "_dmarc.strict.example": { TXT: ["v=DMARC1; p=reject"] },
    "r._domainkey.example.com": { TXT: [key.record] },
  });
  closers.push(() => dns.close());
  const daemon = await startDaemonProcess(`
myhostname: mail.example.com
local_domains_maps: [[.example.com]]
mynetworks: [192.0.2.0/24]
enable_dkim_verification: true
enable_spf_verification: true
enable_dmarc_verification: true
final_dmarc_destiny: D_REJECT
enable_dkim_signing: true
dkim_keys: [{ domain: example.com, selector: r, key: ${JSON.stringify(key.pem)} }]
inet_socket_port: [${smtp}]
smtpd_message_size_limit: 1000000
smtpd_recipient_limit: 5
milter_listen:
  - { address: "127.0.0.1:${port}" }
  - { address: "inet:${signing}@127.0.0.1", bank: SIGN }
  - { address: "@FOLDER@/milter.sock" }
policy_bank:
  SIGN: { originating: true }
  submission: { originating: true }
  PUTOFF: { final_dmarc_destiny: D_TEMPFAIL }
  GONE: { final_dmarc_destiny: D_DISCARD }
dns: { servers: ["127.0.0.1:${dns.server.port}"], timeout: 10s, tries: 1 }
spool: { dir: "@FOLDER@", message_memory: 100k, free_space: 1M }
`);
  scene = { daemon, port, signing, path: join(daemon.folder, "milter.sock") };
  closers.unshift(async () => assert.equal(await daemon.stop(), 0));
});

after(async () => {
  for (const close of closers) await close();
});

const stranger = connectData("client.example", "203.0.113.7");
const ours = connectData("inside.example", "192.0.2.7");

function connectData(name: string, address: string): Buffer {
  return Buffer.concat([Buffer.from(`${name}\x004`), Buffer.of(0x30, 0x39), Buffer.from(`${address}\0`)]);
}

interface SessionOptions {
  readonly at?: { readonly port: number; readonly host?: string } | { readonly path: string };
  readonly client?: Buffer;
  readonly daemonName?: string;
  readonly options?: Parameters<MilterClient["negotiate"]>[0];
}

async function session({ at, client = stranger, daemonName, options }: SessionOptions = {}): Promise<MilterClient> {
  const mta = await connectMilter(at ?? { port: scene.port });
  await mta.negotiate(options);
  if (daemonName !== undefined) mta.send("D", `C{daemon_name}\0${daemonName}\0`);
  mta.send("C", client);
  mta.send("H", "client.example\0");
  return mta;
}

/** An MTA that waits for an answer to MAIL: then the mail has begun. */
const answered = { steps: 0x1fffff & ~0x4000 };

const plain: MilterMailText = {
  sender: "<a@example.com>",
  recipients: ["<b@elsewhere.example>"],
  fields: [
    ["From", " a@example.com"],
    ["Subject", " hello\n\tthere"],
    ["Date", " Sun, 29 Nov 2026 10:00:00 +0000"],
  ],
  body: "Hello.\r\n",
};

/** "i DKIM-Signature", "m Authentication-Results", "y 550 5.7.1", "c". */
function words(packets: readonly MilterPacket[]): readonly string[] {
  return packets.map(({ command, data }) => {
    if (command === "i" || command === "m") return `${command} ${data.toString("latin1", 4).split("\0")[0]}`;
    if (command === "y") return `y ${data.toString("latin1", 0, 9)}`;
    return `${command}${data.length === 0 ? "" : ` ${data.toString("latin1").replace(/\0$/, "")}`}`;
  });
}

async function answers(options: SessionOptions, ...mails: readonly MilterMailText[]): Promise<(readonly string[])[]> {
  const mta = await session(options);
  const all: (readonly string[])[] = [];
  for (const mail of mails) all.push(words(await mta.mail(mail)));
  mta.close();
  return all;
}

test("a stranger's mail to elsewhere gets nothing of ours", async () => {
  assert.deepEqual(await answers({}, plain), [["c"]]);
});

for (const [title, options, mail] of [
  ["a client of our networks", { client: ours }, plain],
  ["a client that has logged in", {}, { ...plain, macros: { "{auth_type}": "PLAIN", "{auth_authen}": "a" } }],
  ["a daemon with the name of a bank", { daemonName: "submission" }, plain],
] as const) {
  test(`mail of ${title} is signed`, async () => {
    assert.deepEqual(await answers(options, mail), [["i DKIM-Signature", "c"]]);
  });
}

test("an entry's bank is the one its mail starts with, by TCP; a socket's mail has the base bank", async () => {
  assert.deepEqual(await answers({ at: { port: scene.signing } }, plain), [["i DKIM-Signature", "c"]]);
  assert.deepEqual(await answers({ at: { path: scene.path } }, plain), [["c"]]);
});

test("after a reload mail starts with the bank that its entry has now, on open connections as well", async () => {
  const port = await freePort();
  const other = await startDaemonProcess(`
myhostname: mail.example.com
inet_socket_port: []
control: { socket: "@FOLDER@/control.sock" }
enable_dkim_signing: true
dkim_keys: [{ domain: example.com, selector: r, key: ${JSON.stringify(createTestKey("rsa").pem)} }]
milter_listen: [{ address: "127.0.0.1:${port}", bank: BEFORE }]
policy_bank:
  BEFORE: { originating: true }
  AFTER: { soft_bounce: true, smtpd_message_size_limit: 70000 }
spool: { dir: "@FOLDER@", free_space: 1M }
`);
  const mta = await session({ at: { port } });
  assert.deepEqual(words(await mta.mail(plain)), ["i DKIM-Signature", "c"]);
  const text = await readFile(other.configFile, "utf8");
  await writeFile(other.configFile, text.replace("bank: BEFORE", "bank: AFTER"));
  const { code, stderr } = await signpost("reload", "--config", other.configFile);
  assert.equal(code, 0, stderr);
  assert.deepEqual(words(await mta.mail(plain)), ["c"]);
  const large = { ...plain, body: "x".repeat(70_001) };
  assert.deepEqual(await answers({ at: { port } }, plain, large), [["c"], ["y 450 4.3.4"]]);
  mta.close();
  assert.equal(await other.stop(), 0);
});

/** Of this machine. */
const ipv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === "::1"));

test("by IPv6: the MTA at ::1, and a client of ours with such an address", {
  skip: ipv6 ? false : "this machine has no ::1",
}, async () => {
  const port = await freePort();
  const other = await startDaemonProcess(`
inet_socket_port: []
inet_acl: ["::1"]
mynetworks: ["2001:db8::/32"]
enable_dkim_signing: true
dkim_keys: [{ domain: example.com, selector: r, key: ${JSON.stringify(createTestKey("rsa").pem)} }]
milter_listen: [{ address: "inet6:${port}@::1" }]
spool: { dir: "@FOLDER@", free_space: 1M }
`);
  for (const [address, words] of [
    ["IPv6:2001:db8::7", ["i DKIM-Signature", "c"]],
    ["2001:db8::7", ["i DKIM-Signature", "c"]],
    ["IPv6:2001:db9::7", ["c"]],
  ] as const) {
    const client = Buffer.from(`client.example\x006\x30\x39${address}\0`, "latin1");
    assert.deepEqual(await answers({ at: { port, host: "::1" }, client }, plain), [words], address);
  }
  assert.equal(await other.stop(), 0);
});

test("the login of one mail says nothing of the next on the same connection", async () => {
  const login = { ...plain, macros: { "{auth_type}": "PLAIN" } };
  assert.deepEqual(await answers({}, login, plain, login), [
    ["i DKIM-Signature", "c"],
    ["c"],
    ["i DKIM-Signature", "c"],
  ]);
});

test("a local recipient gets our results, and what claims our name goes", async () => {
  const forged: MilterMailText = {
    ...plain,
    recipients: ["<b@example.com>"],
    fields: [
      ["Authentication-Results", " mail.example.com; dkim=pass"],
      ["From", " x@elsewhere.example"],
      ["Date", " Sun, 29 Nov 2026 10:00:00 +0000"],
      ["Authentication-Results", " other.example; dkim=pass"],
      ["authentication-results", " MAIL.example.com; spf=pass"],
    ],
  };
  const mta = await session();
  const packets = await mta.mail(forged);
  mta.close();
  assert.deepEqual(words(packets), [
    "m authentication-results",
    "m Authentication-Results",
    "i Authentication-Results",
    "c",
  ]);
  assert.deepEqual(
    packets.slice(0, 2).map(({ data }) => data.readUInt32BE(0)),
    [3, 1],
  );
});

test("what claims our name goes beyond the limits of a header as well", async () => {
  const fields = Array.from({ length: 1200 }, (_, place) => [`X-${place}`, " 1"] as const);
  const claims: MilterMailText = {
    ...plain,
    fields: [...plain.fields, ...fields, ["Authentication-Results", " mail.example.com; dkim=pass"]],
  };
  assert.deepEqual(await answers({}, claims), [["m Authentication-Results", "c"]]);
});

const fromStrict: MilterMailText = {
  ...plain,
  sender: "<x@strict.example>",
  fields: [
    ["From", " x@strict.example"],
    ["Date", " Sun, 29 Nov 2026 10:00:00 +0000"],
  ],
};

for (const [daemonName, answer] of [
  ["smtpd", "y 550 5.7.2"],
  ["PUTOFF", "y 451 4.7.2"],
  ["GONE", "d"],
] as const) {
  test(`mail that breaks its author's policy, to the daemon ${daemonName}: ${answer}`, async () => {
    assert.deepEqual(await answers({ daemonName }, fromStrict), [[answer]]);
  });
}

test("an MTA that knows no step without an answer gets one for each", async () => {
  const mta = await session({ options: { version: 2, actions: 0x3f, steps: 0 } });
  assert.equal((await mta.next()).command, "c");
  assert.equal((await mta.next()).command, "c");
  mta.send("D", "M{auth_type}\0PLAIN\0");
  for (const [command, data] of [
    ["M", "<a@example.com>\0"],
    ["R", "<b@elsewhere.example>\0"],
    ["L", "From\0a@example.com\0"],
    ["L", "Date\0Sun, 29 Nov 2026 10:00:00 +0000\0"],
    ["N", ""],
    ["B", "Hello.\r\n"],
  ] as const) {
    mta.send(command, data);
    assert.equal((await mta.next()).command, "c", command);
  }
  mta.send("E");
  assert.deepEqual(words([await mta.next(), await mta.next()]), ["i DKIM-Signature", "c"]);
  mta.close();
});

test("an MTA that does not let us add a field keeps the mail that must be signed", async () => {
  assert.deepEqual(await answers({ client: ours, options: { actions: 0x10 } }, plain), [["y 451 4.3.5"]]);
});

test("a mail that is given up leaves nothing behind, and the next goes through", async () => {
  const mta = await session({ client: ours });
  await mta.begin("<a@example.com>");
  mta.send("R", "<b@elsewhere.example>\0");
  mta.send("L", "From\0 a@example.com\0");
  mta.send("N");
  mta.send("B", "x".repeat(60_000));
  mta.send("A");
  assert.deepEqual(words(await mta.mail(plain)), ["i DKIM-Signature", "c"]);
  mta.send("K");
  mta.send("C", stranger);
  assert.deepEqual(words(await mta.mail(plain)), ["c"], "another session on the same connection, another client");
  mta.close();
});

test("a body of many blocks goes by the spool and is signed", async () => {
  const body = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789ab\r\n".repeat(10_000);
  assert.deepEqual(await answers({ client: ours }, { ...plain, body }), [["i DKIM-Signature", "c"]]);
});

test("too large and too many are refused as by SMTP", async () => {
  const large = { ...plain, body: "x".repeat(1_000_001) };
  const many = { ...plain, recipients: Array.from({ length: 6 }, (_, i) => `<r${i}@elsewhere.example>`) };
  const seen = scene.daemon.lines.length;
  assert.deepEqual(await answers({}, large, many, plain), [["y 552 5.3.4"], ["y 452 4.5.3"], ["c"]]);
  assert.match(
    await scene.daemon.line("Refused (size", seen),
    /client \[203\.0\.113\.7\], <a@example\.com> -> <b@elsewhere\.example>, size: \d+, reply: 552 5\.3\.4/,
  );
  assert.match(
    await scene.daemon.line("Refused (recipients", seen),
    /-> <r0@elsewhere\.example>.*, reply: 452 4\.5\.3/,
  );
});

test("an MTA whose mail takes its time hears that it is still being worked on", async () => {
  const [port, spamd] = [await freePort(), await startFakeSpamd()];
  const held = Promise.withResolvers<undefined>();
  spamd.script = () => held.promise;
  const other = await startDaemonProcess(`
inet_socket_port: []
limits: { data_block_time: 1s }
spam_scanners: [{ name: slow, type: spamd, address: "${spamd.address}" }]
milter_listen: [{ address: "127.0.0.1:${port}" }]
spool: { dir: "@FOLDER@", free_space: 1M }
`);
  const mta = await session({ at: { port } });
  await mta.begin("<a@example.com>");
  mta.send("R", "<b@elsewhere.example>\0");
  for (const [name, value] of plain.fields) mta.send("L", `${name}\0${value}\0`);
  mta.send("N");
  mta.send("E");
  assert.deepEqual(words([await mta.next(), await mta.next()]), ["p", "p"]);
  held.resolve(undefined);
  let last = await mta.next();
  while (last.command === "p") last = await mta.next();
  assert.equal(last.command, "c");
  assert.deepEqual(words(await mta.mail(plain)), ["c"]);
  mta.close();
  assert.equal(await other.stop(), 0);
  await spamd.close();
});

test("packets split at every octet make the same mail", async () => {
  const mta = await connectMilter({ port: scene.signing });
  await mta.negotiate();
  const parts: Buffer[] = [];
  const collect = (command: string, text: string) => {
    const data = Buffer.from(text, "latin1");
    const head = Buffer.alloc(5);
    head.writeUInt32BE(data.length + 1, 0);
    head.write(command, 4, "latin1");
    parts.push(head, data);
  };
  collect("M", "<a@example.com>\0");
  collect("R", "<b@elsewhere.example>\0");
  collect("L", "From\0 a@example.com\0");
  collect("L", "Date\0 Sun, 29 Nov 2026 10:00:00 +0000\0");
  collect("N", "");
  collect("B", "Hello.\r\n");
  collect("E", "");
  mta.socket.setNoDelay(true);
  for (const octet of Buffer.concat(parts)) {
    if (!mta.socket.write(Buffer.of(octet))) await once(mta.socket, "drain");
  }
  assert.deepEqual(words([await mta.next(), await mta.next()]), ["i DKIM-Signature", "c"]);
  mta.close();
});

test("an MTA that goes away in any state leaves nothing behind", async () => {
  const steps: readonly (readonly [string, Buffer | string])[] = [
    ["C", ours],
    ["H", "client.example\0"],
    ["D", "Mi\0ABC\0"],
    ["M", "<a@example.com>\0"],
    ["R", "<b@elsewhere.example>\0"],
    ["L", "From\0 a@example.com\0"],
    ["L", "Date\0 Sun, 29 Nov 2026 10:00:00 +0000\0"],
    ["N", ""],
    ["B", "Hello.\r\n"],
    ["B", "x".repeat(200_000)],
    ["E", ""],
  ];
  for (const how of ["end", "destroy", "resetAndDestroy"] as const) {
    for (let count = 0; count <= steps.length; count += 1) {
      const mta = await connectMilter({ port: scene.signing });
      await mta.negotiate();
      for (const [command, data] of steps.slice(0, count)) mta.send(command, data);
      // Within a packet, too.
      mta.socket.write(Buffer.of(0, 0, 1));
      const closed = once(mta.socket, "close");
      mta.socket[how]();
      await closed;
    }
  }
  assert.deepEqual(await answers({ client: ours }, plain), [["i DKIM-Signature", "c"]]);
});

test("a filter that is killed answers nothing: the MTA keeps the mail", async () => {
  const port = await freePort();
  const other = await startDaemonProcess(`
inet_socket_port: []
enable_dkim_signing: true
milter_listen: [{ address: "127.0.0.1:${port}" }]
spool: { dir: "@FOLDER@", free_space: 1M }
`);
  closers.push(() => other.stop());
  const mta = await session({ at: { port }, client: ours, options: answered });
  await mta.begin("<a@example.com>");
  mta.send("R", "<b@elsewhere.example>\0");
  mta.send("L", "From\0 a@example.com\0");
  await other.kill();
  mta.send("N");
  mta.send("E");
  await assert.rejects(mta.next(), /closed the connection/);
});

for (const [title, octets] of [
  ["SMTP", "EHLO client.example\r\n"],
  ["a mail before the options", "\0\0\0\x05M<a>\0"],
  ["a body without a mail", "\0\0\0\x0dO\0\0\0\x06\0\0\x01\xff\0\x1f\xff\xff\0\0\0\x02Bx"],
  ["an unknown packet", "\0\0\0\x0dO\0\0\0\x06\0\0\x01\xff\0\x1f\xff\xff\0\0\0\x01?"],
  ["a length without end", "\xff\xff\xff\xffM"],
] as const) {
  test(`a peer that speaks ${title} is hung up on, and the door stays open`, async () => {
    const mta = await connectMilter({ port: scene.port });
    mta.socket.write(Buffer.from(octets, "latin1"));
    await once(mta.socket, "close");
    assert.deepEqual(await answers({}, plain), [["c"]]);
  });
}

test("a stop answers the mail under way and closes what is idle", async () => {
  const idle = await session();
  const busy = await session({ client: ours, options: answered });
  await busy.begin("<a@example.com>");
  const closed = once(idle.socket, "close");
  const stopped = scene.daemon.stop();
  await closed;
  busy.send("R", "<b@elsewhere.example>\0");
  for (const [name, value] of plain.fields) busy.send("L", `${name}\0${value}\0`);
  busy.send("N");
  busy.send("E");
  assert.deepEqual(words([await busy.next(), await busy.next()]), ["i DKIM-Signature", "c"]);
  assert.equal(await stopped, 0);
  closers.shift();
});
