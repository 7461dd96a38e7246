// The main job beside a real Postfix, set up with the lines of docs/postfix.md: three paths, real clients.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { createTestKey, type DaemonProcess, startDaemonProcess, startIn } from "../support/daemon.ts";
import { type FakeDns, startFakeDns } from "../support/fake-dns.ts";
import { type FakeNextHop, type ReceivedMail, startFakeNextHop } from "../support/fake-next-hop.ts";
import { freePort } from "../support/free-port.ts";
import { after, before, test } from "../support/limited.ts";
import { skipWithout } from "../support/peers.ts";
import { type Postfix, postfixMissing, startPostfix } from "../support/postfix.ts";

const run = promisify(execFile);
const skip = skipWithout(await postfixMissing());

const inside = "127.0.0.2";
const outside = "127.0.0.3";

interface Scene {
  readonly postfix: Postfix;
  readonly daemon: DaemonProcess;
  readonly sink: FakeNextHop;
  readonly dns: FakeDns;
  readonly zone: unknown;
  readonly smtpd: number;
  readonly nochecks: number;
}

let scene: Scene;
let taken = 0;
/** Run in order at the end, however far the start came. */
const closers: (() => Promise<unknown>)[] = [];

before(async () => {
  if (skip !== false) return;
  const [smtpd, incoming, originating, nochecks, backIncoming, backOriginating] = await Promise.all(
    Array.from({ length: 6 }, freePort),
  );
  if (!smtpd || !incoming || !originating || !nochecks || !backIncoming || !backOriginating)
    throw new Error("no ports");
  const sink = await startFakeNextHop();
  const keys = { rsa: createTestKey("rsa"), partner: createTestKey("ed25519") };
  const zone = {
    "foo._domainkey.example.com": { TXT: [keys.rsa.record] },
    "p._domainkey.partner.example": { TXT: [keys.partner.record] },
  };
  const dns = await startFakeDns(zone);
  closers.push(
    () => dns.close(),
    () => sink.close(),
  );
  const daemon = await startDaemonProcess(`
myhostname: mail.example.com
mydomain: example.com
local_domains_maps: [[.example.com]]
mynetworks: [${inside}/32]
enable_dkim_verification: true
enable_dkim_signing: true
dkim_keys:
  - { domain: example.com, selector: foo, key: ${JSON.stringify(keys.rsa.pem)} }
  - { domain: partner.example, selector: p, key: ${JSON.stringify(keys.partner.pem)} }
dkim_signature_options_bysender_maps:
  - { ".": { ttl: 21d, c: relaxed/simple } }
inet_socket_port: [${incoming}, ${originating}, ${nochecks}]
inet_socket_bind: [127.0.0.1]
forward_method: "smtp:[127.0.0.1]:${backIncoming}"
notify_method: "smtp:[127.0.0.1]:${backOriginating}"
interface_policy: { "${originating}": ORIGINATING, "${nochecks}": NOCHECKS }
policy_bank:
  ORIGINATING:
    originating: true
    smtpd_discard_ehlo_keywords: [8BITMIME]
    forward_method: "smtp:[127.0.0.1]:${backOriginating}"
  NOCHECKS:
    originating: true
    mynetworks_maps: []
    enable_dkim_verification: false
    signed_header_fields: { Sender: 1 }
dns: { servers: ["127.0.0.1:${dns.server.port}"] }
`);
  const ports = { smtpd, incoming, originating, backIncoming, backOriginating, sink: sink.port };
  closers.unshift(async () => assert.equal(await scene.daemon.stop(), 0, "the daemon ends by itself"));
  const postfix = await startPostfix(ports, `${inside}/32`);
  closers.unshift(() => postfix.stop());
  scene = { sink, dns, zone, daemon, smtpd, nochecks, postfix };
});

after(async () => {
  for (const close of closers) await close();
});

interface SendOptions {
  readonly from: string;
  readonly to: string;
  readonly client: string;
  readonly port?: number;
  readonly data?: string;
}

/** Sends with swaks and waits for the mail to come out at the far end. */
async function send({ from, to, client, port, data }: SendOptions): Promise<{ mail: ReceivedMail; text: string }> {
  const file = join(scene.daemon.folder, `mail-${taken}.eml`);
  // Without its own fixing up swaks sends the octets as they are, and leaves the final dot to us.
  await writeFile(file, Buffer.from(`${data ?? message({ from, to })}.\r\n`, "latin1"));
  await run("swaks", [
    ...["--server", "127.0.0.1", "--port", String(port ?? scene.smtpd), "--local-interface", client],
    ...["--helo", "client.example", "--from", from, "--to", to, "--data", `@${file}`, "--no-data-fixup"],
  ]).catch((error: { stdout?: string }) => assert.fail(error.stdout ?? String(error)));
  taken += 1;
  await scene.sink.received(taken);
  const mail = scene.sink.mails[taken - 1];
  assert.ok(mail);
  return { mail, text: mail.octets.toString("latin1") };
}

function message({
  from,
  to,
  extra = "",
  body = "Hello there.\r\n",
}: {
  from: string;
  to: string;
  extra?: string;
  body?: string;
}) {
  return (
    `From: ${from}\r\nTo: ${to}\r\nSubject: a test\r\nDate: Fri, 06 Nov 2026 10:00:00 +0000\r\n` +
    `Message-ID: <${taken}.test@${from.split("@")[1]}>\r\n${extra}\r\n${body}`
  );
}

/** What signpost itself says of a mail, asked as a command. */
async function check(
  text: string,
): Promise<{ signatures: { result: string; domain: string; reason: string | null }[] }> {
  const file = join(scene.daemon.folder, "arrived.eml");
  await writeFile(file, Buffer.from(text, "latin1"));
  const main = join(import.meta.dirname, "../../src/cli/main.ts");
  const zone = join(scene.daemon.folder, "dns.json");
  await writeFile(zone, JSON.stringify(scene.zone));
  const { stdout } = await run(process.execPath, [main, "check", "--dns", zone, "--json", file]);
  return JSON.parse(stdout);
}

/** Mail::DKIM's word on a mail, if it is there. */
async function mailDkim(text: string): Promise<string> {
  const file = join(scene.daemon.folder, "arrived.eml");
  await writeFile(file, Buffer.from(text, "latin1"));
  const program = `
    use Mail::DKIM::Verifier; use Mail::DKIM::DNS; use Net::DNS;
    my $r = Net::DNS::Resolver->new(nameservers => ['127.0.0.1'], port => ${scene.dns.server.port});
    Mail::DKIM::DNS::resolver($r);
    my $v = Mail::DKIM::Verifier->new; open(my $f, '<', $ARGV[0]) or die; binmode $f;
    while (<$f>) { $v->PRINT($_) } $v->CLOSE; print $v->result_detail;`;
  const { stdout } = await run("/usr/bin/perl", ["-e", program, file]);
  return stdout;
}

test("mail from outside arrives with Authentication-Results and unsigned", { skip }, async () => {
  const { mail, text } = await send({ from: "somebody@elsewhere.example", to: "bob@example.com", client: outside });
  assert.match(text, /^Authentication-Results: mail\.example\.com;\r\n\tdkim=none\r\n/m);
  assert.doesNotMatch(text, /^DKIM-Signature:/m);
  assert.match(mail.mail, /<somebody@elsewhere\.example>/);
  const line = await scene.daemon.line("Passed CLEAN {RelayedInbound}");
  assert.match(line, new RegExp(`\\[${outside.replaceAll(".", "\\.")}\\]:\\d+ `), "the log knows the real client");
});

test("mail from inside is signed on the way out", { skip }, async () => {
  const { text } = await send({ from: "alice@example.com", to: "joe@elsewhere.example", client: inside });
  assert.match(text, /^DKIM-Signature: v=1; a=rsa-sha256; c=relaxed\/simple; d=example\.com; s=foo;/m);
  assert.doesNotMatch(text, /^Authentication-Results:/m, "the recipient is not ours to tell");
  const { signatures } = await check(text);
  assert.deepEqual(
    signatures.map(({ result, domain }) => [result, domain]),
    [["pass", "example.com"]],
  );
  assert.equal(await mailDkim(text), "pass");
});

test("8-bit mail on the signing path arrives as quoted-printable, its signature valid", { skip }, async () => {
  const extra = "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n";
  const data = message({
    from: "alice@example.com",
    to: "joe@elsewhere.example",
    extra,
    body: "caf\xc3\xa9 cr\xc3\xa8me\r\n",
  });
  const { text } = await send({ from: "alice@example.com", to: "joe@elsewhere.example", client: inside, data });
  assert.match(text, /Content-Transfer-Encoding: quoted-printable/i);
  assert.match(text, /caf=C3=A9/);
  assert.equal((await check(text)).signatures[0]?.result, "pass");
  assert.equal(await mailDkim(text), "pass");
});

test("8-bit mail from outside keeps its octets", { skip }, async () => {
  const extra = "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n";
  const data = message({ from: "x@elsewhere.example", to: "bob@example.com", extra, body: "caf\xc3\xa9\r\n" });
  const { text } = await send({ from: "x@elsewhere.example", to: "bob@example.com", client: outside, data });
  assert.ok(text.endsWith("\r\n\r\ncaf\xc3\xa9\r\n"), text.slice(-60));
});

test("a signed mail is verified when it comes back in, and found out when it was changed", { skip }, async () => {
  const out = await send({ from: "alice@example.com", to: "joe@elsewhere.example", client: inside });
  const back = { from: "alice@example.com", to: "bob@example.com", client: outside };
  const good = await send({ ...back, data: out.text });
  assert.match(good.text, /dkim=pass \(2048-bit key\) header\.d=example\.com/);
  const changed = await send({ ...back, data: out.text.replace("Hello there.", "Hello where.") });
  assert.match(changed.text, /dkim=fail \(2048-bit key\) reason=body-hash-mismatch/);
});

test("a list message through the third path is signed again", { skip }, async () => {
  const data = message({
    from: "alice@example.com",
    to: "list@example.com",
    extra: "Sender: list-bounces@example.com\r\nList-Id: <list.example.com>\r\n",
    body: "Hello there.\r\n-- \r\na footer\r\n",
  });
  const { text } = await send({
    ...{ from: "list-bounces@example.com", to: "member@elsewhere.example", client: "127.0.0.1", port: scene.nochecks },
    data,
  });
  assert.match(text, /^DKIM-Signature: /m);
  assert.doesNotMatch(text, /^Authentication-Results:/m);
  assert.equal((await check(text)).signatures[0]?.result, "pass");
  const signed = /h=([^;]*);/.exec(text.replaceAll(/\r\n\s+/g, ""))?.[1] ?? "";
  assert.ok(
    signed
      .split(":")
      .map((name) => name.trim().toLowerCase())
      .includes("sender"),
    signed,
  );
  await scene.daemon.line("{RelayedOutbound}, NOCHECKS LOCAL");
});

test("the line of a mailbox file that a list manager leaves on top does not make the header text", {
  skip,
}, async () => {
  const { nochecks } = scene;
  const plain = message({ from: "list@example.com", to: "joe@remote.example" });
  const { text } = await send({
    ...{ from: "list@example.com", to: "joe@remote.example", client: "127.0.0.1", port: nochecks },
    data: `From list@example.com Fri Nov  6 10:00:00 2026\r\n>From x Fri Nov  6 09:00:00 2026\r\n${plain}`,
  });
  const [header = "", body] = text.split("\r\n\r\n");
  assert.equal(body, "Hello there.\r\n");
  for (const name of ["DKIM-Signature", "From", "Subject", "X-Mailbox-Line"])
    assert.match(header, new RegExp(`^${name}: `, "m"));
  assert.equal((await check(text)).signatures[0]?.result, "pass");
});

test("a forged Authentication-Results of ours does not get through", { skip }, async () => {
  const extra = "Authentication-Results: Mail.Example.COM;\r\n dkim=pass header.d=bank.example\r\n";
  const data = message({ from: "x@elsewhere.example", to: "bob@example.com", extra });
  const { text } = await send({ from: "x@elsewhere.example", to: "bob@example.com", client: outside, data });
  assert.doesNotMatch(text, /bank\.example/);
});

test("the second mail on a connection is not taken for the first one's client", { skip }, async () => {
  // Postfix reuses its connection to the filter; the client of each mail is told anew.
  await Promise.all([
    run("swaks", [
      "--server",
      "127.0.0.1",
      "--port",
      String(scene.smtpd),
      "--local-interface",
      inside,
      "--from",
      "alice@example.com",
      "--to",
      "one@elsewhere.example",
    ]),
    run("swaks", [
      "--server",
      "127.0.0.1",
      "--port",
      String(scene.smtpd),
      "--local-interface",
      outside,
      "--from",
      "mallory@example.com",
      "--to",
      "bob@example.com",
    ]),
  ]);
  taken += 2;
  await scene.sink.received(taken);
  for (const mail of scene.sink.mails.slice(-2)) {
    const text = mail.octets.toString("latin1");
    assert.equal(
      /^DKIM-Signature:/m.test(text),
      /one@elsewhere\.example/.test(mail.rcpts[0] ?? ""),
      text.slice(0, 400),
    );
  }
});

test("mail waits in Postfix while the filter is down, and none is lost", { skip }, async () => {
  await scene.daemon.kill();
  const to = "bob@example.com";
  await run("swaks", [
    "--server",
    "127.0.0.1",
    "--port",
    String(scene.smtpd),
    "--local-interface",
    outside,
    "--from",
    "late@elsewhere.example",
    "--to",
    to,
  ]);
  const daemon = await startIn(scene.daemon.folder, scene.daemon.configFile);
  scene = { ...scene, daemon };
  await scene.postfix.flush();
  taken += 1;
  await scene.sink.received(taken);
  assert.match(scene.sink.mails.at(-1)?.mail ?? "", /late@elsewhere\.example/);
  assert.equal(scene.sink.mails.length, taken, "nothing came twice");
});
