// Infected, banned and released mail with a real Postfix in front of the filter and behind it: a copy, a notice, a bounce and a release,
// each once.
import assert from "node:assert/strict";
import { join } from "node:path";
import { signpost } from "../support/command.ts";
import { type DaemonProcess, startDaemonProcess } from "../support/daemon.ts";
import { type FakeClamd, startFakeClamd } from "../support/fake-clamd.ts";
import { type FakeNextHop, type ReceivedMail, startFakeNextHop } from "../support/fake-next-hop.ts";
import { mailText, submit } from "../support/filter.ts";
import { freePort } from "../support/free-port.ts";
import { after, before, test } from "../support/limited.ts";
import { skipWithout } from "../support/peers.ts";
import { type Postfix, postfixMissing, startPostfix } from "../support/postfix.ts";
import { filesBelow } from "../support/quarantine.ts";
import { smtpClient } from "../support/smtp-client.ts";

const skip = skipWithout(await postfixMissing());
const inside = "127.0.0.2";
const outside = "127.0.0.3";

let sink: FakeNextHop;
let clamd: FakeClamd;
let daemon: DaemonProcess;
let postfix: Postfix;
let smtpd: number;
const closers: (() => Promise<unknown>)[] = [];

before(async () => {
  if (skip !== false) return;
  const ports = await Promise.all(Array.from({ length: 5 }, freePort));
  const [incoming = 0, originating = 0, backIncoming = 0, backOriginating = 0] = ports;
  smtpd = ports[4] ?? 0;
  sink = await startFakeNextHop();
  clamd = await startFakeClamd();
  clamd.script = ({ octets }) => (octets.includes("STUB-VIRUS") ? "stream: Stub.Virus FOUND" : undefined);
  closers.push(
    () => sink.close(),
    () => clamd.close(),
  );
  daemon = await startDaemonProcess(`
myhostname: mail.example.com
local_domains_maps: [[.example.com]]
mynetworks: [${inside}/32]
inet_socket_port: [${incoming}, ${originating}]
inet_socket_bind: [127.0.0.1]
forward_method: "smtp:[127.0.0.1]:${backIncoming}"
notify_method: "smtp:[127.0.0.1]:${backOriginating}"
release_method: "smtp:[127.0.0.1]:${smtpd}"
interface_policy: { "${originating}": ORIGINATING }
policy_bank:
  ORIGINATING:
    originating: true
    smtpd_discard_ehlo_keywords: [8BITMIME]
    forward_method: "smtp:[127.0.0.1]:${backOriginating}"
control: { socket: "@FOLDER@/control.sock" }
QUARANTINEDIR: "@FOLDER@/quarantine"
quarantine_subdir_levels: 0
banned_files_quarantine_method: "local:banned-%m"
av_scanners: [{ name: stub, type: clamd, address: "${clamd.address}" }]
virus_admin_maps: [alerts@example.com]
banned_filename_re: [["(?i)\\\\.exe$", true]]
final_banned_destiny: D_BOUNCE
`);
  closers.unshift(() => daemon.stop());
  postfix = await startPostfix(
    { smtpd, incoming, originating, backIncoming, backOriginating, sink: sink.port },
    `${inside}/32`,
  );
  closers.unshift(() => postfix.stop());
});

after(async () => {
  for (const close of closers) await close();
});

/** Hands a mail to Postfix, and waits for what comes out of it at the far end. */
async function send(client: string, from: string, to: string, data: string, count: number) {
  const before = sink.mails.length;
  const session = smtpClient(smtpd, client);
  await session.reply();
  await session.ask("EHLO client.example");
  assert.match(await submit(session, { from, to: [to], data }), /^250 /);
  session.socket.end("QUIT\r\n");
  await sink.received(before + count);
  return settled(before);
}

/** Nothing is left in the queue that could still come. */
async function settled(before: number): Promise<readonly ReceivedMail[]> {
  await postfix.drained();
  return sink.mails.slice(before);
}

const copies = () => [...filesBelow(join(daemon.folder, "quarantine")).keys()].filter((name) => !name.startsWith("."));

test("an infected mail has one copy and one notice, and nobody else hears of it; its release arrives once, marked", {
  skip,
}, async () => {
  const data = mailText("infected", "STUB-VIRUS\r\n");
  const [notice, ...more] = await send(outside, "joe@there.example", "ann@example.com", data, 1);
  assert.deepEqual(more, []);
  assert.match(notice?.rcpts.join() ?? "", /^RCPT TO:<alerts@example\.com>/);
  assert.match(notice?.mail ?? "", /^MAIL FROM:<>/);
  const [name = "", another] = copies();
  assert.equal(another, undefined);

  const before = sink.mails.length;
  const mailId = name.replace("virus-", "");
  const { code, stderr } = await signpost("quarantine", "release", mailId, "--config", daemon.configFile);
  assert.equal(code, 0, stderr);
  await sink.received(before + 1);
  const [released, ...twice] = await settled(before);
  assert.deepEqual(twice, []);
  assert.match(released?.rcpts.join() ?? "", /^RCPT TO:<ann@example\.com>/);
  const text = released?.octets.toString("latin1") ?? "";
  assert.match(text, new RegExp(`^X-Amavis-Released: <${mailId}>\r$`, "m"));
  assert.match(text, /^STUB-VIRUS\r$/m);
  assert.equal(copies().length, 1);
});

test("a banned mail of our own user is bounced by Postfix once, with our words, and kept", { skip }, async () => {
  const data = mailText("banned").replace(
    "\r\n\r\nHello there.\r\n",
    '\r\nMIME-Version: 1.0\r\nContent-Type: application/x; name="evil.exe"\r\n\r\nx\r\n',
  );
  const [bounce, ...more] = await send(inside, "alice@example.com", "joe@example.org", data, 1);
  assert.deepEqual(more, []);
  assert.match(bounce?.mail ?? "", /^MAIL FROM:<>/);
  assert.match(bounce?.rcpts.join() ?? "", /^RCPT TO:<alice@example\.com>/);
  assert.match(bounce?.octets.toString("latin1") ?? "", /554 5\.7\.0 Reject, id=\S+\s+-\s+BANNED:\s+application/);
  assert.equal(copies().filter((name) => name.startsWith("banned-")).length, 1);
});
