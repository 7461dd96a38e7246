// The whole daemon as a process: what each kind of trouble is answered with, and that the next mail is fine.
import assert from "node:assert/strict";
import { readdir, writeFile } from "node:fs/promises";
import type { Act, Step } from "../support/fake-next-hop.ts";
import { connected, type Filter, mailText, recipients, startFilter, submit } from "../support/filter.ts";
import { freePort } from "../support/free-port.ts";
import { after, before, test } from "../support/limited.ts";

let filter: Filter;
/** What the next hop does, test by test. */
let script: (step: Step) => Act | Promise<Act> = () => undefined;

before(async () => {
  filter = await startFilter({
    script: (step) => script(step),
    extra: "smtpd_message_size_limit: 60M\nlimits: { message_time: 30s }",
  });
});

after(() => filter?.close());

/** Runs a test with a next hop that behaves so, and checks that an ordinary mail passes afterwards. */
async function withHop(behaviour: typeof script, run: () => Promise<void>): Promise<void> {
  script = behaviour;
  try {
    await run();
  } finally {
    script = () => undefined;
  }
  const client = await connected(filter.ports.originating);
  assert.match(await submit(client, { data: mailText("afterwards") }), /^250 2\.0\.0 from MTA/);
  client.socket.end("QUIT\r\n");
}

const refuse =
  (stage: Step["stage"], reply: string, recipient?: number) =>
  (step: Step): Act =>
    step.stage === stage && (recipient === undefined || step.recipient === recipient) ? reply : undefined;

async function send(
  data: string,
  to: readonly string[] = [recipients[0]],
  port = filter.ports.originating,
): Promise<string> {
  const client = await connected(port);
  const reply = await submit(client, { data, to });
  client.socket.end("QUIT\r\n");
  return reply;
}

test("a mail on each path gets the next hop's 250 and arrives as that path says", async () => {
  const before = filter.hop.mails.length;
  const [incoming, originating, nochecks] = [
    await send(mailText("in"), ["bob@example.com"], filter.ports.incoming),
    await send(mailText("out"), ["joe@elsewhere.example"]),
    await send(mailText("list"), ["joe@elsewhere.example"], filter.ports.nochecks),
  ];
  for (const reply of [incoming, originating, nochecks]) {
    assert.match(reply, /^250 2\.0\.0 from MTA\(smtp:\[127\.0\.0\.1\]:\d+\): 250 2\.0\.0 Ok: queued as FAKE$/);
  }
  const texts = filter.hop.mails.slice(before).map(({ octets }) => octets.toString("latin1"));
  assert.match(texts[0] ?? "", /^Authentication-Results: mail\.example\.com;\r\n\tdkim=none\r\nReceived: /);
  assert.match(texts[1] ?? "", /^DKIM-Signature: .*\r\n(?:\s.*\r\n)+Received: /);
  assert.match(texts[2] ?? "", /^DKIM-Signature: .*\r\n(?:\s.*\r\n)+Received: /);
  for (const text of texts) assert.ok(text.endsWith("\r\n\r\nHello there.\r\n"), text);
});

test("recipients whose mail leaves alike share a transaction, whether they are ours or not", async () => {
  const everybody = ["bob@example.com", "joe@elsewhere.example", "eve@example.com"];
  const counts: number[] = [];
  for (const port of [filter.ports.nochecks, filter.ports.incoming]) {
    const before = filter.hop.mails.length;
    assert.match(await send(mailText("all"), everybody, port), /^250 /);
    counts.push(filter.hop.mails.length - before);
  }
  // What checks have found, recipients of ours are told and no others.
  assert.deepEqual(counts, [1, 2]);
});

test("one of several next hops is picked for a mail, not for each of its recipients", async (t) => {
  const port = await freePort();
  // Nobody listens at the second place: what would go there fails over to the first.
  const methods = `["smtp:[127.0.0.1]:${port}", "smtp:[127.0.0.1]:${await freePort()}"]`;
  const balanced = await startFilter({ port, originating: `forward_method: ${methods}` });
  t.after(() => balanced.close());
  const client = await connected(balanced.ports.originating);
  const to = Array.from({ length: 20 }, (_, id) => `r${id}@example.com`);
  assert.match(await submit(client, { data: mailText("many"), to }), /^250 /);
  assert.deepEqual(
    balanced.hop.mails.map(({ rcpts }) => rcpts.length),
    [20],
  );
});

test("a recipient refused for good among good ones: the others are served, the sender is told, then 250", async () => {
  await withHop(refuse("rcpt", "550 5.1.1 no such user", 2), async () => {
    const before = filter.hop.mails.length;
    const reply = await send(mailText("one of three"), recipients);
    assert.match(reply, /^250 2\.0\.0 from MTA.*, but 1 REJECT$/);
    const [mail, dsn, ...more] = filter.hop.mails.slice(before);
    assert.deepEqual(
      mail?.rcpts.map((line) => /<(.*)>/.exec(line)?.[1]),
      [recipients[0], recipients[2]],
    );
    assert.match(dsn?.mail ?? "", /^MAIL FROM:<>/);
    assert.match(dsn?.rcpts[0] ?? "", /<alice@example\.com>/);
    const text = dsn?.octets.toString("latin1") ?? "";
    assert.match(text, /^Final-Recipient: rfc822; ?two@example\.com\r$/im);
    assert.match(text, /^Diagnostic-Code: smtp; ?550 5\.1\.1 no such user\r$/im);
    assert.deepEqual(more, []);
  });
});

for (const [fate, said, wanted] of [
  [
    "refused for good: 250, since a retry would tell nobody",
    "550 5.1.8 no such sender",
    /^250 2\.0\.0 from MTA.*, but 1 REJECT$/,
  ],
  ["put off: the mail again", "450 4.7.1 later", /^451 4\.3\.0 .*notification could not be handed over/],
] as const) {
  test(`a notification is ${fate}`, async () => {
    const script = (step: Step): Act => {
      if (step.stage === "rcpt" && step.recipient === 2) return "550 5.1.1 no such user";
      return step.line.startsWith("MAIL FROM:<>") ? said : undefined;
    };
    await withHop(script, async () => {
      const before = filter.hop.mails.length;
      assert.match(await send(mailText("one of three"), recipients), wanted);
      assert.equal(filter.hop.mails.length, before + 1);
    });
  });
}

test("without a next hop for notifications there are none, and no mail comes again for want of one", async (t) => {
  const mute = await startFilter({
    script: refuse("rcpt", "550 5.1.1 no such user", 2),
    originating: "notify_method: null",
  });
  t.after(() => mute.close());
  const client = await connected(mute.ports.originating);
  const reply = await submit(client, { data: mailText("one of three"), to: recipients });
  assert.match(reply, /^250 2\.0\.0 from MTA.*, but 1 REJECT$/);
  assert.equal(mute.hop.mails.length, 1);
});

test("a notification that is not taken in the mail's own time: 4xx before the client gives up", {
  timeout: 60_000,
}, async (t) => {
  const hasty = await startFilter({
    script: ({ stage, line, recipient }) => {
      if (stage === "rcpt" && recipient === 2) return "550 5.1.1 no such user";
      return stage === "dot" && line.startsWith("MAIL FROM:<>") ? "" : undefined;
    },
    extra: "limits: { message_time: 3s }",
  });
  t.after(() => hasty.close());
  const client = await connected(hasty.ports.originating);
  const reply = await submit(client, { data: mailText("one of three"), to: recipients });
  assert.match(reply, /^451 4\.3\.0 .*notification could not be handed over/);
});

test("a recipient refused for now: nobody is served, 4xx, and no duplicate when the mail comes again", async () => {
  await withHop(refuse("rcpt", "450 4.2.1 mailbox busy", 2), async () => {
    const before = filter.hop.mails.length;
    assert.match(await send(mailText("busy"), recipients), /^450 4\.2\.1 id=\S+ - Temporary MTA failure on relaying/);
    assert.equal(filter.hop.mails.length, before);
  });
});

test("all recipients refused for good: the next hop's 5xx, no notification of ours", async () => {
  await withHop(refuse("rcpt", "550 5.1.1 no such user"), async () => {
    const before = filter.hop.mails.length;
    assert.match(
      await send(mailText("nobody"), recipients),
      /^550 5\.1\.1 id=\S+ - Rejected by next-hop MTA on relaying, from MTA/,
    );
    assert.equal(filter.hop.mails.length, before);
  });
});

for (const [name, behaviour, wanted] of [
  ["refuses the content for good", refuse("dot", "554 5.7.1 no"), /^554 5\.7\.1 /],
  ["puts the content off", refuse("dot", "451 4.3.0 later"), /^451 4\.3\.0 /],
  ["puts the sender off", refuse("mail", "452 4.3.1 full"), /^452 4\.3\.1 /],
  ["says 421 at the final dot", refuse("dot", "421 4.3.2 going down"), /^4\d\d /],
  ["greets with 421", refuse("connect", "421 4.3.2 too busy"), /^4\d\d /],
  ["talks garbage", refuse("dot", "what?"), /^451 4\.5\.0 /],
  ["hangs up at the final dot", (step: Step): Act => (step.stage === "dot" ? { end: "close" } : undefined), /^4\d\d /],
  ["resets in the middle", (step: Step): Act => (step.stage === "data" ? { end: "reset" } : undefined), /^4\d\d /],
] as const) {
  test(`a next hop that ${name}: its trouble is passed on, never made a bounce`, async () => {
    await withHop(behaviour, async () => {
      filter.hop.hangUp();
      assert.match(await send(mailText("trouble")), wanted);
    });
  });
}

test("a client that goes away in the middle of the content leaves nothing behind", async () => {
  const before = filter.hop.mails.length;
  const client = await connected(filter.ports.originating);
  await client.ask("MAIL FROM:<alice@example.com>");
  await client.ask("RCPT TO:<one@example.com>");
  await client.ask("DATA");
  client.send(mailText("gone", "x".repeat(70).concat("\r\n").repeat(40_000)));
  client.socket.resetAndDestroy();
  await client.closed();
  assert.match(await send(mailText("next")), /^250 /);
  assert.equal(filter.hop.mails.length, before + 1);
  assert.deepEqual(
    (await readdir(filter.daemon.folder)).filter((name) => name.startsWith("signpost-spool")),
    [],
  );
});

test("an oversized message is read to its end and refused with 552; the session goes on", async () => {
  const client = await connected(filter.ports.originating);
  const line = `${"y".repeat(998)}\r\n`;
  const reply = await submit(client, { data: Buffer.from(mailText("big", line.repeat(61 * 1049))) });
  assert.match(reply, /^552 5\.3\.4 /);
  assert.match(await submit(client, { data: mailText("small") }), /^250 /);
  client.socket.end("QUIT\r\n");
});

test("bare CR and LF become spaces before anything is signed, and no bare line end leaves", async () => {
  const before = filter.hop.mails.length;
  assert.match(await send(mailText("bare", "one\ntwo\rthree\r\n.\nfour\r\n")), /^250 /);
  const text = filter.hop.mails[before]?.octets.toString("latin1") ?? "";
  assert.ok(text.endsWith("\r\n\r\none two three\r\n. four\r\n"), JSON.stringify(text.slice(-60)));
});

test("garbage instead of commands is answered and does not hurt", async () => {
  const client = await connected(filter.ports.originating);
  for (const command of [
    "\x16\x03\x01\x02",
    "MAIL",
    "RCPT TO:<a@b.example>",
    "DATA",
    "WIZ",
    "STARTTLS",
    "AUTH PLAIN",
  ]) {
    assert.match(await client.ask(command), /^5\d\d /, command);
  }
  assert.match(await submit(client, { data: mailText("after garbage") }), /^250 /);
  // A browser is not told more than that it is in the wrong place.
  assert.match(await client.ask("GET / HTTP/1.1"), /^421 4\.7\.0 /);
  await client.closed();
});

test("a 50 MB message is signed, arrives octet for octet, and memory stays below 250 MB", async () => {
  const before = filter.hop.mails.length;
  const body = Buffer.alloc(50_000_000, `${"All work and no play makes mail a dull boy. ".repeat(20)}\r\n`);
  body.write("\r\n", body.length - 2);
  let peak = 0;
  const watch = setInterval(async () => {
    peak = Math.max(peak, await filter.daemon.residentBytes());
  }, 20);
  const client = await connected(filter.ports.originating);
  const data = Buffer.concat([Buffer.from(mailText("huge", "")), body]);
  const reply = await submit(client, { data });
  clearInterval(watch);
  client.socket.end("QUIT\r\n");
  assert.match(reply, /^250 /);
  const arrived = filter.hop.mails[before]?.octets ?? Buffer.alloc(0);
  assert.match(arrived.toString("latin1", 0, 200), /^DKIM-Signature: /);
  assert.ok(arrived.subarray(arrived.indexOf("\r\n\r\n") + 4).equals(body), "the body is as it was sent");
  assert.ok(peak < 250e6, `resident memory peaked at ${Math.round(peak / 1e6)} MB`);

  // And comes back in: verified, from the spool file's digests.
  const back = await connected(filter.ports.incoming);
  assert.match(await submit(back, { data: arrived, from: "x@elsewhere.example" }), /^250 /);
  back.socket.end("QUIT\r\n");
  assert.match(filter.hop.mails.at(-1)?.octets.toString("latin1", 0, 300) ?? "", /dkim=pass \(2048-bit key\)/);
});

test("a large mail with several signatures of one canonicalization has every digest they need", async () => {
  const field = (fields: string) =>
    `DomainKey-Signature: a=rsa-sha1; c=simple; q=dns; s=r; d=example.com; h=${fields}; b=${"A".repeat(344)}\r\n`;
  const body = `${"z".repeat(76)}\r\n`.repeat(8000);
  const data = field("From:Subject") + field("From:To:Subject:Date") + mailText("several", body);
  assert.match(await send(data, ["bob@example.com"], filter.ports.incoming), /^250 /);
});

test("SIGHUP puts a new configuration in force for the next mail, connections staying", async () => {
  const client = await connected(filter.ports.originating);
  assert.match(await submit(client, { data: mailText("before reload") }), /^250 /);
  const seen = filter.daemon.lines.length;
  await writeFile(filter.daemon.configFile, filter.config.replace("ttl: 21d", "ttl: 21d, s: e"));
  filter.daemon.process.kill("SIGHUP");
  await filter.daemon.line("configuration reloaded", seen);
  assert.match(await submit(client, { data: mailText("after reload") }), /^250 /);
  client.socket.end("QUIT\r\n");
  const [old, fresh] = filter.hop.mails.slice(-2).map(({ octets }) => octets.toString("latin1"));
  assert.match(old ?? "", /a=rsa-sha256;/);
  assert.match(fresh ?? "", /a=ed25519-sha256;/);
});

test("a broken configuration at SIGHUP is named and leaves the old one in force", async () => {
  const seen = filter.daemon.lines.length;
  await writeFile(filter.daemon.configFile, filter.config.replace("enable_dkim_signing", "enable_dkim_sining"));
  filter.daemon.process.kill("SIGHUP");
  await filter.daemon.line("the old configuration stays in force", seen);
  assert.ok(
    filter.daemon.lines
      .slice(seen)
      .some((line) => /:\d+:\d+: error: .*enable_dkim_sining.*enable_dkim_signing/.test(line)),
  );
  assert.match(await send(mailText("old config")), /^250 /);
  assert.match(filter.hop.mails.at(-1)?.octets.toString("latin1") ?? "", /^DKIM-Signature: /);
});

test("SIGTERM lets a mail under way finish, sends idle sessions home and ends with 0", async () => {
  const { promise: held, resolve: release } = Promise.withResolvers<undefined>();
  const { promise: atDot, resolve: reachDot } = Promise.withResolvers<void>();
  const own = await startFilter({
    script(step) {
      if (step.stage !== "dot") return undefined;
      reachDot();
      return held;
    },
  });
  const idle = await connected(own.ports.originating);
  const busy = await connected(own.ports.originating);
  const reply = submit(busy, { data: mailText("under way") });
  await atDot;
  own.daemon.process.kill("SIGTERM");
  assert.match((await idle.line()) ?? "", /^421 4\.3\.2 /);
  release(undefined);
  assert.match(await reply, /^250 2\.0\.0 from MTA/);
  assert.equal(await own.daemon.stop(), 0);
  assert.equal(own.hop.mails.length, 1);
  await own.hop.close();
  await own.dns.close();
});
