// What Postfix makes of our answers where it asks before it queues: smtpd_proxy_filter with and without speed_adjust, and a milter
// at a unix socket that a smtpd in its chroot reaches. Refusals reach the client, each recipient gets what is his, DSN requests
// and the client's address come through.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { createTestKey, type DaemonProcess, startDaemonProcess } from "../support/daemon.ts";
import { startFakeDns } from "../support/fake-dns.ts";
import { type FakeNextHop, type ReceivedMail, startFakeNextHop } from "../support/fake-next-hop.ts";
import { freePort } from "../support/free-port.ts";
import { after, before, test } from "../support/limited.ts";
import { skipWithout } from "../support/peers.ts";
import { type Postfix, postfixMissing, startPostfix } from "../support/postfix.ts";
import { greetedClient } from "../support/smtp-client.ts";

const run = promisify(execFile);
const skip = skipWithout(await postfixMissing());
const [inside, outside] = ["127.0.0.2", "127.0.0.3"];

const doors = ["proxy", "proxy with speed_adjust", "milter in a chroot"] as const;
type Door = (typeof doors)[number];

let daemon: DaemonProcess;
let sink: FakeNextHop;
let postfix: Postfix;
let ports: Readonly<Record<Door, number>>;
const closers: (() => Promise<unknown>)[] = [];

before(async () => {
  if (skip !== false) return;
  const key = createTestKey("rsa");
  sink = await startFakeNextHop();
  const dns = await startFakeDns({ "_dmarc.strict.example": { TXT: ["v=DMARC1; p=reject"] } });
  const free = await Promise.all(Array.from({ length: 7 }, freePort));
  const [smtpd = 0, filter = 0, backIncoming = 0, backOriginating = 0, plain = 0, adjusted = 0, chrooted = 0] = free;
  ports = { proxy: plain, "proxy with speed_adjust": adjusted, "milter in a chroot": chrooted };
  const back = { incoming: filter, originating: filter, backIncoming, backOriginating };
  postfix = await startPostfix({ smtpd, ...back, sink: sink.port }, `${inside}/32`, "ipv4", [
    "smtpd_sender_restrictions=",
  ]);
  // Where a smtpd in its chroot, the queue folder, can see it.
  const place = join(postfix.folder, "queue", "signpost");
  await mkdir(place);
  daemon = await startDaemonProcess(`
myhostname: mail.example.com
local_domains_maps: [[.example.com]]
mynetworks: [${inside}/32]
enable_dkim_verification: true
enable_dmarc_verification: true
final_dmarc_destiny: D_REJECT
final_banned_destiny: D_REJECT
banned_filename_re: [["(?i)\\\\.exe$", true]]
banned_files_lovers_maps: [["lover@example.com"]]
recipient_delimiter: "+"
addr_extension_banned_maps: [banned]
enable_dkim_signing: true
dkim_keys: [{ domain: example.com, selector: r, key: ${JSON.stringify(key.pem)} }]
inet_socket_port: [${filter}]
forward_method: "smtp:[127.0.0.1]:${backIncoming}"
notify_method: "smtp:[127.0.0.1]:${backIncoming}"
unix_socket_mode: 0666
milter_listen: [{ address: ${join(place, "milter.sock")} }]
dns: { servers: ["127.0.0.1:${dns.server.port}"] }
spool: { dir: "@FOLDER@", free_space: 1M }
`);
  closers.push(
    () => daemon.stop(),
    () => postfix.stop(),
    () => sink.close(),
    () => dns.close(),
  );
  const alone = ["-o content_filter=", "-o smtpd_sender_restrictions="];
  const service = (port: number, chroot: "y" | "n", options: readonly string[]) =>
    `127.0.0.1:${port}/inet=127.0.0.1:${port} inet n - ${chroot} - - smtpd ${[...options, ...alone].join(" ")}`;
  const proxied = `-o smtpd_proxy_filter=127.0.0.1:${filter}`;
  const asked = ["-o smtpd_milters=unix:signpost/milter.sock", "-o milter_default_action=tempfail"];
  await run("/usr/sbin/postconf", [
    ...["-c", postfix.config, "-M"],
    service(plain, "n", [proxied]),
    service(adjusted, "n", [proxied, "-o smtpd_proxy_options=speed_adjust"]),
    service(chrooted, "y", asked),
  ]);
  await run("/usr/sbin/postfix", ["-c", postfix.config, "reload"]);
});

after(async () => {
  for (const close of closers) await close();
});

interface Sending {
  readonly client?: string;
  readonly from?: string;
  readonly author?: string;
  readonly to: readonly string[];
  readonly body?: string;
  /** With requests of RFC 3461. */
  readonly dsn?: true;
}

let sent = 0;

/** The reply to the final dot, and the subject that tells the mail from others. A reload may be under way: the port opens soon. */
async function send(
  door: Door,
  { client = outside, from = "x@elsewhere.example", author = from, to, body = "Hi.\r\n", dsn }: Sending,
) {
  sent += 1;
  const subject = `Subject: mail ${sent} by the ${door}\r\n`;
  const smtp = await greetedClient(ports[door], client);
  await smtp.ask("EHLO client.example");
  assert.match(await smtp.ask(`MAIL FROM:<${from}>${dsn ? " RET=HDRS ENVID=QQ314159" : ""}`), /^250/);
  for (const address of to) {
    const asks = dsn ? ` NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;Joe+2B${address}` : "";
    assert.match(await smtp.ask(`RCPT TO:<${address}>${asks}`), /^250/);
  }
  assert.match(await smtp.ask("DATA"), /^354/);
  const date = "Date: Sun, 29 Nov 2026 10:00:00 +0000\r\n";
  smtp.socket.write(
    `From: ${author}\r\nTo: all@example.com\r\n${subject}${date}Message-ID: <${sent}@x>\r\n${body.startsWith("MIME") ? "" : "\r\n"}${body}`,
  );
  const reply = await smtp.ask(".");
  smtp.socket.destroy();
  return { reply, subject };
}

/** A notification has the header of the mail that it is about. */
async function arrivedWith(text: string, kind: "mail" | "notification" = "mail"): Promise<ReceivedMail> {
  for (;;) {
    const found = sink.mails.find(
      ({ octets, mail }) => octets.includes(text) && mail.includes("<>") === (kind === "notification"),
    );
    if (found !== undefined) return found;
    await sink.received(sink.mails.length + 1);
  }
}

const program = `MIME-Version: 1.0\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename="a.exe"\r\n\r\nx\r\n`;

for (const door of doors) {
  test(`by the ${door}: mail from outside arrives with our results, its client is known, DSN requests are kept`, {
    skip,
  }, async () => {
    const to = `told${sent}@example.com`;
    const { reply, subject } = await send(door, { to: [to], dsn: true });
    assert.match(reply, /^250 2\.0\.0/);
    const { mail, rcpts, octets } = await arrivedWith(subject);
    assert.match(octets.toString("latin1"), /^Authentication-Results: mail\.example\.com;\r\n\tdkim=none/m);
    assert.match(mail, /RET=HDRS.*ENVID=QQ314159|ENVID=QQ314159.*RET=HDRS/);
    assert.match(String(rcpts), /ORCPT=rfc822;Joe\+2Btold\d+@example\.com NOTIFY=SUCCESS,FAILURE/);
    assert.match(await daemon.line(`-> <${to}>`), new RegExp(`\\[${outside}\\]`));
  });

  test(`by the ${door}: mail of ours is signed`, { skip }, async () => {
    const { reply, subject } = await send(door, { client: inside, from: "a@example.com", to: ["b@elsewhere.example"] });
    assert.match(reply, /^250 2\.0\.0/);
    assert.match(
      (await arrivedWith(subject)).octets.toString("latin1"),
      /^DKIM-Signature: v=1; a=rsa-sha256;.*d=example\.com/m,
    );
  });

  test(`by the ${door}: what is refused is refused to the client, in our words`, { skip }, async () => {
    const forged = await send(door, { from: "x@strict.example", to: ["b@example.com", "c@example.com"] });
    assert.match(forged.reply, /^550 5\.7\.26 Reject, id=\S+.*rejected by the DMARC policy of strict\.example/);
    const banned = await send(door, { to: ["b@example.com"], body: program });
    assert.match(banned.reply, /^554 5\.7\.0 Reject, id=\S+ - BANNED: .*a\.exe/);
    assert.equal(
      sink.mails.some(({ octets }) => octets.includes(forged.subject) || octets.includes(banned.subject)),
      false,
    );
  });

  test(`by the ${door}: one reply for recipients with different fates, and each gets what is his`, {
    skip,
  }, async () => {
    const sender = `sender${sent}@example.com`;
    const { reply, subject } = await send(door, {
      client: inside,
      from: sender,
      to: ["b@example.com", "lover@example.com"],
      body: program,
    });
    assert.match(reply, /^250 2\.0\.0/);
    const { rcpts } = await arrivedWith(subject);
    assert.equal(rcpts.length, 1);
    assert.match(String(rcpts), /<lover\+banned@example\.com>/);
    // The one who does not get it is told of to the sender.
    const dsn = await arrivedWith(`To: <${sender}>`, "notification");
    assert.match(dsn.octets.toString("latin1"), /^Content-Type: multipart\/report/m);
    assert.match(dsn.octets.toString("latin1"), /^Final-Recipient: rfc822; ?b@example\.com/im);
    assert.equal(sink.mails.filter(({ octets, mail }) => octets.includes(subject) && !mail.includes("<>")).length, 1);
  });
}

test("without the filter no door takes mail: the client keeps it", { skip }, async () => {
  assert.equal(await daemon.stop(), 0);
  closers.shift();
  for (const door of doors) {
    const smtp = await greetedClient(ports[door], inside);
    await smtp.ask("EHLO client.example");
    let reply = await smtp.ask("MAIL FROM:<a@example.com>");
    if (reply.startsWith("250")) reply = await smtp.ask("RCPT TO:<b@elsewhere.example>");
    if (reply.startsWith("250")) reply = await smtp.ask("DATA");
    if (reply.startsWith("354")) {
      smtp.socket.write("From: a@example.com\r\n\r\nHi.\r\n");
      reply = await smtp.ask(".");
    }
    assert.match(reply, /^4/, door);
    smtp.socket.destroy();
  }
});
