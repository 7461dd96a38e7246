// Attacks and oddities of SMTP, address and trust, one row each, through the whole daemon: what goes out is what came in,
// what must not be is refused, and nothing that a peer says can pass for a word of ours.
import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import type { Act, Step } from "../support/fake-next-hop.ts";
import { connected, type Filter, mailText, startFilter, submit } from "../support/filter.ts";
import { after, before, test } from "../support/limited.ts";
import type { SmtpClient } from "../support/smtp-client.ts";

let filter: Filter;
let script: (step: Step) => Act = () => undefined;

before(async () => {
  filter = await startFilter({ script: (step) => script(step), extra: "log_level: 2" });
});

after(() => filter?.close());

/** The next mail is fine, on a connection of its own. */
async function healthy(): Promise<void> {
  const client = await connected(filter.ports.originating);
  assert.match(await submit(client, { data: mailText("healthy") }), /^250 /);
  client.socket.end("QUIT\r\n");
}

async function inData(client: SmtpClient): Promise<void> {
  assert.match(await client.ask("MAIL FROM:<a@example.com>"), /^250 /);
  assert.match(await client.ask("RCPT TO:<b@example.com>"), /^250 /);
  assert.match(await client.ask("DATA"), /^354 /);
}

// What is not CRLF.CRLF is not the end: the rest of it would be commands of the attacker's.
const ends: readonly string[] = [
  ...[
    "\n.\n",
    "\n.\r\n",
    "\r\n.\n",
    "\r.\r",
    "\r.\r\n",
    "\r\n.\r",
    "\r\r\n.\r\r\n",
    "\n\n.\n\n",
    "\r\n\0.\r\n",
    "\r\n.\0\r\n",
  ],
  ...["\r\n.\r\r\n", "\r\n\x85.\r\n", "\r\n .\r\n", "\r\n.\t\r\n", "\u2028.\u2028", "\n\r.\n\r", "\r\n.\r\0\n"],
].map((text) => Buffer.from(text).toString("latin1"));

const smuggled = "MAIL FROM:<admin@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\nSubject: smuggled\r\n\r\nx";

for (const end of ends) {
  for (const cut of ["in one piece", "octet by octet"] as const) {
    test(`${JSON.stringify(end)} does not end a mail, ${cut}`, async () => {
      const before = filter.hop.mails.length;
      const client = await connected(filter.ports.originating);
      await inData(client);
      const content = `${mailText("outer", `line${end}`)}${smuggled}\r\n.\r\n`;
      if (cut === "in one piece") client.send(content);
      else {
        client.send(content.slice(0, 200));
        for (const octet of content.slice(200)) {
          client.send(octet);
          await setImmediate();
        }
      }
      assert.match((await client.reply()).at(-1) ?? "", /^250 /);
      assert.match(await client.ask("NOOP"), /^250 /);
      client.socket.end("QUIT\r\n");
      const [mail, ...more] = filter.hop.mails.slice(before);
      assert.deepEqual(more, []);
      const text = mail?.octets.toString("latin1") ?? "";
      assert.match(text, /Subject: smuggled/);
      assert.doesNotMatch(text.replaceAll("\r\n", ""), /[\r\n]/);
    });
  }
}

test("what is signed is what is sent: a mail with bare line ends verifies when it comes back", async () => {
  const client = await connected(filter.ports.nochecks);
  const reply = await submit(client, { data: mailText("bare", "one\rtwo\nthree\r\r\nfour\n\r\n") });
  assert.match(reply, /^250 /);
  const sent = filter.hop.mails.at(-1)?.octets ?? Buffer.alloc(0);
  const back = await connected(filter.ports.incoming);
  assert.match(await submit(back, { from: "x@elsewhere.example", data: sent }), /^250 /);
  assert.match(filter.hop.mails.at(-1)?.octets.toString("latin1") ?? "", /dkim=pass/);
});

for (const pieces of [
  ["DATA\r\n", ".", "\r", "\n"],
  ["DATA\r\n.\r\n"],
  ["DATA\r\n.", "\r\n"],
  ["DATA\r", "\n", ".\r\n"],
]) {
  test(`a lone dot as the first line ends the mail: ${JSON.stringify(pieces)}`, async () => {
    const client = await connected(filter.ports.originating);
    client.send("MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\n");
    await client.reply();
    await client.reply();
    for (const piece of pieces) {
      client.send(piece);
      await setImmediate();
    }
    assert.match((await client.reply()).at(-1) ?? "", /^354 /);
    assert.match((await client.reply()).at(-1) ?? "", /^250 /);
    assert.match(await client.ask("NOOP"), /^250 /);
    client.socket.end("QUIT\r\n");
  });
}

test("content in the same segment as DATA is content", async () => {
  const client = await connected(filter.ports.originating);
  client.send(`MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n${mailText("at once")}.\r\nNOOP\r\n`);
  const replies = [];
  for (let count = 0; count < 5; count += 1) replies.push((await client.reply()).at(-1)?.slice(0, 3));
  assert.deepEqual(replies, ["250", "250", "354", "250", "250"]);
  client.socket.end("QUIT\r\n");
});

/** Octets after EHLO, the replies to them in order, and whether the connection ends then. */
const dialogs: readonly (readonly [what: string, octets: string, replies: readonly RegExp[], end?: "closed"])[] = [
  ["a bare LF ends no command", "NOOP\nNOOP\r\n", [/^5\d\d /]],
  ["a bare CR ends no command", "NOOP\rNOOP\r\n", [/^5\d\d /]],
  ["a command line of a megabyte", `NOOP ${"x".repeat(1_000_000)}`, [/^500 5\.5\.2 /], "closed"],
  ["commands after QUIT", "QUIT\r\nMAIL FROM:<a@example.com>\r\n", [/^221 /], "closed"],
  ["a browser", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", [/^421 4\.7\.0 /], "closed"],
  ["a TLS greeting", "\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\r\n", [/^500 5\.5\.2 /]],
  ["WIZ", "WIZ\r\n", [/^50[02] /]],
  ["KILL", "KILL\r\n", [/^50[02] /]],
  ["SHELL", "SHELL\r\n", [/^50[02] /]],
  ["AUTH", "AUTH PLAIN AGEAYg==\r\n", [/^50[02] /]],
  ["STARTTLS", "STARTTLS\r\n", [/^50[02] /]],
  ["XCLIENT", "XCLIENT ADDR=192.0.2.1\r\n", [/^50[02] /]],
  ["EXPN", "EXPN list\r\n", [/^50[02] /]],
  ["ETRN", "ETRN example.com\r\n", [/^50[02] /]],
  ["BDAT", "BDAT 4 LAST\r\n", [/^50[0-3] /]],
  [
    "DATA with a parameter",
    "MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA x\r\n",
    [/^250 /, /^250 /, /^501 /],
  ],
  ["RCPT first", "RCPT TO:<b@example.com>\r\n", [/^503 5\.5\.1 /]],
  ["DATA first", "DATA\r\n", [/^503 5\.5\.1 /]],
  ["MAIL in MAIL", "MAIL FROM:<a@example.com>\r\nMAIL FROM:<a@example.com>\r\n", [/^250 /, /^503 5\.5\.1 /]],
  ["DATA without a recipient", "MAIL FROM:<a@example.com>\r\nDATA\r\n", [/^250 /, /^(?:503|554) 5\.[15]\.1 /]],
  ["an unknown parameter of MAIL", "MAIL FROM:<a@example.com> X=1\r\n", [/^(?:504|555) 5\.5\.4 /]],
  [
    "an unknown parameter of RCPT",
    "MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com> X=1\r\n",
    [/^250 /, /^(?:504|555) 5\.5\.4 /],
  ],
  ["XFORWARD with a line end in it", "XFORWARD NAME=a+0D+0AMAIL\r\n", [/^501 5\.5\.4 /]],
  ["XFORWARD with a NUL in it", "XFORWARD HELO=a+00\r\n", [/^501 5\.5\.4 /]],
];

for (const [what, octets, replies, end] of dialogs) {
  test(`${what}: ${replies.map(({ source }) => source).join(", ")}${end === undefined ? "" : ", closed"}`, async () => {
    const client = await connected(filter.ports.originating);
    client.send(octets);
    for (const wanted of replies) assert.match((await client.reply()).at(-1) ?? "(closed)", wanted);
    if (end === "closed") assert.deepEqual(await client.reply(), []);
    client.socket.destroy();
    await healthy();
  });
}

test("20,000 commands of no use end the session, and their replies are not piled up", async () => {
  const client = await connected(filter.ports.originating);
  client.send("NOOP\r\n".repeat(20_000));
  let last = "";
  for (let line = await client.line(); line !== undefined; line = await client.line()) last = line;
  assert.match(last, /^421 4\.7\.0 /);
  await healthy();
});

/** Paths that leave as they came, octet for octet. */
const addresses: readonly string[] = [
  '"john doe"@example.com',
  '"a@b"@example.com',
  '"a>b"@example.com',
  '"a\\"b"@example.com',
  '""@example.com',
  "user.@example.com",
  ".user@example.com",
  "a..b@example.com",
  "postmaster",
  "x@a_b.example",
  "x@example.org.",
  "x@-a-.example",
  "x@[192.0.2.1]",
  "x@[IPv6:2001:DB8::1]",
  "x@xn--bcher-kva.example",
  "x@XN--BCHER-KVA.example",
  "MiXeD@ExAmPlE.CoM",
  "a+b=c@example.com",
  "a/b%c!d@example.com",
  "\xe4\xf6@example.com",
  `${"l".repeat(64)}@${"d".repeat(60)}.example`,
];

for (const address of addresses) {
  test(`<${address}> leaves as it came, as sender and as recipient`, async () => {
    const before = filter.hop.lines.length;
    const client = await connected(filter.ports.originating);
    assert.match(await submit(client, { from: address, to: [address], data: mailText("address") }), /^250 /);
    client.socket.end("QUIT\r\n");
    const lines = filter.hop.lines.slice(before);
    assert.ok(
      lines.some((line) => line === `MAIL FROM:<${address}>` || line.startsWith(`MAIL FROM:<${address}> `)),
      JSON.stringify(lines),
    );
    assert.ok(lines.includes(`RCPT TO:<${address}>`), JSON.stringify(lines));
  });
}

test("recipients that differ in case alone, and one given twice, are all kept, in their order", async () => {
  const to = ["Foo@example.com", "foo@example.com", "b@example.com", "b@example.com", "FOO@example.com"];
  const client = await connected(filter.ports.originating);
  assert.match(await submit(client, { to, data: mailText("twice") }), /^250 /);
  assert.deepEqual(
    filter.hop.mails.at(-1)?.rcpts,
    to.map((address) => `RCPT TO:<${address}>`),
  );
  client.socket.end("QUIT\r\n");
});

test("parameters of DSN and SMTPUTF8 leave as they came", async () => {
  const client = await connected(filter.ports.originating);
  const mail = "MAIL FROM:<a@example.com> RET=HDRS ENVID=a+2Bb BODY=8BITMIME SMTPUTF8";
  const rcpts = [
    "RCPT TO:<\xc3\xa4@example.com> NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;x+40y",
    "RCPT TO:<b@example.com> NOTIFY=NEVER",
  ];
  for (const line of [mail, ...rcpts]) assert.match(await client.ask(line), /^250 /);
  await client.ask("DATA");
  client.send(mailText("dsn"));
  assert.match(await client.ask("."), /^250 /);
  const taken = filter.hop.mails.at(-1);
  assert.deepEqual(taken?.rcpts, rcpts);
  for (const word of mail.split(" ")) assert.ok(taken?.mail.split(" ").includes(word), `${word} in ${taken?.mail}`);
  client.socket.end("QUIT\r\n");
});

for (const text of [
  "550 5.1.1 no\r250 2.0.0 yes",
  "550 5.1.1 \x1b[31m\xff\x85",
  `550 5.1.1 ${"long ".repeat(1000)}`,
  "550-5.1.1 one\r\n550 5.1.1 two",
]) {
  test(`a next hop that says ${JSON.stringify(text.slice(0, 40))} is quoted in one clean line`, async () => {
    script = ({ stage }) => (stage === "dot" ? text : undefined);
    try {
      const client = await connected(filter.ports.originating);
      const reply = await submit(client, { data: mailText("quoted") });
      assert.match(reply, /^(?:550|451) [\x20-\x7e]{1,500}$/);
      assert.match(await client.ask("NOOP"), /^250 /);
      client.socket.end("QUIT\r\n");
    } finally {
      script = () => undefined;
    }
  });
}

test("nothing a client says breaks out of its place in the log or in our own fields", async () => {
  const evil = "\x1b[2J\x07\x9b\x85\u202e\u2028";
  const wide = Buffer.from(evil).toString("latin1");
  const seen = filter.daemon.lines.length;
  const client = await connected(filter.ports.originating);
  // Control octets are part of no command but for addresses.
  for (const line of [`EHLO x${evil}`, `XFORWARD NAME=${evil}`, `RUBBISH ${evil}`]) {
    assert.match(await client.ask(line), /^50[01] 5\.5\.[24] [\x20-\x7e]*$/);
  }
  const data = `From: a@example.com\r\nSubject: ${wide}\r\nMessage-ID: <${wide}@x>\r\nX-Mailer: ${wide}\r\n\r\nx\r\n`;
  const odd = '"\x1b[2J\x07\x9b\x85\xe2\x80\xa8"@example.com';
  assert.match(await submit(client, { from: odd, to: [odd], data }), /^250 /);
  const text = filter.hop.mails.at(-1)?.octets.toString("latin1") ?? "";
  assert.match(await submit(client, { from: "marker@example.com", data: mailText("marker") }), /^250 /);
  await filter.daemon.line("<marker@example.com>", seen);
  for (const line of filter.daemon.lines.slice(seen)) {
    const controls = [...line].filter((letter) => /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(letter));
    assert.deepEqual(controls, [], line);
    assert.ok(line.length < 8192, `${line.length} characters`);
  }
  assert.ok(text.endsWith(data));
  assert.doesNotMatch(text.slice(0, -data.length).replaceAll("\r\n", ""), /[^\x20-\x7e\t]/);
  client.socket.end("QUIT\r\n");
});

test("the client that XFORWARD told of does not stand for the next mail", async () => {
  const client = await connected(filter.ports.incoming);
  assert.match(await client.ask("XFORWARD ADDR=192.0.2.7 NAME=inside.example HELO=inside"), /^250 /);
  assert.match(await submit(client, { to: ["x@elsewhere.example"], data: mailText("ours") }), /^250 /);
  assert.match(await submit(client, { to: ["x@elsewhere.example"], data: mailText("not ours") }), /^250 /);
  client.socket.end("QUIT\r\n");
  const [ours, next] = filter.hop.mails.slice(-2).map(({ octets }) => octets.toString("latin1"));
  assert.match(ours ?? "", /^DKIM-Signature:/);
  assert.doesNotMatch(next ?? "", /DKIM-Signature:|192\.0\.2\.7|inside/);
});

test("a mail that says it is ours is not signed for that", async () => {
  const client = await connected(filter.ports.incoming);
  const forged =
    "Received: from mail.example.com (192.0.2.1) by mail.example.com with ESMTPSA\r\nX-Originating: yes\r\n";
  const data = `${forged}${mailText("forged")}`;
  assert.match(await submit(client, { to: ["x@elsewhere.example"], data }), /^250 /);
  assert.doesNotMatch(filter.hop.mails.at(-1)?.octets.toString("latin1") ?? "", /DKIM-Signature:/);
  client.socket.end("QUIT\r\n");
});

test("a mail that goes in circles is refused, one that has come far is not", async () => {
  const client = await connected(filter.ports.originating);
  const hop = "Received: by x.example; Fri, 06 Nov 2026 10:00:00 +0000\r\n";
  assert.match(await submit(client, { data: hop.repeat(100) + mailText("far") }), /^250 /);
  assert.match(await submit(client, { data: hop.repeat(101) + mailText("circle") }), /^554 5\.4\.6 /);
  client.socket.end("QUIT\r\n");
});

test("a notification of ours starts no conversation: null sender, Auto-Submitted, none for notifications", async () => {
  script = ({ stage, recipient }) => (stage === "rcpt" && recipient === 2 ? "550 5.1.1 no such user" : undefined);
  try {
    const client = await connected(filter.ports.originating);
    const to = ["one@example.com", "two@example.com"];
    assert.match(await submit(client, { to, data: mailText("partly") }), /^250 /);
    const dsn = filter.hop.mails.at(-1);
    assert.match(dsn?.mail ?? "", /^MAIL FROM:<>/);
    assert.match(dsn?.octets.toString("latin1") ?? "", /^Auto-Submitted: auto-(?:replied|generated)/im);
    const before = filter.hop.mails.length;
    assert.match(await submit(client, { from: "", to, data: mailText("bounce") }), /^250 /);
    assert.equal(filter.hop.mails.length, before + 1, "the mail itself and nothing else");
    client.socket.end("QUIT\r\n");
  } finally {
    script = () => undefined;
  }
});
