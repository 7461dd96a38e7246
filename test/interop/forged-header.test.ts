// A genuine signed mail behind a line that is no field, by each door that Postfix has for a filter. Postfix ends the header at
// that line, so what its reader is shown is the forger's: nothing that lies behind may count for anything.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { sign } from "../../src/cli/sign.ts";
import { createTestKey, type DaemonProcess, startDaemonProcess } from "../support/daemon.ts";
import { startFakeDns } from "../support/fake-dns.ts";
import { type FakeNextHop, startFakeNextHop } from "../support/fake-next-hop.ts";
import { freePort } from "../support/free-port.ts";
import { after, before, test } from "../support/limited.ts";
import { skipWithout } from "../support/peers.ts";
import { postfixMissing, startPostfix } from "../support/postfix.ts";
import { greetedClient } from "../support/smtp-client.ts";
import { run as runCommand } from "../unit/cli/run.ts";

const run = promisify(execFile);
const skip = skipWithout(await postfixMissing());

const doors = ["content filter", "proxy", "milter"] as const;
type Door = (typeof doors)[number];

const closers: (() => Promise<unknown>)[] = [];
let daemon: DaemonProcess;
let sink: FakeNextHop;
let ports: Record<Door, number>;
let genuine: string;

before(async () => {
  if (skip !== false) return;
  const key = createTestKey("rsa");
  sink = await startFakeNextHop();
  const dns = await startFakeDns({
    "s._domainkey.bank.example": { TXT: [key.record] },
    "_dmarc.bank.example": { TXT: ["v=DMARC1; p=reject"] },
  });
  const free = await Promise.all(Array.from({ length: 8 }, freePort));
  const [incoming = 0, proxied = 0, milter = 0, backIncoming = 0, backOriginating = 0, ...own] = free;
  const [contentFilter = 0, proxy = 0, asMilter = 0] = own;
  ports = { "content filter": contentFilter, proxy, milter: asMilter };
  daemon = await startDaemonProcess(`
myhostname: mail.example.com
local_domains_maps: [[.example.com]]
mynetworks: []
enable_dkim_verification: true
enable_dmarc_verification: true
author_to_policy_bank_maps: [{ bank.example: WHITE }]
policy_bank: { WHITE: { spam_lovers_maps: [true] } }
inet_socket_port: [${incoming}, ${proxied}]
forward_method: "smtp:[127.0.0.1]:${backIncoming}"
notify_method: "smtp:[127.0.0.1]:${backIncoming}"
milter_listen: [{ address: "127.0.0.1:${milter}" }]
dns: { servers: ["127.0.0.1:${dns.server.port}"] }
spool: { dir: "@FOLDER@", free_space: 1M }
`);
  const filtered = {
    incoming,
    originating: incoming,
    backIncoming,
    backOriginating,
    sink: sink.port,
    smtpd: contentFilter,
  };
  const postfix = await startPostfix(filtered, "127.0.0.9/32", "ipv4", ["smtpd_sender_restrictions="]);
  closers.push(
    () => postfix.stop(),
    () => daemon.stop(),
    () => sink.close(),
    () => dns.close(),
  );
  const plain = ["-o content_filter=", "-o smtpd_sender_restrictions="];
  const service = (port: number, options: readonly string[]) =>
    `127.0.0.1:${port}/inet=127.0.0.1:${port} inet n - n - - smtpd ${options.join(" ")}`;
  await run("/usr/sbin/postconf", [
    ...["-c", postfix.config, "-M"],
    service(proxy, [`-o smtpd_proxy_filter=127.0.0.1:${proxied}`, ...plain]),
    service(asMilter, [`-o smtpd_milters=inet:127.0.0.1:${milter}`, "-o milter_default_action=tempfail", ...plain]),
  ]);
  await run("/usr/sbin/postfix", ["-c", postfix.config, "reload"]);

  // Signed without Subject, as many a signer leaves it: whoever has the mail can put another one before it.
  const { folder } = daemon;
  const write = (name: string, text: string) => writeFile(join(folder, name), text);
  await write(
    "bank.yaml",
    `originating: true\nenable_dkim_signing: true\nallowed_added_header_fields: { received: false }\nsigned_header_fields: { REPLACE: 1, from: 1, to: 1, date: 1 }\n` +
      `dkim_keys: [{ domain: bank.example, selector: s, key: ${JSON.stringify(key.pem)} }]\n`,
  );
  await write(
    "bank.eml",
    "From: ceo@bank.example\r\nTo: joe@example.com\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\n\r\nYours\r\n",
  );
  const signed = await runCommand(
    sign,
    ["--config", "bank.yaml", "--now", `${Math.floor(Date.now() / 1000)}`, "bank.eml"],
    folder,
  );
  assert.equal(signed.stderr, "");
  genuine = signed.stdout;
});

after(async () => {
  for (const close of closers) await close();
});

/** What arrives at the far end. A reload of Postfix may be under way: the port opens soon. */
async function deliver(door: Door, data: string): Promise<{ readonly results: string; readonly line: string }> {
  const before = sink.mails.length;
  const recipient = `joe-${before}@example.com`;
  const client = await greetedClient(ports[door], "127.0.0.3");
  await client.ask("EHLO client.example");
  await client.ask("MAIL FROM:<ceo@bank.example>");
  await client.ask(`RCPT TO:<${recipient}>`);
  await client.ask("DATA");
  client.socket.write(data, "latin1");
  assert.match(await client.ask("."), /^250/);
  client.socket.destroy();
  await sink.received(before + 1);
  const [header = ""] = sink.mails.at(-1)?.octets.toString("latin1").split("\r\n\r\n", 1) ?? [];
  await daemon.line(`-> <${recipient}>`);
  const line = daemon.lines.find((each) => each.includes(`-> <${recipient}>`)) ?? "";
  const results = /^Authentication-Results: mail\.example\.com;(?:.|\r\n[ \t])*/m.exec(header)?.[0] ?? "";
  return { results, line };
}

const forgeries: readonly (readonly [name: string, before: string])[] = [
  ["a line without a colon", "Subject: WIN\r\nPay to account 4711 please, now.\r\n"],
  ["at the very top", "Pay to account 4711 please, now.\r\n"],
  ["a name with a blank in it", "Subject: WIN\r\nPay now: 4711\r\n"],
  ["a name with a control octet", "Subject: WIN\r\nPay\x0b: 4711\r\n"],
  ["a name of 8-bit octets", "Subject: WIN\r\nZahl\xe9: 4711\r\n"],
];

for (const door of doors) {
  test(`a genuine mail by the ${door} passes DKIM and DMARC`, { skip }, async () => {
    const { results, line } = await deliver(door, genuine);
    assert.match(line, /\bWHITE\b.*dkim_sd=s:bank\.example/);
    assert.match(results, /dkim=pass(?:.|\r\n)*dmarc=pass/);
  });
  for (const [name, before] of forgeries) {
    test(`nothing behind ${name} counts by the ${door}`, { skip }, async () => {
      const { results, line } = await deliver(door, before + genuine);
      assert.match(results, /dmarc=/);
      assert.doesNotMatch(results, /=pass/);
      assert.doesNotMatch(line, /\bWHITE\b|dkim_sd=/);
    });
  }
}
