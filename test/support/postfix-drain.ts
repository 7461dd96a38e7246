// A real Postfix before and behind the filter, its queue full, the filter killed at random while it empties: every mail
// arrives once, or twice where the filter died between the next hop's reply and its own.
import assert from "node:assert/strict";
import { type DaemonProcess, startDaemonProcess, startIn } from "./daemon.ts";
import { startFakeNextHop } from "./fake-next-hop.ts";
import { freePort } from "./free-port.ts";
import { startPostfix } from "./postfix.ts";
import { createRandom } from "./random.ts";
import { smtpClient } from "./smtp-client.ts";

export interface Drained {
  readonly mails: number;
  readonly lost: number;
  readonly altered: number;
  /** Copies that a kill explains, and those that nothing does. */
  readonly forcedCopies: number;
  readonly avoidableCopies: number;
  readonly bounced: number;
}

/** More mails than Postfix may have under way at a time (maxproc of amavisfeed and its reserve). */
const inFlight = 40;

export async function drainPostfix({
  count,
  kills,
  seed,
}: {
  count: number;
  kills: number;
  seed: number;
}): Promise<Drained> {
  const random = createRandom(seed);
  const [smtpd, incoming, originating, backIncoming, backOriginating] = [
    ...[await freePort(), await freePort(), await freePort(), await freePort(), await freePort()],
  ] as const;
  const closers: (() => Promise<unknown>)[] = [];
  try {
    const sink = await startFakeNextHop();
    closers.unshift(() => sink.close());
    const ports = { smtpd, incoming, originating, backIncoming, backOriginating, sink: sink.port };
    const postfix = await startPostfix(ports, "127.0.0.0/8");
    closers.unshift(() => postfix.stop());
    const contents = Array.from({ length: count }, (_, id) => mailOf(id, random.below(40)));
    // With no filter there, all of it is in the queue when the first one comes.
    await Promise.all(Array.from({ length: 6 }, (_, lane) => inject(smtpd, contents, lane, 6)));

    let daemon: DaemonProcess = await startDaemonProcess(`
myhostname: mail.example.com
local_domains_maps: [[.example.com]]
mynetworks: [127.0.0.0/8]
inet_socket_port: [${incoming}, ${originating}]
inet_socket_bind: [127.0.0.1]
forward_method: "smtp:[127.0.0.1]:${backIncoming}"
notify_method: "smtp:[127.0.0.1]:${backOriginating}"
interface_policy: { "${originating}": ORIGINATING }
policy_bank: { ORIGINATING: { originating: true, forward_method: "smtp:[127.0.0.1]:${backOriginating}" } }
enable_dkim_verification: false
spool: { dir: @FOLDER@, free_space: 0 }
dns: { servers: ["127.0.0.1:1"] }
`);
    closers.unshift(() => daemon.stop());
    await postfix.flush();
    const killedAt: number[] = [];
    for (let kill = 1; kill <= kills; kill += 1) {
      await sink.received(Math.floor(((kill - random.below(100) / 100) * count) / (kills + 1)));
      await daemon.kill();
      killedAt.push(sink.mails.length);
      daemon = await startIn(daemon.folder, daemon.configFile);
      await postfix.flush();
    }
    // Before the filter has said that a mail is done, the next hop has it: the queue is never empty between the two.
    await postfix.drained();
    const log = await postfix.log();

    const first = new Map<number, number>();
    const result = { mails: count, lost: 0, altered: 0, forcedCopies: 0, avoidableCopies: 0, bounced: 0 };
    for (const [at, { octets, mail }] of sink.mails.entries()) {
      const id = idOf(octets);
      const content = contents[id];
      if (content === undefined) {
        if (mail.startsWith("MAIL FROM:<>")) result.bounced += 1;
        continue;
      }
      if (!octets.subarray(-content.length).equals(content)) result.altered += 1;
      const before = first.get(id);
      if (before === undefined) first.set(id, at);
      else if (killedAt.some((kill) => Math.abs(kill - before) <= inFlight)) result.forcedCopies += 1;
      else result.avoidableCopies += 1;
    }
    result.lost = count - first.size;
    assert.ok(!/status=bounced/.test(log), "Postfix bounced nothing");
    return result;
  } finally {
    for (const close of closers) await close();
  }
}

function mailOf(id: number, lines: number): Buffer {
  const body = Array.from(
    { length: lines + 1 },
    (_, line) => `${line % 7 === 0 ? "." : ""}line ${line} of mail ${id}\r\n`,
  );
  return Buffer.from(
    `From: Alice <alice@example.com>\r\nTo: bob@example.org\r\nSubject: mail ${id}\r\n` +
      `Date: Fri, 06 Nov 2026 10:00:00 +0000\r\nMessage-ID: <drain-${id}@example.com>\r\n\r\n${body.join("")}`,
  );
}

function idOf(octets: Buffer): number {
  return Number(/^Message-ID: <drain-(\d+)@/m.exec(octets.toString("latin1"))?.[1] ?? -1);
}

/** Every `lanes`-th mail, over one connection. */
async function inject(port: number, contents: readonly Buffer[], lane: number, lanes: number): Promise<void> {
  const client = smtpClient(port);
  await client.reply();
  assert.match(await client.ask("EHLO client.example"), /^250 /);
  for (let id = lane; id < contents.length; id += lanes) {
    assert.match(await client.ask("MAIL FROM:<alice@example.com>"), /^250 /);
    assert.match(await client.ask("RCPT TO:<bob@example.org>"), /^250 /);
    assert.match(await client.ask("DATA"), /^354 /);
    client.send((contents[id] ?? Buffer.alloc(0)).toString("latin1").replaceAll(/^\./gm, ".."));
    assert.match(await client.ask("."), /^250 /);
  }
  client.socket.end("QUIT\r\n");
}
