// A real Postfix with signpost as its milter, by the lines of docs/milter.md; Mail::DKIM is the judge of what arrives.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { createTestKey, type DaemonProcess, startDaemonProcess } from "../support/daemon.ts";
import { documentBlocks } from "../support/document-blocks.ts";
import { type FakeDns, startFakeDns } from "../support/fake-dns.ts";
import { type FakeNextHop, startFakeNextHop } from "../support/fake-next-hop.ts";
import { freePort } from "../support/free-port.ts";
import { after, before, test } from "../support/limited.ts";
import { skipWithout } from "../support/peers.ts";
import { type Postfix, postfixMissing, startPostfix } from "../support/postfix.ts";

const run = promisify(execFile);
const skip = skipWithout(await postfixMissing());
const inside = "127.0.0.2";
const outside = "127.0.0.3";

let daemon: DaemonProcess;
let sink: FakeNextHop;
let dns: FakeDns;
let postfix: Postfix;
let smtpd: number;
let taken = 0;
const closers: (() => Promise<unknown>)[] = [];

before(async () => {
  if (skip !== false) return;
  const [port, milter, unused] = [await freePort(), await freePort(), await freePort()];
  smtpd = port;
  const key = createTestKey("rsa");
  sink = await startFakeNextHop();
  dns = await startFakeDns({
    "r._domainkey.example.com": { TXT: [key.record] },
    "_dmarc.strict.example": { TXT: ["v=DMARC1; p=reject"] },
  });
  daemon = await startDaemonProcess(`
myhostname: mail.example.com
local_domains_maps: [[.example.com]]
mynetworks: ["${inside}/32", 127.0.0.1/32]
enable_dkim_verification: true
enable_dmarc_verification: true
final_dmarc_destiny: D_REJECT
final_bad_header_destiny: D_DISCARD
bad_header_quarantine_method: "hold:"
enable_dkim_signing: true
dkim_keys: [{ domain: example.com, selector: r, key: ${JSON.stringify(key.pem)} }]
inet_socket_port: []
milter_listen: [{ address: "127.0.0.1:${milter}" }]
dns: { servers: ["127.0.0.1:${dns.server.port}"] }
`);
  const lines = (await documentBlocks("milter.md"))("main.cf")
    .replaceAll("127.0.0.1:8891", `127.0.0.1:${milter}`)
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  const ports = {
    incoming: unused,
    originating: unused,
    backIncoming: await freePort(),
    backOriginating: await freePort(),
  };
  postfix = await startPostfix({ smtpd, ...ports, sink: sink.port }, `${inside}/32`, "ipv4", [
    "content_filter=",
    "smtpd_sender_restrictions=",
    ...lines,
  ]);
  closers.push(
    () => postfix.stop(),
    async () => assert.equal(await daemon.stop(), 0),
    () => sink.close(),
    () => dns.close(),
  );
});

after(async () => {
  for (const close of closers) await close();
});

/** Sends with swaks; resolves to what it printed, or rejects with that. */
async function swaks(client: string, from: string, to: string, data: string): Promise<string> {
  const file = join(postfix.folder, "mail.eml");
  await writeFile(file, Buffer.from(`${data}.\r\n`, "latin1"));
  const options = [
    ...["--server", "127.0.0.1", "--port", String(smtpd), "--local-interface", client, "--helo", "client.example"],
    ...["--from", from, "--to", to, "--data", `@${file}`, "--no-data-fixup"],
  ];
  const { stdout } = await run("swaks", options, { maxBuffer: 2 ** 24 });
  return stdout;
}

async function arrived(): Promise<string> {
  taken += 1;
  await sink.received(taken);
  return sink.mails[taken - 1]?.octets.toString("latin1") ?? "";
}

async function mailDkim(text: string): Promise<string> {
  const file = join(daemon.folder, "arrived.eml");
  await writeFile(file, Buffer.from(text, "latin1"));
  const program = `
    use Mail::DKIM::Verifier; use Mail::DKIM::DNS; use Net::DNS;
    Mail::DKIM::DNS::resolver(Net::DNS::Resolver->new(nameservers => ['127.0.0.1'], port => ${dns.server.port}));
    my $v = Mail::DKIM::Verifier->new; open(my $f, '<', $ARGV[0]) or die; binmode $f;
    while (<$f>) { $v->PRINT($_) } $v->CLOSE; print $v->result_detail;`;
  return (await run("/usr/bin/perl", ["-e", program, file])).stdout;
}

const head = (from: string, to: string) =>
  `From: ${from}\r\nTo: ${to}\r\nSubject: a\r\n\tfolded  subject\r\nDate: Sun, 29 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@x>\r\n`;

const bodies: readonly (readonly [title: string, body: string])[] = [
  ["a plain body", "Hello there.\r\n"],
  ["dots, blank lines and trailing blanks", "..one\r\n.\tx \r\n\r\n\r\nlast  \r\n\r\n\r\n"],
  ["8-bit octets", "Gr\xfc\xdfe\r\n"],
  ["no body at all", ""],
  ["three megabytes", `${"0123456789abcdef".repeat(60)}\r\n`.repeat(3200)],
];

for (const [title, body] of bodies) {
  test(`mail of our own is signed so that it verifies at its end: ${title}`, { skip }, async () => {
    const dotted = body.replace(/^\./gm, "..");
    await swaks(
      inside,
      "a@example.com",
      "b@elsewhere.example",
      `${head("a@example.com", "b@elsewhere.example")}\r\n${dotted}`,
    );
    const text = await arrived();
    assert.match(text, /^DKIM-Signature: v=1; a=rsa-sha256;/m);
    assert.equal(await mailDkim(text), "pass");
    assert.match(text, /^Subject: a\r\n\tfolded {2}subject\r$/m);
  });
}

test("mail that a command of the machine hands over is ours, and signed", { skip }, async () => {
  const mail = `${head("a@example.com", "b@elsewhere.example")}\r\nHi from cron.\r\n`.replaceAll("\r\n", "\n");
  const seen = daemon.lines.length;
  const sending = run("/usr/sbin/sendmail", ["-C", postfix.config, "-f", "a@example.com", "b@elsewhere.example"]);
  sending.child.stdin?.end(mail);
  await sending;
  const text = await arrived();
  assert.match(text, /^DKIM-Signature: v=1; a=rsa-sha256;/m);
  assert.equal(await mailDkim(text), "pass");
  assert.match(await daemon.line("Passed CLEAN", seen), /127\.0\.0\.1/);
});

test("mail from outside gets our results on top, and none in our name from elsewhere", { skip }, async () => {
  const forged = "Authentication-Results: mail.example.com; dkim=pass header.d=bank.example\r\n";
  await swaks(
    outside,
    "x@elsewhere.example",
    "b@example.com",
    `${forged}${head("x@elsewhere.example", "b@example.com")}\r\nHi.\r\n`,
  );
  const text = await arrived();
  assert.doesNotMatch(text, /bank\.example/);
  assert.match(text, /^Authentication-Results: mail\.example\.com;\r\n\tdkim=none/m);
  const line = await daemon.line("Passed CLEAN {RelayedInbound}");
  assert.match(line, new RegExp(`\\[${outside.replaceAll(".", "\\.")}\\]`));
});

test("what is refused is refused to the client, within its session", { skip }, async () => {
  const mail = `${head("x@strict.example", "b@example.com")}\r\nHi.\r\n`;
  const told = await swaks(outside, "x@strict.example", "b@example.com", mail).catch(({ stdout }) => String(stdout));
  assert.match(told, /<\*\* 550 5\.7\.26 Reject, id=.* rejected by the DMARC policy of strict\.example/);
});

test("what would be discarded is held in the queue, and released as it would have been delivered", {
  skip,
}, async () => {
  const undated = head("x@elsewhere.example", "b@example.com").replace(/^Date:.*\r\n/m, "");
  await swaks(outside, "x@elsewhere.example", "b@example.com", `${undated}\r\nHi.\r\n`);
  const line = await daemon.line("Passed BAD-HEADER-7");
  assert.match(line, /\{RelayedInbound,Quarantined\}.*, quarantine: hold,/);
  const [id = "", ...others] = await postfix.held();
  assert.deepEqual(others, []);
  assert.equal(sink.mails.length, taken, "nobody has it");
  await postfix.unhold(id);
  const text = await arrived();
  assert.match(text, /^Authentication-Results: mail\.example\.com;\r\n\tdkim=none/m);
  assert.match(text, /^X-Amavis-Alert: BAD HEADER/m);
  assert.doesNotMatch(text, /^X-Quarantine-ID/m);
});

test("a signed mail that comes in verifies", { skip }, async () => {
  await swaks(inside, "a@example.com", "b@example.com", `${head("a@example.com", "b@example.com")}\r\nHi.\r\n`);
  const signed = await arrived();
  const own = signed.slice(signed.indexOf("DKIM-Signature:"));
  await swaks(outside, "a@example.com", "b@example.com", own.replace(/^\./gm, ".."));
  const text = await arrived();
  assert.match(text, /dkim=pass \(2048-bit key\) header\.d=example\.com|dkim=pass[^;]*header\.d=example\.com/);
});

test("without the filter a mail is put off, never lost nor let through unsigned", { skip }, async () => {
  assert.equal(await daemon.stop(), 0);
  closers.splice(1, 1);
  const mail = `${head("a@example.com", "b@elsewhere.example")}\r\nHi.\r\n`;
  const told = await swaks(inside, "a@example.com", "b@elsewhere.example", mail).catch(({ stdout }) => String(stdout));
  assert.match(told, /<\*\* 451 4\.7\.1 Service unavailable/);
});
