// TLS and logins on the real daemon, in and out, against clients and next hops that others wrote (Node's TLS, smtp-server).
import assert from "node:assert/strict";
import { once } from "node:events";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { SMTPServer } from "smtp-server";
import { type Certificates, createCertificates } from "../support/certificates.ts";
import { type DaemonProcess, startDaemonProcess } from "../support/daemon.ts";
import { type FakeNextHop, startFakeNextHop } from "../support/fake-next-hop.ts";
import { mailText, submit } from "../support/filter.ts";
import { freePort } from "../support/free-port.ts";
import { after, before, test } from "../support/limited.ts";
import { type SmtpClient, smtpClient, smtpClientOn } from "../support/smtp-client.ts";

type Door = "may" | "encrypt" | "implicit" | "login" | "toTls" | "toPlain" | "toWrongName" | "toImplicit" | "toBroken";
const doorNames: readonly Door[] = [
  "may",
  "encrypt",
  "implicit",
  "login",
  "toTls",
  "toPlain",
  "toWrongName",
  "toImplicit",
  "toBroken",
];

let folder: string;
let certificates: Certificates;
let daemon: DaemonProcess;
let plainHop: FakeNextHop;
let brokenHop: FakeNextHop;
let ports: Readonly<Record<Door, number>>;
const taken: string[] = [];
const closers: (() => Promise<unknown>)[] = [];

/** Takes mail under TLS from who has logged in, and notes it. */
async function startTlsHop(isImplicit: boolean): Promise<number> {
  const server = new SMTPServer({
    key: certificates.key,
    cert: certificates.certificate,
    secure: isImplicit,
    authMethods: ["PLAIN", "LOGIN"],
    onAuth: ({ username, password }, _session, done) =>
      username === "filter" && password === "secret" ? done(null, { user: username }) : done(new Error("no")),
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        taken.push(`${session.secure} ${session.user} ${Buffer.concat(chunks)}`);
        done();
      });
    },
  });
  server.on("error", () => undefined);
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  closers.push(() => new Promise<void>((resolve) => server.close(resolve)));
  return port;
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "signpost-tls-"));
  closers.push(() => rm(folder, { recursive: true, force: true }));
  certificates = await createCertificates(folder, "DNS:mail.example.com,IP:127.0.0.1");
  const [tls, implicit] = [await startTlsHop(false), await startTlsHop(true)];
  plainHop = await startFakeNextHop();
  // Offers STARTTLS, and talks nonsense when it comes to that.
  brokenHop = await startFakeNextHop({
    keywords: ["PIPELINING", "STARTTLS"],
    script: ({ line }) => (line === "STARTTLS" ? { reply: "220 go", end: "close" } : undefined),
  });
  closers.push(
    () => plainHop.close(),
    () => brokenHop.close(),
  );
  const all = new Map<Door, number>();
  for (const name of doorNames) all.set(name, await freePort());
  const port = (name: Door) => all.get(name) ?? 0;
  ports = Object.fromEntries(all) as Record<Door, number>;
  daemon = await startDaemonProcess(`
myhostname: mail.example.com
inet_socket_port: [${[...all.values()].join(", ")}]
enable_dkim_verification: false
smtpd_tls_cert_file: ${certificates.certificateFile}
smtpd_tls_key_file: ${certificates.keyFile}
smtp_tls_CAfile: ${certificates.authorityFile}
amavis_auth_user: filter
amavis_auth_pass: secret
forward_method: "smtp:[127.0.0.1]:${plainHop.port}"
notify_method: "smtp:[127.0.0.1]:${plainHop.port}"
interface_policy: { ${doorNames.map((name) => `"${port(name)}": ${name}`).join(", ")} }
policy_bank:
  may: { tls_security_level_in: may }
  encrypt: { tls_security_level_in: encrypt }
  implicit: { tls_security_level_in: encrypt, smtpd_tls_wrappermode: true }
  login: { tls_security_level_in: may, auth_mech_avail: [PLAIN, LOGIN, CRAM-MD5], auth_required_inp: true }
  toTls: { tls_security_level_out: encrypt, auth_required_out: true, forward_method: "smtp:[127.0.0.1]:${tls}" }
  toPlain: { tls_security_level_out: encrypt }
  toWrongName: { tls_security_level_out: encrypt, smtp_tls_servername: other.example, forward_method: "smtp:[127.0.0.1]:${tls}" }
  toImplicit: { tls_security_level_out: encrypt, smtp_tls_wrappermode: true, smtp_tls_servername: mail.example.com, auth_required_out: true, forward_method: "smtp:[127.0.0.1]:${implicit}" }
  toBroken: { tls_security_level_out: may, forward_method: "smtp:[127.0.0.1]:${brokenHop.port}" }
`);
  closers.unshift(async () => assert.equal(await daemon.stop(), 0));
});

after(async () => {
  for (const close of closers) await close();
});

async function secureOn(socket: Socket): Promise<TLSSocket> {
  const secure = connectTls({ socket, ca: certificates.authority, servername: "mail.example.com" });
  await once(secure, "secureConnect");
  return secure;
}

/** Past the greeting, EHLO and STARTTLS, with EHLO said anew. */
async function afterStartTls(door: Door): Promise<SmtpClient> {
  const open = smtpClient(ports[door]);
  await open.reply();
  await open.ask("EHLO client.example");
  assert.equal(await open.ask("STARTTLS"), "220 2.0.0 Ready to start TLS");
  open.leave();
  const client = smtpClientOn(await secureOn(open.socket));
  await client.ask("EHLO client.example");
  return client;
}

for (const door of ["may", "encrypt", "login"] as const) {
  test(`takes mail by STARTTLS where the level is ${door}, and says so in Received`, async () => {
    const client = await afterStartTls(door);
    const login = Buffer.from("\0filter\0secret").toString("base64");
    if (door === "login") assert.match(await client.ask(`AUTH PLAIN ${login}`), /^235 /);
    const before = plainHop.mails.length;
    assert.match(await submit(client, { data: mailText(`STARTTLS ${door}`) }), /^250 /);
    assert.match(String(plainHop.mails[before]?.octets), door === "login" ? /with ESMTPSA id/ : /with ESMTPS id/);
    // A large one too, in many records.
    const body = `${"y".repeat(76)}\r\n`.repeat(20_000);
    assert.match(await submit(client, { data: mailText(`large ${door}`, body) }), /^250 /);
    assert.ok(plainHop.mails[before + 1]?.octets.includes(body));
    client.socket.destroy();
  });
}

test("takes TLS from the first octet on where the door is for that", async () => {
  const secure = connectTls({ port: ports.implicit, host: "127.0.0.1", ca: certificates.authority });
  await once(secure, "secureConnect");
  const client = smtpClientOn(secure);
  assert.match(String(await client.reply()), /^220 /);
  const lines = await client.ask("EHLO x");
  assert.doesNotMatch(lines, /STARTTLS/);
  const before = plainHop.mails.length;
  assert.match(await submit(client, { data: mailText("implicit") }), /^250 /);
  assert.match(String(plainHop.mails[before]?.octets), /with ESMTPS id/);
  secure.destroy();
});

test("takes no mail in the clear where TLS must be, and mail in the clear where it may be", async () => {
  for (const [door, code] of [
    ["encrypt", "451 4.7.0"],
    ["may", "250 2.1.0"],
    ["login", "451 4.7.0"],
  ] as const) {
    const client = smtpClient(ports[door]);
    await client.reply();
    await client.ask("EHLO client.example");
    assert.equal((await client.ask("MAIL FROM:<a@example.com>")).slice(0, 9), code, door);
    client.socket.destroy();
  }
});

test("runs nothing that comes in the clear behind STARTTLS", async () => {
  const mails = plainHop.mails.length;
  const injected = "EHLO evil\r\nMAIL FROM:<evil@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n";
  const client = smtpClient(ports.may);
  await client.reply();
  await client.ask("EHLO client.example");
  client.send(`STARTTLS\r\n${injected}`);
  assert.deepEqual(await client.reply(), ["421 4.7.0 [127.0.0.1] Error: commands behind STARTTLS"]);
  assert.equal(await client.line(), undefined, "the session is over");

  // Half a command, which the first one under TLS would end.
  const half = smtpClient(ports.may);
  await half.reply();
  await half.ask("EHLO client.example");
  half.send("STARTTLS\r\nMAIL FROM:<evil@example.com> X");
  assert.match(String(await half.reply()), /^421 /);

  // In a packet of its own, before the handshake: no octet of it is read as a command, or as TLS.
  const later = smtpClient(ports.may);
  await later.reply();
  await later.ask("EHLO client.example");
  assert.match(await later.ask("STARTTLS"), /^220/);
  later.send(injected);
  await later.closed();
  assert.equal(plainHop.mails.length, mails);
});

test("sends under TLS, logged in, to a next hop whose certificate is good", async () => {
  for (const door of ["toTls", "toImplicit"] as const) {
    const client = smtpClient(ports[door]);
    await client.reply();
    await client.ask("EHLO client.example");
    for (const number of [1, 2]) {
      assert.match(await submit(client, { data: mailText(`${door} ${number}`) }), /^250 /);
      assert.match(String(taken.at(-1)), new RegExp(`^true filter [^]*Subject: ${door} ${number}\r\n`));
    }
    client.socket.destroy();
  }
});

test("sends large mail under TLS octet for octet, from memory and from the spool", async () => {
  const client = smtpClient(ports.toTls);
  await client.reply();
  await client.ask("EHLO client.example");
  for (const lines of [40_000, 200_000]) {
    const body = Array.from(
      { length: lines },
      (_, n) => `${n % 7 === 0 ? "." : ""}${String(n).padStart(70, "x")}\r\n`,
    ).join("");
    assert.match(await submit(client, { data: mailText(`large ${lines}`, body) }), /^250 /);
    // Not by assert.equal: the difference would be shown.
    assert.ok(String(taken.at(-1)).endsWith(`\r\n\r\n${body}`));
  }
  client.socket.destroy();
});

test("puts mail off where TLS must be and cannot be had, and sends none of it in the clear", async () => {
  const mails = plainHop.mails.length + taken.length;
  for (const [door, reply] of [
    ["toPlain", /^450 4\.7\.4 .*TLS is required, but was not offered/],
    ["toWrongName", /^450 4\.7\.5 .*Cannot start TLS with .*other\.example/],
  ] as const) {
    const client = smtpClient(ports[door]);
    await client.reply();
    await client.ask("EHLO client.example");
    assert.match(await submit(client, { data: mailText(door) }), reply);
    client.socket.destroy();
  }
  assert.equal(plainHop.mails.length + taken.length, mails);
  assert.ok(!plainHop.lines.some((line) => line === "STARTTLS"));
});

test("goes on in the clear where TLS may be and the handshake fails", async () => {
  const client = smtpClient(ports.toBroken);
  await client.reply();
  await client.ask("EHLO client.example");
  assert.match(await submit(client, { data: mailText("opportunistic") }), /^250 /);
  assert.ok(brokenHop.lines.includes("STARTTLS"));
  assert.equal(brokenHop.mails.length, 1);
  client.socket.destroy();
});

test("a handshake that is no TLS ends that session and nothing else", async () => {
  const client = smtpClient(ports.implicit);
  client.send("EHLO client.example\r\n");
  await client.closed();
  const next = await afterStartTls("may");
  assert.match(await next.ask("NOOP"), /^250/);
  next.socket.destroy();
});

test("a reload puts a renewed certificate in force, and keeps the old one where the new is of no use", async () => {
  const fingerprint = async () => {
    const secure = connectTls({ port: ports.implicit, host: "127.0.0.1", rejectUnauthorized: false });
    await once(secure, "secureConnect");
    const { fingerprint256 } = secure.getPeerCertificate();
    secure.destroy();
    return fingerprint256;
  };
  const renewed = await createCertificates(folder, "DNS:mail.example.com", "renewed");
  const old = await fingerprint();
  await copyFile(renewed.certificateFile, certificates.certificateFile);
  let from = daemon.lines.length;
  daemon.process.kill("SIGHUP");
  await daemon.line("the old configuration stays in force", from);
  assert.equal(await fingerprint(), old, "certificate and key do not go together");
  await copyFile(renewed.keyFile, certificates.keyFile);
  from = daemon.lines.length;
  daemon.process.kill("SIGHUP");
  await daemon.line("configuration reloaded", from);
  assert.notEqual(await fingerprint(), old);
});
