// The same 200 mails through a real Postfix with signpost as its milter and through one with opendkim: the same word on each,
// each verifies what the other signed, and Mail::DKIM both.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createTestKey, type DaemonProcess, startDaemonProcess, type TestKey } from "../support/daemon.ts";
import { peers } from "../support/dkim-peers.ts";
import { type FakeDns, startFakeDns } from "../support/fake-dns.ts";
import { type FakeNextHop, startFakeNextHop } from "../support/fake-next-hop.ts";
import { freePort } from "../support/free-port.ts";
import { after, before, test } from "../support/limited.ts";
import { dkimResults, mailsForBoth, opendkimMissing, startOpendkim } from "../support/opendkim.ts";
import { skipWithout } from "../support/peers.ts";
import { postfixMissing, startPostfix } from "../support/postfix.ts";
import { smtpClient } from "../support/smtp-client.ts";

const skip = skipWithout((await postfixMissing()) ?? (await opendkimMissing()));
const names = ["signpost", "opendkim"] as const;
type Name = (typeof names)[number];
const selectors = { signpost: "s", opendkim: "o" } as const;
const [inside, outside] = ["127.0.0.2", "127.0.0.3"];
const sessionsAtOnce = 4;
/** Postfix breaks longer lines on its way out, whoever has signed them. */
const longestLine = 990;
const mails = mailsForBoth(400)
  .filter((octets) =>
    octets
      .toString("latin1")
      .split(/[\r\n]/)
      .every((line) => line.length <= longestLine),
  )
  .slice(0, 200);

interface Mta {
  readonly port: number;
  readonly sink: FakeNextHop;
}

let daemon: DaemonProcess;
let dns: FakeDns;
let key: TestKey;
const mtas = new Map<Name, Mta>();
const closers: (() => Promise<unknown>)[] = [];

before(async () => {
  if (skip !== false) return;
  key = createTestKey("rsa");
  dns = await startFakeDns({
    "s._domainkey.example.com": { TXT: [key.record] },
    "o._domainkey.example.com": { TXT: [key.record] },
  });
  const doors = { signpost: await freePort(), opendkim: await freePort() };
  daemon = await startDaemonProcess(`
myhostname: signpost.example
local_domains_maps: [[example.net]]
mynetworks: [${inside}/32]
enable_dkim_verification: true
enable_dkim_signing: true
dkim_keys: [{ domain: example.com, selector: s, key: ${JSON.stringify(key.pem)} }]
dkim_signature_options_bysender_maps: [{ ".": { c: relaxed/simple } }]
inet_socket_port: []
milter_listen: [{ address: "127.0.0.1:${doors.signpost}" }]
dns: { servers: ["127.0.0.1:${dns.server.port}"], timeout: 10s }
`);
  const socket = `inet:${doors.opendkim}@127.0.0.1`;
  closers.push(await startOpendkim(daemon.folder, key, socket, inside));
  for (const name of names) {
    const sink = await startFakeNextHop();
    const port = await freePort();
    const unused = { incoming: 1, originating: 1, backIncoming: 1, backOriginating: 1 };
    const settings = [`smtpd_milters=inet:127.0.0.1:${doors[name]}`, "milter_default_action=tempfail"];
    const more = [...settings, "relay_domains=example.net", "smtpd_peername_lookup=no"];
    const postfix = await startPostfix(
      { smtpd: port, ...unused, sink: sink.port },
      `${inside}/32`,
      "ipv4",
      more,
      "none",
    );
    mtas.set(name, { port, sink });
    closers.unshift(
      () => postfix.stop(),
      () => sink.close(),
    );
  }
  closers.push(
    async () => assert.equal(await daemon.stop(), 0),
    () => dns.close(),
  );
});

after(async () => {
  for (const close of closers) await close();
});

/** The replies to each mail, and each as it arrived at the next hop. */
async function through(
  name: Name,
  client: string,
  domain: string,
  octets: readonly Buffer[],
): Promise<{ readonly replies: readonly string[]; readonly arrived: readonly Buffer[] }> {
  const mta = mtas.get(name);
  assert.ok(mta);
  const before = mta.sink.mails.length;
  const replies: string[] = [];
  let next = 0;
  async function session(port: number): Promise<void> {
    const smtp = smtpClient(port, client);
    await smtp.reply();
    await smtp.ask("EHLO client.example");
    while (next < octets.length) {
      const place = next++;
      await smtp.ask("MAIL FROM:<alice@example.com> BODY=8BITMIME");
      await smtp.ask(`RCPT TO:<m${place}@${domain}>`);
      await smtp.ask("DATA");
      const text = (octets[place] ?? Buffer.alloc(0)).toString("latin1").replace(/(^|\r\n)\./g, "$1..");
      replies[place] = (await smtp.ask(`${text}${text.endsWith("\r\n") ? "" : "\r\n"}.`)).slice(0, 9);
    }
    await smtp.ask("QUIT");
  }
  await Promise.all(Array.from({ length: sessionsAtOnce }, () => session(mta.port)));
  const taken = replies.filter((reply) => reply.startsWith("250")).length;
  await mta.sink.received(before + taken);
  const arrived: Buffer[] = [];
  for (const mail of mta.sink.mails.slice(before))
    arrived[Number(/m(\d+)@/.exec(mail.rcpts[0] ?? "")?.[1])] = mail.octets;
  return { replies, arrived };
}

const signed = new Map<Name, readonly Buffer[]>();

test("both Postfixes take the same mail, signed once", { skip }, async () => {
  const [ours, theirs] = await Promise.all(names.map((name) => through(name, inside, "elsewhere.example", mails)));
  assert.ok(ours !== undefined && theirs !== undefined);
  assert.deepEqual(ours.replies, theirs.replies);
  assert.deepEqual(ours.replies, Array(mails.length).fill("250 2.0.0"));
  for (const [name, { arrived }] of [
    ["signpost", ours],
    ["opendkim", theirs],
  ] as const) {
    signed.set(name, arrived);
    const selector = new RegExp(`[; \\t]s=${selectors[name]};`, "g");
    for (const octets of arrived) assert.equal(octets.toString("latin1").match(selector)?.length, 1, name);
  }
});

for (const [signer, judge] of [
  ["signpost", "opendkim"],
  ["opendkim", "signpost"],
] as const) {
  test(`${judge} behind its Postfix verifies what ${signer} has signed behind another`, { skip }, async () => {
    const { replies, arrived } = await through(judge, outside, "example.net", signed.get(signer) ?? []);
    assert.deepEqual(replies, Array(mails.length).fill("250 2.0.0"));
    for (const [place, octets] of arrived.entries()) {
      const head = octets.subarray(0, 2500).toString("latin1");
      assert.deepEqual(dkimResults(octets, `${judge}.example`), ["pass"], `mail ${place}:\n${head}`);
    }
  });
}

test("Mail::DKIM verifies both", { skip }, async () => {
  const peer = peers.find(({ name }) => name === "Mail::DKIM");
  assert.ok(peer);
  const files: string[] = [];
  for (const [name, all] of signed) {
    for (const [place, octets] of all.entries()) {
      const file = join(daemon.folder, `${name}-${place}.eml`);
      await writeFile(file, octets);
      files.push(file);
    }
  }
  const verdicts = await peer.verify(files, { folder: daemon.folder, keys: [], dns });
  assert.equal(verdicts.size, 2 * mails.length);
  for (const [file, found] of verdicts) {
    const own = found.filter(({ selector }) => Object.values<string>(selectors).includes(selector));
    assert.deepEqual(
      own.map(({ result }) => result),
      ["pass"],
      file,
    );
  }
});
