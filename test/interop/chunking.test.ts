// Mail in one write to a real Postfix: it takes envelope and chunk together, however strict it is set about pipelining
// and bare newlines, and what goes on from there is octet for octet what went on from DATA.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { type ClosableRelay, createRelay } from "../../src/relay/relay.ts";
import type { NextHop } from "../../src/smtp/next-hop.ts";
import { formatReply, isTransient, type Reply } from "../../src/smtp/reply.ts";
import { type FakeNextHop, startFakeNextHop } from "../support/fake-next-hop.ts";
import { freePort } from "../support/free-port.ts";
import { after, before, test } from "../support/limited.ts";
import { skipWithout } from "../support/peers.ts";
import { type Postfix, postfixMissing, startPostfix } from "../support/postfix.ts";
import { envelopeFrom, outgoingTo, plainMail } from "../support/relay-mail.ts";

const skip = skipWithout(await postfixMissing());
const run = promisify(execFile);

/** As far as this Postfix has them: the last three came in 2023. */
const strict = [
  "smtpd_data_restrictions = reject_unauth_pipelining",
  "smtpd_recipient_restrictions = reject_unauth_pipelining, check_recipient_access inline:{no@example.com=REJECT, later@example.com=DEFER}",
  "smtpd_forbid_unauth_pipelining = yes",
  "smtpd_forbid_bare_newline = yes",
  "smtpd_forbid_bare_newline_exclusions =",
];
/** Its first smtpd as a next hop: nothing more filters what comes in there. */
const unfiltered = [
  "content_filter =",
  "smtpd_delay_reject = no",
  "smtpd_sender_restrictions = reject_unauth_pipelining, check_sender_access inline:{bad@example.org=REJECT}",
  "message_size_limit = 60000",
];

let postfix: Postfix;
let sink: FakeNextHop;
let hop: NextHop;
/** By BDAT where it is offered, and never. */
let whole: ClosableRelay;
let plain: ClosableRelay;
const closers: (() => Promise<unknown>)[] = [];

before(async () => {
  if (skip !== false) return;
  sink = await startFakeNextHop();
  closers.push(() => sink.close());
  const [smtpd, backIncoming, backOriginating] = [await freePort(), await freePort(), await freePort()];
  const ports = { smtpd, incoming: 1, originating: 2, backIncoming, backOriginating, sink: sink.port };
  postfix = await startPostfix(ports, "127.0.0.0/8", "ipv4", [...unfiltered, ...(await known(strict))]);
  closers.unshift(() => postfix.stop());
  hop = { protocol: "smtp", host: "127.0.0.1", port: smtpd };
  whole = createRelay({ localhost_name: "localhost" });
  plain = createRelay({ localhost_name: "localhost", smtp_discard_ehlo_keywords: ["CHUNKING"] });
  closers.unshift(
    () => whole.close(1000),
    () => plain.close(1000),
  );
});

after(async () => {
  for (const close of closers) await close();
});

/** Those whose parameter this Postfix has. */
async function known(lines: readonly string[]): Promise<readonly string[]> {
  const { stdout } = await run("/usr/sbin/postconf", ["-d"], { maxBuffer: 1 << 22 });
  const nameOf = (line: string) => line.split(" =", 1)[0] ?? "";
  const names = new Set(stdout.split("\n").map(nameOf));
  return lines.filter((line) => names.has(nameOf(line)));
}

/** With the octets it counted, where they came by BDAT. */
const takenAs = /^250 2\.0\.0 Ok: (?:\d+ bytes )?queued as /;
const unlessPutOff = (replies: readonly (readonly Reply[])[]) => !replies.flat().some(isTransient);

async function send(relay: ClosableRelay, text: string, recipient = "b@example.com", sender = "a@example.org") {
  const [delivery] = await relay([outgoingTo(hop, envelopeFrom(sender, recipient), text)], unlessPutOff);
  return delivery?.replies.map(formatReply).join() ?? "";
}

/** What came out behind Postfix, without the fields that it put on top: Received, and in a header that is none others. */
async function arrived(count: number): Promise<string> {
  await sink.received(count);
  const text = sink.mails[count - 1]?.octets.toString("latin1") ?? "";
  assert.match(text, /^Received: /);
  const own = /^Received: .*\r\n(?:[ \t].*\r\n)*(?:Message-Id: <.*@mx\.example\.com>\r\nDate: .*\r\n)?/;
  return text.replace(own, "");
}

// Fields that Postfix would add where they are missing.
const fields =
  "From: a@example.org\r\nTo: b@example.com\r\nDate: Fri, 06 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@example.org>\r\n";
const texts: readonly [string, string][] = [
  ["plain text", `${fields}\r\nhello\r\n`],
  ["8-bit octets in header and body", `Subject: caf\xc3\xa9\r\n${fields}\r\n\xe4\xff\x80\r\n`],
  ["leading dots", `${fields}\r\n.\r\n..\r\n.hidden\r\n\r\n.\r\n`],
  [
    "lines of 900, 2,047 to 2,050 and 30,000 octets",
    `${fields}\r\n${[900, 2047, 2048, 2049, 2050, 30_000].map((n) => `${"x".repeat(n)}\r\n`).join("")}`,
  ],
  [
    "lines that end on both sides of every buffer's end",
    `${fields}\r\n${Array.from({ length: 300 }, (_, n) => `${"y".repeat(n)}\r\n`).join("")}`,
  ],
  ["a last line without its end", `${fields}\r\nhello`],
  ["empty lines at the end", `${fields}\r\nhello\r\n\r\n\r\n`],
  ["no body", fields],
  ["what looks like commands", `${fields}\r\nRSET\r\nMAIL FROM:<x@example.org>\r\nBDAT 3\r\nQUIT\r\n`],
  ["a first line that continues nothing", ` folded\r\n${fields}\r\nhello\r\n`],
  ["a first line out of a mailbox file", `From x Sun Nov 22 10:00:00 2026\r\n${fields}\r\nhello\r\n`],
  ["a first line of no field", `nothing\r\n${fields}\r\nhello\r\n`],
];

let sent = 0;
for (const [name, text] of texts) {
  test(`${name}: what arrives is the same by BDAT and by DATA`, { skip }, async () => {
    assert.match(await send(whole, text), takenAs);
    sent += 1;
    const byBdat = await arrived(sent);
    assert.match(await send(plain, text), takenAs);
    sent += 1;
    assert.equal(byBdat, await arrived(sent));
  });
}

test("a refused mail is refused in the same words, and the connection goes on", { skip }, async () => {
  const cases: readonly [string, string, string, RegExp][] = [
    [plainMail, "no@example.com", "a@example.org", /^554 5\.7\.1 <no@example\.com>: Recipient address rejected/],
    [plainMail, "later@example.com", "a@example.org", /^450 4\.7\.1 <later@example\.com>: Recipient address rejected/],
    [plainMail, "b@example.com", "bad@example.org", /^554 5\.7\.1 <bad@example\.org>: Sender address rejected/],
    [`${plainMail}${"x".repeat(70_000)}\r\n`, "b@example.com", "a@example.org", /^552 5\.3\.4 /],
  ];
  for (const [text, recipient, sender, expected] of cases) {
    for (const relay of [whole, plain]) {
      assert.match(await send(relay, text, recipient, sender), expected);
      assert.match(await send(relay, `${fields}\r\nnext\r\n`), takenAs);
      sent += 1;
      await sink.received(sent);
    }
  }
  assert.equal(sink.mails.length, sent, "nothing of the refused mails came out");
});

test("Postfix has nothing to say against it: one connection, BDAT for what may go so, no bad pipelining", {
  skip,
}, async () => {
  assert.deepEqual([whole.counts().open, plain.counts().open], [1, 1]);
  await Promise.all([whole.close(), plain.close()]);
  const log = await logWith(/disconnect from .* bdat=/);
  assert.doesNotMatch(log, /improper command pipelining|synchronization|bare <LF>/);
  const counted = /disconnect from .* mail=(\d+)\S* rcpt=\S+ (?:data=(\d+)\S* )?bdat=(\d+)\/(\d+)/.exec(log);
  assert.ok(counted, log);
  const [, , data = "0", bdat = "0"] = counted;
  const byData = texts.filter(([, text]) => /^(?: |From )/.test(text)).length;
  assert.deepEqual([Number(data), Number(bdat)], [byData, sent / 2 - byData]);
});

/** Postfix's log once it has such a line. */
async function logWith(pattern: RegExp): Promise<string> {
  for (let tries = 0; ; tries += 1) {
    const log = await postfix.log();
    if (pattern.test(log) || tries === 100) return log;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
