// What is refused before there is a mail: it is in the log, `log` and `why` find it, and the metric counts it.
import assert from "node:assert/strict";
import { signpost } from "../support/command.ts";
import { shownBlock } from "../support/document-blocks.ts";
import { connected, type Filter, startFilter } from "../support/filter.ts";
import { after, before, test } from "../support/limited.ts";
import { smtpClient } from "../support/smtp-client.ts";

let filter: Filter;

before(async () => {
  filter = await startFilter({
    extra: `control: { socket: '@FOLDER@/control.sock' }
history: { size: 100, file: '@FOLDER@/history.sqlite' }
smtpd_message_size_limit: 100k
smtpd_recipient_limit: 1
limits: { connections: 2 }
bare_newline: reject`,
  });
});

after(() => filter?.close());

const config = () => ["--config", filter.daemon.configFile];

interface Refused {
  readonly cause: string;
  /** Commands, each answered; the last is the one that is refused. */
  readonly say: readonly string[];
  readonly line: RegExp;
  /** By what `why` is asked. */
  readonly name: string;
  readonly next: RegExp;
}

const cases: readonly Refused[] = [
  {
    cause: "size",
    say: ["XFORWARD ADDR=203.0.113.9", "MAIL FROM:<large@example.com> SIZE=99999999"],
    line: /Refused \(size, smtpd_message_size_limit\) at 127\.0\.0\.1:\d+, peer \[127\.0\.0\.1\], client \[203\.0\.113\.9\], command: MAIL FROM:<large@example\.com> SIZE=99999999, reply: 552 5\.3\.4/,
    name: "large@example.com",
    next: /Next: Set it as high as message_size_limit of Postfix/,
  },
  {
    cause: "recipients",
    say: ["MAIL FROM:<many@example.com>", "RCPT TO:<one@example.com>", "RCPT TO:<two@example.com>"],
    line: /Refused \(recipients, smtpd_recipient_limit\) .*<many@example\.com> -> <one@example\.com>, command: RCPT TO:<two@example\.com>, reply: 452 4\.5\.3/,
    name: "two@example.com",
    next: /Next: Nothing: Postfix sends the rest/,
  },
  {
    cause: "envelope",
    say: ["MAIL FROM:<odd@example.com> WHAT=1"],
    line: /Refused \(envelope\) .*command: MAIL FROM:<odd@example\.com> WHAT=1, reply: 504 5\.5\.4/,
    name: "odd@example.com",
    next: /Next: The reply says what/,
  },
  {
    cause: "bare-newline",
    say: ["MAIL FROM:<bare@example.com>", "RCPT TO:<one@example.com>", "DATA", "From: a@example.com\n\r\nx\r\n."],
    line: /Refused \(bare-newline, bare_newline\) .*<bare@example\.com> -> <one@example\.com>, size: \d+, reply: 554 5\.6\.0/,
    name: "bare@example.com",
    next: /Next: bare_newline: replace/,
  },
];

for (const { cause, say, line, name, next } of cases) {
  test(`${cause}: a line, an entry for why, a count`, async () => {
    const seen = filter.daemon.lines.length;
    const client = await connected(filter.ports.incoming);
    for (const command of say) await client.ask(command);
    assert.match(await filter.daemon.line("Refused (", seen), line);
    client.socket.destroy();
    const { code, stdout } = await signpost("why", ...config(), name);
    assert.equal(code, 0, name);
    assert.match(stdout, /^refused, log_id \d+-\d+, /);
    assert.match(stdout, next);
  });
}

test("a connection too many, and a password that nobody is to see", async () => {
  const seen = filter.daemon.lines.length;
  const one = await connected(filter.ports.incoming);
  const two = await connected(filter.ports.incoming);
  const three = smtpClient(filter.ports.incoming);
  assert.match((await three.reply()).join(), /^421 /);
  assert.match(await filter.daemon.line("Refused (connections", seen), /limits\.connections\) .*reply: 421 4\.3\.2/);
  await one.ask("AUTH PLAIN c2VjcmV0");
  const login = await filter.daemon.line("Refused (login", seen);
  assert.match(login, /command: AUTH, reply: 50\d/);
  for (const { socket } of [one, two, three]) socket.destroy();
});

test("log lists them, in JSON too, and the metrics have them", async () => {
  const { stdout } = await signpost("log", ...config(), "Refused");
  assert.ok(stdout.trimEnd().split("\n").length >= cases.length);
  const json = await signpost("why", ...config(), "--json", "large@example.com");
  assert.match(json.stdout, /"refused":"size","setting":"smtpd_message_size_limit"/);
});

test("docs/logging.md shows the line of a message that is too large", async () => {
  const shown = shownBlock("docs/logging.md", "(31337-05) Refused");
  const [, client, command = ""] = /client \[(\S+)\], command: (MAIL FROM:\S+ SIZE=\d+), /.exec(shown) ?? [];
  const seen = filter.daemon.lines.length;
  const session = await connected(filter.ports.incoming);
  await session.ask(`XFORWARD ADDR=${client}`);
  await session.ask(command);
  const line = (await filter.daemon.line("Refused (", seen)).replace(/^.*?(?=\(\d+-\d+\) )/, "");
  session.socket.destroy();
  assert.equal(line.replace(/^\(\d+-\d+\)/, "(31337-05)").replace(`:${filter.ports.incoming},`, ":10024,"), shown);
});
