// A real Postfix whose milter, or proxy filter, is killed again and again while mail comes in: what it has accepted leaves signed
// and as it came, once; all else is put off, and comes with the next try. A proxy filter that dies between the queue's reply and its
// own leaves a mail to be tried again that is there already.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { promisify } from "node:util";
import { createTestKey, type DaemonProcess, startDaemonProcess, startIn } from "../support/daemon.ts";
import { peers } from "../support/dkim-peers.ts";
import { documentBlocks } from "../support/document-blocks.ts";
import { startFakeDns } from "../support/fake-dns.ts";
import { startFakeNextHop } from "../support/fake-next-hop.ts";
import { freePort } from "../support/free-port.ts";
import { after, test } from "../support/limited.ts";
import { skipWithout } from "../support/peers.ts";
import { postfixMissing, startPostfix } from "../support/postfix.ts";
import { createRandom } from "../support/random.ts";
import { greetedClient, type SmtpClient } from "../support/smtp-client.ts";

const run = promisify(execFile);
const skip = skipWithout(await postfixMissing());
const [count, kills, lanes] = [240, 5, 6];
const closers: (() => Promise<unknown>)[] = [];

after(async () => {
  for (const close of closers) await close();
});

function mailOf(id: number, lines: number): Buffer {
  const body = Array.from({ length: lines + 1 }, (_, line) => `${line % 7 === 0 ? "." : ""}line ${line} of ${id}\r\n`);
  const header = `From: Alice <a@example.com>\r\nTo: b@elsewhere.example\r\nSubject: mail ${id}\r\nDate: Sun, 29 Nov 2026 10:00:00 +0000\r\n`;
  return Buffer.from(`${header}Message-ID: <kill-${id}@example.com>\r\n\r\n${body.join("")}`);
}

function idOf(octets: Buffer): number {
  return Number(/^Message-ID: <kill-(\d+)@/m.exec(octets.toString("latin1"))?.[1] ?? -1);
}

for (const door of ["milter", "proxy"] as const) {
  test(
    `240 mails through five kills of the ${door}: each is accepted in the end, and leaves signed`,
    {
      skip,
      timeout: 180_000,
    },
    (t) => throughKills(door, t),
  );
}

async function throughKills(door: "milter" | "proxy", t: TestContext): Promise<void> {
  const random = createRandom(19);
  const free = await Promise.all(Array.from({ length: 7 }, freePort));
  const [unused = 0, smtpd = 0, milter = 0, filter = 0, proxied = 0, backIncoming = 0, backOriginating = 0] = free;
  const key = createTestKey("rsa");
  const sink = await startFakeNextHop();
  const dns = await startFakeDns({ "r._domainkey.example.com": { TXT: [key.record] } });
  let daemon: DaemonProcess = await startDaemonProcess(`
myhostname: mail.example.com
mynetworks: [127.0.0.0/8]
enable_dkim_signing: true
dkim_keys: [{ domain: example.com, selector: r, key: ${JSON.stringify(key.pem)} }]
inet_socket_port: [${filter}]
forward_method: "smtp:[127.0.0.1]:${backIncoming}"
notify_method: "smtp:[127.0.0.1]:${backIncoming}"
milter_listen: [{ address: "127.0.0.1:${milter}" }]
dns: { servers: ["127.0.0.1:${dns.server.port}"] }
spool: { dir: "@FOLDER@", free_space: 0 }
`);
  const lines = (await documentBlocks("milter.md"))("main.cf")
    .replaceAll("127.0.0.1:8891", `127.0.0.1:${milter}`)
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  const ports = { smtpd, incoming: unused, originating: unused, backIncoming, backOriginating, sink: sink.port };
  const postfix = await startPostfix(ports, "127.0.0.0/8", "ipv4", [
    "content_filter=",
    "smtpd_sender_restrictions=",
    // It would tell the postmaster of each filter that it has lost.
    "notify_classes=",
    ...(door === "milter" ? lines : []),
  ]);
  if (door === "proxy") {
    const options = `-o smtpd_proxy_filter=127.0.0.1:${filter} -o smtpd_proxy_options=speed_adjust`;
    const service = `127.0.0.1:${proxied}/inet=127.0.0.1:${proxied} inet n - n - - smtpd ${options}`;
    await run("/usr/sbin/postconf", ["-c", postfix.config, "-M", service]);
    await run("/usr/sbin/postfix", ["-c", postfix.config, "reload"]);
  }
  closers.push(
    () => postfix.stop(),
    () => daemon.stop(),
    () => sink.close(),
    () => dns.close(),
  );

  let up: Promise<unknown> = Promise.resolve();
  let [accepted, putOff, killed] = [0, 0, 0];

  /** The filter dies while the other lanes are somewhere within their mails. */
  async function killAndStart(): Promise<void> {
    killed += 1;
    await daemon.kill();
    daemon = await startIn(daemon.folder, daemon.configFile);
  }

  /** Whether Postfix has the mail. */
  async function tried(client: SmtpClient, content: Buffer): Promise<boolean> {
    for (const [command, wanted] of [
      ["MAIL FROM:<a@example.com>", "250 "],
      ["RCPT TO:<b@elsewhere.example>", "250 "],
      ["DATA", "354 "],
    ] as const) {
      const reply = await client.ask(command);
      if (!reply.startsWith(wanted)) return putBack(reply);
    }
    client.send(content.toString("latin1").replaceAll(/^\./gm, ".."));
    const reply = await client.ask(".");
    return reply.startsWith("250 ") || putBack(reply);
  }

  function putBack(reply: string): false {
    assert.match(reply, /^4/);
    putOff += 1;
    return false;
  }

  async function greeted(): Promise<SmtpClient> {
    const client = await greetedClient(door === "milter" ? smtpd : proxied, "127.0.0.1");
    await client.ask("EHLO client.example");
    return client;
  }

  const contents = Array.from({ length: count }, (_, id) => mailOf(id, random.below(60)));

  async function lane(first: number): Promise<void> {
    let client = await greeted();
    for (let id = first; id < count; id += lanes) {
      while (!(await tried(client, contents[id] ?? Buffer.alloc(0)))) {
        // Postfix asks a milter that it has lost again with the next session.
        client.socket.destroy();
        await up;
        client = await greeted();
      }
      accepted += 1;
      if (killed < kills && accepted > ((killed + 1) * count) / (kills + 1)) up = killAndStart();
    }
    client.socket.destroy();
  }

  await Promise.all(Array.from({ length: lanes }, (_, first) => lane(first)));
  await up;
  await sink.received(count);
  await postfix.drained();

  assert.equal(killed, kills);
  assert.ok(putOff > 0, "no mail met a filter that was gone");
  t.diagnostic(`${putOff} tries were put off`);
  const ids = sink.mails.map(({ octets }) => idOf(octets)).sort((a, b) => a - b);
  const wanted = contents.map((_, id) => id);
  if (door === "milter") assert.deepEqual(ids, wanted);
  else {
    assert.deepEqual([...new Set(ids)], wanted);
    assert.ok(ids.length <= count + putOff, `${ids.length} mails, ${putOff} tries were put off`);
  }
  const files = sink.mails.map((_, place) => join(daemon.folder, `${place}.eml`));
  for (const [place, { octets }] of sink.mails.entries()) {
    const content = contents[idOf(octets)] ?? Buffer.alloc(0);
    assert.ok(octets.subarray(-content.length).equals(content), `mail ${idOf(octets)} was altered`);
    await writeFile(files[place] ?? "", octets);
  }
  const judge = peers.find(({ name }) => name === "mailauth");
  assert.ok(judge !== undefined);
  const keys = [{ algorithm: "rsa-sha256", domain: "example.com", selector: "r", key }] as const;
  const verdicts = await judge.verify(files, { folder: daemon.folder, dns, keys });
  for (const file of files) assert.deepEqual(verdicts.get(file), [{ selector: "r", result: "pass" }], file);
}
