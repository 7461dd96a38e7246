// Mail that is hard on signatures, by each door that Postfix has for a filter (content filter, proxy, milter), and on through a
// hop without 8BITMIME that keeps lines to 998 octets, and one that folds the header anew. Mail::DKIM and dkimpy are the judges of
// what arrives. To the content filter and back it goes under TLS, after a login.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createCertificates } from "../support/certificates.ts";
import { createTestKey, type DaemonProcess, startDaemonProcess } from "../support/daemon.ts";
import { type PeerVerdict, peers } from "../support/dkim-peers.ts";
import { startFakeDns } from "../support/fake-dns.ts";
import { type FakeNextHop, postfixKeywords, type ReceivedMail, startFakeNextHop } from "../support/fake-next-hop.ts";
import { freePort } from "../support/free-port.ts";
import { after, beforeAtLength, test } from "../support/limited.ts";
import { skipWithout } from "../support/peers.ts";
import { type Postfix, postfixMissing, startPostfix } from "../support/postfix.ts";
import { greetedClient } from "../support/smtp-client.ts";

const run = promisify(execFile);
const judges = peers.filter(({ name }) => name === "Mail::DKIM" || name === "dkimpy");
const missing = await Promise.all(judges.map((peer) => peer.missing()));
const skip = skipWithout((await postfixMissing()) ?? missing.find((reason) => reason !== undefined));
const inside = "127.0.0.2";

const doors = ["content filter", "proxy", "milter"] as const;
type Door = (typeof doors)[number];

interface Nasty {
  readonly name: string;
  /** Below From, To, Subject, Date and Message-ID; one character per octet. */
  readonly header?: string;
  readonly body: string;
  readonly sender?: string;
  readonly recipients?: number;
  /** The last octets of the body have no line end: only BDAT can say so. */
  readonly open?: true;
  /** What of it cannot be mended, as the log says it; the others verify at their end. */
  readonly breaks?: RegExp;
}

const mime = "MIME-Version: 1.0\r\n";
const utf8 = `${mime}Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n`;
const umlauts = "Gr\xc3\xbc\xc3\x9fe aus M\xc3\xbcnchen, with = and trailing blanks  \r\n.\r\n..dots\r\n";
const attachment = `${Buffer.alloc(57, 0xa5).toString("base64")}\r\n`.repeat(400_000);

const largest: Nasty = {
  name: "30 MB",
  header: `${mime}Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n`,
  body: attachment,
};

const nasty: readonly Nasty[] = [
  { name: "8-bit text", header: utf8, body: umlauts },
  { name: "8-bit text without MIME", body: umlauts },
  {
    name: "References of 1,600 octets",
    header: `References: ${"<0123456789@example.com> ".repeat(64)}<1@x>\r\n`,
    body: "x\r\n",
  },
  {
    name: "a line of 3,000 octets",
    header: `${mime}Content-Type: text/plain\r\n`,
    body: `${"word ".repeat(600)}end\r\n`,
  },
  {
    name: "8-bit text, a long line and 8-bit octets of no type within a multipart",
    header: `${mime}Content-Type: multipart/mixed; boundary=b\r\n`,
    body: `--b\r\n${utf8.slice(mime.length)}\r\n${umlauts}\r\n--b\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\x80\x81${"\xff".repeat(1200)}\r\n--b--\r\n`,
  },
  { name: "a bare CR", body: "one\rtwo\r\n" },
  { name: "no final newline", body: "the end", open: true },
  { name: "an empty body", body: "" },
  { name: "the null sender", body: "x\r\n", sender: "" },
  { name: "500 recipients", body: "x\r\n", recipients: 500 },
  largest,
  {
    name: "a signed multipart with 8-bit text",
    header: `${mime}Content-Type: multipart/signed; boundary=b\r\n`,
    body: `--b\r\n${utf8.slice(mime.length)}\r\n${"\xc3\xa4\r\n"}\r\n--b\r\nContent-Type: application/pgp-signature\r\n\r\nx\r\n--b--\r\n`,
    breaks: /would_break=1:8-bit:signed/,
  },
];

let daemon: DaemonProcess;
let sink: FakeNextHop;
let postfix: Postfix;
let ports: Readonly<Record<Door, number>>;
const verdicts = new Map<string, readonly PeerVerdict[]>();
const closers: (() => Promise<unknown>)[] = [];
const subjectOf = (door: Door, { name }: Nasty) => `${door}: ${name}`;

beforeAtLength(async () => {
  if (skip !== false) return;
  const key = createTestKey("rsa");
  sink = await startFakeNextHop({ keywords: postfixKeywords.filter((keyword) => !keyword.startsWith("SIZE")) });
  const dns = await startFakeDns({ "r._domainkey.example.com": { TXT: [key.record] } });
  const [incoming, originating, proxied, milter] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
  ];
  const back = { backIncoming: await freePort(), backOriginating: await freePort() };
  const folder = await mkdtemp(join(tmpdir(), "signpost-nasty-"));
  closers.push(() => rm(folder, { recursive: true, force: true }));
  const tls = await createCertificates(folder, "DNS:mx.example.com");
  ports = { "content filter": await freePort(), proxy: await freePort(), milter: await freePort() };
  daemon = await startDaemonProcess(`
myhostname: mail.example.com
local_domains_maps: [[.example.com]]
enable_dkim_signing: true
dkim_keys: [{ domain: example.com, selector: r, key: ${JSON.stringify(key.pem)} }]
dkim_signature_options_bysender_maps: [{ ".": { c: relaxed/simple } }]
inet_socket_port: [${incoming}, ${originating}, ${proxied}]
forward_method: "smtp:[127.0.0.1]:${back.backOriginating}"
notify_method: "smtp:[127.0.0.1]:${back.backOriginating}"
amavis_auth_user: postfix
amavis_auth_pass: secret
smtpd_tls_cert_file: ${tls.certificateFile}
smtpd_tls_key_file: ${tls.keyFile}
smtp_tls_CAfile: ${tls.authorityFile}
interface_policy: { "${originating}": "ORIGINATING, SECURE", "${proxied}": ORIGINATING }
milter_listen: [{ address: "127.0.0.1:${milter}", bank: ORIGINATING }]
policy_bank:
  ORIGINATING: { originating: true, smtpd_discard_ehlo_keywords: [8BITMIME] }
  SECURE:
    tls_security_level_in: encrypt
    tls_security_level_out: encrypt
    smtp_tls_servername: mx.example.com
    auth_required_inp: true
    auth_mech_avail: [PLAIN, LOGIN]
dns: { servers: ["127.0.0.1:${dns.server.port}"] }
spool: { dir: "@FOLDER@", free_space: 1M }
`);
  const filtered = { incoming, originating, ...back, sink: sink.port, smtpd: ports["content filter"] };
  postfix = await startPostfix(filtered, `${inside}/32`, "ipv4", [
    "smtp_discard_ehlo_keywords=8bitmime,smtputf8",
    "smtpd_recipient_limit=1000",
    "smtp_destination_recipient_limit=1000",
    "amavisfeed_destination_recipient_limit=1000",
    `smtpd_tls_cert_file=${tls.certificateFile}`,
    `smtpd_tls_key_file=${tls.keyFile}`,
    "smtp_tls_loglevel=1",
    "smtpd_tls_loglevel=1",
  ]);
  closers.push(
    () => postfix.stop(),
    async () => assert.equal(await daemon.stop(), 0),
    () => sink.close(),
    () => dns.close(),
  );
  const plain = ["-o content_filter=", "-o smtpd_sender_restrictions="];
  const proxyOptions = [`-o smtpd_proxy_filter=127.0.0.1:${proxied}`, "-o smtpd_proxy_options=speed_adjust", ...plain];
  const milterOptions = [`-o smtpd_milters=inet:127.0.0.1:${milter}`, "-o milter_default_action=tempfail", ...plain];
  const service = (port: number, options: readonly string[]) =>
    `127.0.0.1:${port}/inet=127.0.0.1:${port} inet n - n - - smtpd ${options.join(" ")}`;
  const services = [service(ports.proxy, proxyOptions), service(ports.milter, milterOptions)];
  await run("/usr/sbin/postconf", ["-c", postfix.config, "-M", ...services]);
  const secured = [
    "amavisfeed/unix/smtp_tls_security_level=encrypt",
    "amavisfeed/unix/smtp_sasl_auth_enable=yes",
    "amavisfeed/unix/smtp_sasl_password_maps=static:postfix:secret",
    "amavisfeed/unix/smtp_sasl_security_options=noanonymous",
    `127.0.0.1:${back.backOriginating}/inet/smtpd_tls_security_level=may`,
  ];
  await run("/usr/sbin/postconf", ["-c", postfix.config, "-P", ...secured]);
  await run("/usr/sbin/postfix", ["-c", postfix.config, "reload"]);
  await Promise.all(doors.map((door) => sendAll(door)));
  await arrivals();
  const about = {
    folder: daemon.folder,
    dns,
    keys: [{ algorithm: "rsa-sha256", domain: "example.com", selector: "r", key }],
  } as const;
  const all = [...(await files("as-it-came")), ...(await files("refolded"))];
  // Seconds for each of them: dkimpy has the large one of one door.
  const large = doors.map((door) => fileOf(door, largest)).slice(1);
  await Promise.all(
    judges.map(async (judge) => {
      const given = judge.name === "dkimpy" ? all.filter((file) => !large.includes(file)) : all;
      for (const [file, results] of await judge.verify(given, about)) verdicts.set(`${judge.name} ${file}`, results);
    }),
  );
});

after(async () => {
  for (const close of closers) await close();
});

function messageOf(door: Door, mail: Nasty): Buffer {
  const { header = "", body } = mail;
  const subject = subjectOf(door, mail);
  const head = `From: a@example.com\r\nTo: b@elsewhere.example\r\nSubject: ${subject}\r\nDate: Sun, 29 Nov 2026 10:00:00 +0000\r\n`;
  return Buffer.from(
    `${head}Message-ID: <${subject.replaceAll(/\W/g, "-")}@example.com>\r\n${header}\r\n${body}`,
    "latin1",
  );
}

/** Over one connection, from a client of our network. A reload of Postfix may be under way: the port opens soon. */
async function sendAll(door: Door): Promise<void> {
  const client = await greetedClient(ports[door], inside);
  client.send("EHLO client.example\r\n");
  const offers = (await client.reply()).map((line) => line.slice(4).toUpperCase());
  for (const mail of nasty) {
    const { sender = "a@example.com", recipients = 1, open } = mail;
    const octets = messageOf(door, mail);
    const eightBit = offers.includes("8BITMIME") && octets.some((octet) => octet > 127) ? " BODY=8BITMIME" : "";
    assert.match(await client.ask(`MAIL FROM:<${sender}>${eightBit}`), /^250/, mail.name);
    for (let place = 0; place < recipients; place += 1) {
      assert.match(await client.ask(`RCPT TO:<b${place}@elsewhere.example>`), /^250/, mail.name);
    }
    if (open && offers.includes("CHUNKING")) {
      client.socket.write(`BDAT ${octets.length} LAST\r\n`);
      client.socket.write(octets);
      assert.match(String(await client.reply()), /^250/, `${door}: ${mail.name}`);
      continue;
    }
    assert.match(await client.ask("DATA"), /^354/, mail.name);
    const dotted =
      octets.indexOf("\n.") === -1 ? octets : Buffer.from(octets.toString("latin1").replace(/^\./gm, ".."), "latin1");
    if (!client.socket.write(dotted)) await once(client.socket, "drain");
    assert.match(
      await client.ask(mail.body.endsWith("\r\n") || mail.body === "" ? "." : "\r\n."),
      /^250/,
      `${door}: ${mail.name}`,
    );
  }
  client.socket.destroy();
}

function arrived(door: Door, mail: Nasty): readonly ReceivedMail[] {
  const subject = `Subject: ${subjectOf(door, mail)}\r\n`;
  return sink.mails.filter(({ octets }) => octets.subarray(0, 8192).includes(subject));
}

/** Resolves when every mail has reached all its recipients. */
async function arrivals(): Promise<void> {
  const wanted = doors.flatMap((door) => nasty.map((mail) => [door, mail] as const));
  const isThere = ([door, mail]: readonly [Door, Nasty]) =>
    arrived(door, mail).reduce((count, { rcpts }) => count + rcpts.length, 0) >= (mail.recipients ?? 1);
  while (!wanted.every(isThere)) await sink.received(sink.mails.length + 1);
}

/** What a mail went through behind Postfix. */
type Hop = "as-it-came" | "refolded";

/** The large one takes seconds, and its body is what is special. */
const isJudged = (mail: Nasty, hop: Hop) => hop === "as-it-came" || mail !== largest;

const fileOf = (door: Door, mail: Nasty, hop: Hop = "as-it-came") =>
  join(daemon.folder, `${doors.indexOf(door)}-${nasty.indexOf(mail)}-${hop}.eml`);

async function files(hop: Hop): Promise<readonly string[]> {
  const all = doors.flatMap((door) => nasty.filter((mail) => isJudged(mail, hop)).map((mail) => [door, mail] as const));
  for (const [door, mail] of all) {
    const octets = arrived(door, mail)[0]?.octets ?? Buffer.alloc(0);
    await writeFile(fileOf(door, mail, hop), hop === "refolded" ? refolded(octets) : octets);
  }
  return all.map(([door, mail]) => fileOf(door, mail, hop));
}

/** As gateways do that write the header anew: every field unfolded, then folded at its blanks before column 78. */
function refolded(octets: Buffer): Buffer {
  const end = octets.indexOf("\r\n\r\n");
  const fields = octets
    .toString("latin1", 0, end)
    .split(/\r\n(?![ \t])/)
    .map((field) => field.replaceAll("\r\n", "").replace(/(.{20,77})(?=[ \t]+[^ \t])/g, "$1\r\n"));
  return Buffer.concat([Buffer.from(fields.join("\r\n"), "latin1"), octets.subarray(end)]);
}

for (const door of doors) {
  for (const [hop, title] of [
    ["as-it-came", "a hop without 8BITMIME"],
    ["refolded", "that one and one that refolds the header"],
  ] as const) {
    test(`nasty mail by the ${door} verifies behind ${title}`, { skip }, () => {
      for (const mail of nasty) {
        if (mail.breaks !== undefined || !isJudged(mail, hop)) continue;
        for (const { name } of judges) {
          if (name === "dkimpy" && mail === largest && door !== doors[0]) continue;
          const found = verdicts.get(`${name} ${fileOf(door, mail, hop)}`);
          assert.deepEqual(found, [{ selector: "r", result: "pass" }], `${name} on ${mail.name}`);
        }
      }
    });
  }

  test(`the header of what leaves by the ${door} is another one behind the hop that refolds`, { skip }, () => {
    for (const mail of nasty) {
      const octets = arrived(door, mail)[0]?.octets ?? Buffer.alloc(0);
      assert.ok(!refolded(octets).equals(octets), mail.name);
    }
  });

  test(`what leaves by the ${door} is 7-bit, in lines that SMTP has`, { skip }, () => {
    for (const mail of nasty) {
      if (mail.breaks !== undefined || mail === largest) continue;
      const text = String(arrived(door, mail)[0]?.octets.toString("latin1"));
      assert.ok(/^[\x00-\x7f]*$/.test(text), mail.name);
      assert.ok(
        text.split("\r\n").every((line) => line.length <= 998),
        mail.name,
      );
    }
  });
}

test("what cannot be mended is told before", { skip }, () => {
  for (const mail of nasty) {
    const { breaks } = mail;
    if (breaks === undefined) continue;
    const told = daemon.lines.filter((line) => breaks.test(line));
    // By the content filter Postfix has converted it before we see it, and broken the sender's seal itself.
    assert.ok(told.length >= 2, `${told.length} of ${daemon.lines.length} lines`);
  }
});

test("Postfix logs in at the filter, and both speak TLS with each other, there and back", { skip }, async () => {
  const log = await postfix.log();
  assert.match(log, /TLS connection established to 127\.0\.0\.1\[127\.0\.0\.1\]:\d+: TLSv1\.3/);
  assert.match(log, /TLS connection established from localhost\[127\.0\.0\.1\]: TLSv1\.3/);
  const received = String(arrived("content filter", largest)[0]?.octets.subarray(0, 4096));
  assert.match(received.replaceAll(/\r\n\s+/g, " "), /\(signpost, port \d+\) with ESMTPSA id/);
});
