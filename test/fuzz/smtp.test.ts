// The daemon and any content or commands: each mail ends in the reply that its octets deserve and none is poison, what is
// passed on is what came in but for bare line ends, and the session goes on.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { corpusTest } from "../support/corpora.ts";
import { connected, type Filter, mailText, startFilter, submit } from "../support/filter.ts";
import { after, before, test } from "../support/limited.ts";
import type { SmtpClient } from "../support/smtp-client.ts";

const seed = 20_261_106;
const sizeLimit = 200_000;

let filter: Filter;

before(async () => {
  filter = await startFilter({ extra: `smtpd_message_size_limit: ${sizeLimit}` });
  filter.dns.fault = ({ name }) => (name.includes("drop") ? "servfail" : "none");
});

after(async () => {
  const lines = filter?.daemon.lines ?? [];
  assert.equal(await filter?.daemon.stop(), 0, "it ends as it should");
  await filter?.close();
  // A line of the log that says "err" is trouble of ours, which no mail may cause.
  assert.deepEqual(
    lines.filter((line) => /\b(?:TypeError|RangeError|internal|unhandled)\b/i.test(line)),
    [],
  );
});

/** As the filter is to hand it on: a bare CR or LF is a space (`bare_newline: replace`), the last line has its end. */
function handedOn(content: Buffer): Buffer {
  return Buffer.from(content.toString("latin1").replaceAll(/\r(?!\n)|(?<!\r)\n/g, " "), "latin1");
}

/** Dots doubled where a line begins, and lines begin after CRLF alone (RFC 5321 section 4.5.2). */
function stuffed(content: Buffer): Buffer {
  return Buffer.from(content.toString("latin1").replaceAll(/(?<=\r\n)\.|^\./g, ".."), "latin1");
}

/** A whole mail on an open connection: the reply to its final dot. */
async function offer(client: SmtpClient, content: Buffer, from = "a@example.com"): Promise<string> {
  client.send(`MAIL FROM:<${from}>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n`);
  for (const code of ["250", "250", "354"]) {
    const reply = (await client.reply()).at(-1);
    assert.ok(reply?.startsWith(code), `wanted ${code}, got ${reply}`);
  }
  client.socket.write(stuffed(content));
  return client.ask(".");
}

/** Offers it on a path and looks at what became of it: taken and passed on as it is, or refused for good. */
async function judge(client: SmtpClient, content: Buffer, code = "250"): Promise<void> {
  const before = filter.hop.mails.length;
  const reply = await offer(client, content);
  assert.ok(reply.startsWith(`${code} `), reply);
  if (code === "250") {
    const [mail, ...more] = filter.hop.mails.slice(before);
    assert.deepEqual(more, []);
    const wanted = handedOn(content);
    const left = mail?.octets ?? Buffer.alloc(0);
    // Fields of ours go below the lines of a mailbox file on top.
    const top = /^(?:>*From [^\n]*\n(?![ \t]))*/.exec(wanted.toString("latin1"))?.[0].length ?? 0;
    const isWhole =
      left.subarray(0, top).equals(wanted.subarray(0, top)) &&
      left.subarray(left.length - wanted.length + top).equals(wanted.subarray(top));
    assert.ok(isWhole, JSON.stringify(left.toString("latin1")));
    return;
  }
  assert.equal(filter.hop.mails.length, before);
}

const piece = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.constantFrom(
      "\r\n",
      "\r\n",
      "\r\n\r\n",
      " ",
      "\t",
      ":",
      "\r",
      "\n",
      "\0",
      ".",
      "\r\n.",
      "\xff",
      ";",
      '"',
      "<",
      ">",
    ),
  },
  {
    weight: 5,
    arbitrary: fc.constantFrom(
      "From: a@example.com",
      "From : <a@example.com>, b@example.com",
      "from:",
      "Sender: =?utf-8?Q?=00?= <x@[192.0.2.1]>",
      "Subject: x",
      "To: (((( <b@example.com>",
      "Received: by x; Fri, 6 Nov 2026 10:00:00 +0000",
      "Content-Type: multipart/mixed; boundary=a; boundary*=b",
      "--a",
      "Authentication-Results: elsewhere.example; dkim=pass",
      "ARC-Seal: i=1; a=rsa-sha256; cv=none; d=drop.example; s=s; b=AAAA",
      "DKIM-Signature: v=1; a=rsa-sha256; c=simple; d=example.com; s=r; h=from; bh=; b=AA==",
      "DKIM-Signature: v=1; a=ed25519-sha256; d=drop.example; s=e; h=from:from:from; l=0; bh=AAAA; b=AAAA",
      "DKIM-Signature:",
      "DomainKey-Signature: a=rsa-sha1; q=dns; c=nofws; s=s; d=example.com; b=AAAA",
      "__proto__: x",
      "constructor: y",
      "Precedence: bulk",
      "no colon here",
      "From the depths",
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom("x".repeat(1200), ",a@b".repeat(300), "\r\n\t".repeat(200), "(".repeat(500)),
  },
);
const soup = fc.array(piece, { maxLength: 60 }).map((pieces) => Buffer.from(`${pieces.join("")}\r\n`, "latin1"));

for (const port of ["incoming", "originating"] as const) {
  test(`no content is poison on the path ${port}`, { timeout: 60_000 }, async () => {
    const client = await connected(filter.ports[port]);
    await fc.assert(
      fc.asyncProperty(soup, (content) => judge(client, content)),
      { numRuns: 300, seed },
    );
    assert.match(await submit(client, { data: mailText("afterwards") }), /^250 /);
    client.socket.end("QUIT\r\n");
  });
}

const odd: Readonly<Record<string, Buffer>> = {
  "nothing at all": Buffer.from("\r\n"),
  "no header": Buffer.from("\r\nbody alone\r\n"),
  "no body": Buffer.from("From: a@example.com\r\n\r\n"),
  "no empty line": Buffer.from("From: a@example.com\r\nSubject: x\r\n"),
  "a folded first line": Buffer.from(" folded: yes\r\nFrom: a@example.com\r\n\r\nbody\r\n"),
  "a first line of white space": Buffer.from(" \r\nFrom: a@example.com\r\n\r\nbody\r\n"),
  "a line without a colon": Buffer.from("From: a@example.com\r\nnonsense\r\nSubject: x\r\n\r\nbody\r\n"),
  "an mbox line first": Buffer.from(
    "From a@example.com Fri Nov  6 10:00:00 2026\r\nFrom: a@example.com\r\n\r\nbody\r\n",
  ),
  "NUL everywhere": Buffer.from("\0From: a@example.com\r\nFrom: a\0@example.com\r\n\0\r\n\r\n\0\0\r\n"),
  "two From fields": Buffer.from("From: a@example.com\r\nFrom: b@example.com\r\n\r\nbody\r\n"),
  "no From field": Buffer.from("Subject: x\r\n\r\nbody\r\n"),
  "a field of 100 kB": Buffer.from(`From: a@example.com\r\nX: ${"y".repeat(100_000)}\r\n\r\nbody\r\n`),
  "20,000 folds": Buffer.from(`From: a@example.com\r\nX: y${"\r\n z".repeat(20_000)}\r\n\r\nbody\r\n`),
  "20,000 fields": Buffer.from(`From: a@example.com\r\n${"X:y\r\n".repeat(20_000)}\r\nbody\r\n`),
  "20,000 addresses": Buffer.from(`From: ${Array.from({ length: 20_000 }, () => "a@b.c").join(",")}\r\n\r\nbody\r\n`),
  "1,000 signatures": Buffer.from(
    `${"DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=r; h=from; bh=AA==; b=AA==\r\n".repeat(1000)}From: a@example.com\r\n\r\nbody\r\n`,
  ),
  "dots alone": Buffer.from(".\r\n..\r\n...\r\n\r\n.\r\n"),
  "101 Received fields": Buffer.from(`${"Received: by x\r\n".repeat(101)}From: a@example.com\r\n\r\nbody\r\n`),
  "more than is allowed": Buffer.from(
    `From: a@example.com\r\n\r\n${"x".repeat(998)}\r\n`.padEnd(sizeLimit + 100, "y\r\n").concat("\r\n"),
  ),
};

const refusals: Readonly<Record<string, string>> = { "101 Received fields": "554", "more than is allowed": "552" };

for (const [name, content] of Object.entries(odd)) {
  const code = refusals[name] ?? "250";
  test(`${name}: ${code} and, if taken, passed on as it is, on both paths`, { timeout: 20_000 }, async () => {
    for (const port of ["incoming", "originating"] as const) {
      const client = await connected(filter.ports[port]);
      await judge(client, content, code);
      assert.match(await submit(client, { data: mailText("afterwards") }), /^250 /);
      client.socket.end("QUIT\r\n");
    }
  });
}

for (const folder of ["mime-malformed", "spoofing"]) {
  corpusTest(`every message of the corpus ${folder} passes as it is`, folder, async (path) => {
    const files = readdirSync(path, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".eml"));
    assert.ok(files.length > 0);
    for (const port of ["incoming", "originating"] as const) {
      const client = await connected(filter.ports[port]);
      for (const file of files) {
        const octets = readFileSync(join(path, file));
        const content =
          octets.subarray(-2).toString("latin1") === "\r\n" ? octets : Buffer.concat([octets, Buffer.from("\r\n")]);
        await judge(client, content).catch((error: unknown) => assert.fail(`${file}: ${String(error)}`));
      }
      client.socket.end("QUIT\r\n");
    }
  });
}

const command = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom("MAIL FROM:<a@example.com>", "RCPT TO:<b@example.com>", "RSET", "NOOP", "EHLO x"),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      "MAIL FROM:<>",
      "MAIL FROM:<a@example.com> SIZE=10 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=x",
      "MAIL FROM:<a@example.com> SIZE=99999999999999999999",
      "MAIL FROM:<a@example.com> NONSENSE=1",
      'RCPT TO:<"a b"@example.com> NOTIFY=NEVER ORCPT=rfc822;x',
      "RCPT TO:<>",
      "RCPT TO:",
      "DATA x",
      "XFORWARD NAME=x ADDR=192.0.2.1",
      "XFORWARD NAME=+0D+0A",
      "HELO",
      "VRFY a",
      "BDAT 10 LAST",
      "AUTH PLAIN AAAA",
      "STARTTLS",
      "\0",
      "\xff\xfe",
    ),
  },
  {
    weight: 1,
    arbitrary: fc.string({
      unit: fc.constantFrom("A", " ", "<", ">", ":", "@", "\\", '"', "+", "\r", "\t"),
      maxLength: 40,
    }),
  },
);

test("every command line gets one reply, and any dialog leaves room for the next", { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { maxLength: 15 }), fc.boolean(), async (lines, together) => {
      const client = await connected(filter.ports.originating);
      if (together) client.send(lines.map((line) => `${line}\r\n`).join(""));
      for (const line of lines) {
        const reply = together ? (await client.reply()).at(-1) : await client.ask(line);
        assert.match(reply ?? "(closed)", /^[245]\d\d [\x20-\x7e]*$/, JSON.stringify(line));
        if (reply?.startsWith("421")) return;
      }
      assert.match(await client.ask("RSET"), /^250 /);
      assert.match(await submit(client, { data: mailText("afterwards") }), /^250 /);
      client.socket.end("QUIT\r\n");
    }),
    { numRuns: 300, seed },
  );
});
