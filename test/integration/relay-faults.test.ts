// What becomes of a mail when the next hop fails, step by step: nothing is lost, nothing bounces for trouble that is
// not the mail's, nothing is delivered twice where that can be avoided. Mail in one write: relay-chunking.test.ts.
import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import type { Message } from "../../src/mail/message.ts";
import { NextHopConnection } from "../../src/relay/connection.ts";
import type { Delivery, Outgoing, RelayTimeouts } from "../../src/relay/delivery.ts";
import { type ClosableRelay, createRelay } from "../../src/relay/relay.ts";
import { formatReply } from "../../src/smtp/reply.ts";
import { type Act, dataKeywords, type Step, startFakeNextHop } from "../support/fake-next-hop.ts";
import { test } from "../support/limited.ts";
import { envelopeFrom, messageFrom, outgoingTo, plainMail } from "../support/relay-mail.ts";
import { connectToHasty, startRelay, unlessPutOff } from "../support/relay-set-up.ts";

const always = () => true;
const words = (delivery: Delivery | undefined) => delivery?.replies.map(formatReply);

const three = envelopeFrom("a@example.com", "b1@example.com", "b2@example.com", "b3@example.com");

async function send(relay: ClosableRelay, outgoing: Outgoing, proceed = unlessPutOff): Promise<readonly string[]> {
  const [delivery] = await relay([outgoing], proceed);
  return words(delivery) ?? [];
}

const at = (stage: Step["stage"], act: Act) => (step: Step) => (step.stage === stage ? act : undefined);

// ---- no connection

test("says that it cannot connect, and sends again as soon as the next hop is back", async (t) => {
  const gone = await startFakeNextHop();
  await gone.close();
  const relay = createRelay({ localhost_name: "localhost" });
  t.after(() => relay.close());
  assert.deepEqual(await send(relay, outgoingTo(gone.nextHop)), [
    `450 4.4.1 Can't connect to smtp:[127.0.0.1]:${gone.port}: ECONNREFUSED`,
  ]);
  const back = await startFakeNextHop({ port: gone.port });
  t.after(() => back.close());
  assert.deepEqual(await send(relay, outgoingTo(back.nextHop)), ["250 2.0.0 Ok: queued as FAKE"]);
});

test("goes to the next of several next hops when one cannot be reached or turns it away", async (t) => {
  const gone = await startFakeNextHop();
  await gone.close();
  const busy = await startFakeNextHop({ script: at("connect", { reply: "421 4.3.2 busy", end: "close" }) });
  t.after(() => busy.close());
  const { hop, relay } = await startRelay(t);
  const outgoing = { ...outgoingTo(gone.nextHop), failover: [busy.nextHop, hop.nextHop] };
  const [delivery] = await relay([outgoing], unlessPutOff);
  assert.deepEqual(words(delivery), ["250 2.0.0 Ok: queued as FAKE"]);
  assert.equal(delivery?.remote, `smtp:[127.0.0.1]:${hop.port}`);
});

test("names all next hops when none can be reached", async (t) => {
  const one = await startFakeNextHop();
  const two = await startFakeNextHop();
  await one.close();
  await two.close();
  const relay = createRelay({ localhost_name: "localhost" });
  t.after(() => relay.close());
  const [text = ""] = await send(relay, { ...outgoingTo(one.nextHop), failover: [two.nextHop] });
  assert.match(text, /^450 4\.4\.1 All attempts \(2\) failed: /);
  assert.ok(text.includes(`:${one.port}: ECONNREFUSED`) && text.includes(`:${two.port}: ECONNREFUSED`));
});

// ---- silence

/** Short, but long enough for a busy machine to answer the commands before. */
const shortMs = 300;
const quick: Partial<RelayTimeouts> = {
  connect: shortMs,
  greeting: shortMs,
  command: shortMs,
  data: shortMs,
  block: shortMs,
  finalDot: shortMs,
  reset: shortMs,
};

test("waits for a connection as long as connecting may take, and for the greeting after that", async (t) => {
  const { hop } = await startRelay(t, { script: at("connect", "") });
  let nowMs = 0;
  const connect = () =>
    new NextHopConnection(
      hop.nextHop,
      null,
      () => nowMs,
      () => {},
    );
  // The first look beyond a deadline leaves time for what has arrived already.
  const expire = (connection: NextHopConnection) => {
    for (let look = 0; look < 2; look += 1) connection.expire(nowMs);
  };

  const unanswered = connect();
  const noConnection = unanswered.greeted(10_000, 60_000);
  nowMs = 9_999;
  expire(unanswered);
  assert.equal(unanswered.failure, undefined);
  nowMs = 10_000;
  expire(unanswered);
  assert.deepEqual((await noConnection).failure, { kind: "connect", detail: "timed out" });

  const silent = connect();
  const noGreeting = silent.greeted(10_000, 60_000);
  while (!silent.connected) await setImmediate();
  nowMs += 59_999;
  expire(silent);
  assert.equal(silent.failure, undefined);
  nowMs += 1;
  expire(silent);
  assert.deepEqual((await noGreeting).failure, { kind: "timeout" });
});

const silent: readonly [Step["stage"], string][] = [
  ["connect", "greeting"],
  ["ehlo", "EHLO"],
  ["mail", "MAIL"],
  ["rcpt", "RCPT"],
  ["data", "DATA"],
  ["dot", "final dot"],
];

for (const [stage, phase] of silent) {
  test(`puts a mail off when the next hop is silent at ${stage}`, async (t) => {
    const { hop, relay } = await startRelay(t, { script: at(stage, "") }, { timeouts: quick });
    assert.deepEqual(await send(relay, outgoingTo(hop.nextHop, three)), [
      ...[1, 2, 3].map(() => `450 4.4.2 Timed out during ${phase}, MTA(smtp:[127.0.0.1]:${hop.port})`),
    ]);
    assert.equal(hop.mails.length, 0);
  });
}

test("puts a mail off when the next hop stops reading, and ends the connection without a dot", async (t) => {
  const { hop, relay } = await startRelay(t, { onContent: (socket) => socket.pause() }, { timeouts: { block: 60 } });
  const outgoing = outgoingTo(hop.nextHop, undefined, `${plainMail}${"x".repeat(70)}\r\n`.repeat(300_000));
  const [text = ""] = await send(relay, outgoing);
  assert.match(text, /^450 4\.4\.2 Timed out during content/);
  hop.hangUp("reset");
  assert.equal(hop.mails.length, 0);
});

test("takes no longer than the mail's own deadline", async (t) => {
  const options = { script: at("dot", ""), keywords: dataKeywords };
  const { hop, relay } = await startRelay(t, options, { timeouts: { reset: 20 } });
  const outgoing = { ...outgoingTo(hop.nextHop), deadlineMs: performance.now() + 100 };
  assert.match((await send(relay, outgoing))[0] ?? "", /^450 4\.4\.2 Timed out during final dot/);
});

// ---- connections that break

const broken: readonly [Step["stage"], "close" | "reset", RegExp][] = [
  ["connect", "close", /^451 4\.5\.0 From MTA\(.*\) during greeting: /],
  ["ehlo", "close", /^451 4\.5\.0 From MTA\(.*\) during EHLO: /],
  ["mail", "reset", /^451 4\.5\.0 From MTA\(.*\) during MAIL: /],
  ["rcpt", "reset", /^451 4\.5\.0 From MTA\(.*\) during RCPT: /],
  ["data", "reset", /^451 4\.5\.0 From MTA\(.*\) during DATA: /],
  ["dot", "close", /^451 4\.5\.0 From MTA\(.*\) during final dot: /],
  ["dot", "reset", /^451 4\.5\.0 From MTA\(.*\) during final dot: /],
];

for (const [stage, end, text] of broken) {
  test(`does not try again when a new connection ends at ${stage} (${end})`, async (t) => {
    const { hop, relay } = await startRelay(t, { script: at(stage, { end }) });
    for (const word of await send(relay, outgoingTo(hop.nextHop, three))) assert.match(word, text);
    assert.equal(hop.connections, 1);
  });
}

test("does not try again when the connection is reset within the content", async (t) => {
  const { hop, relay } = await startRelay(t, { onContent: (socket) => socket.resetAndDestroy() });
  const outgoing = outgoingTo(hop.nextHop, undefined, `${plainMail}${"x".repeat(70)}\r\n`.repeat(100_000));
  assert.match((await send(relay, outgoing))[0] ?? "", /^451 4\.5\.0 From MTA/);
  assert.equal(hop.connections, 1);
  assert.equal(hop.mails.length, 0);
  assert.equal(hop.cutOff, 1);
});

test("passes on what the next hop says against the content before it is all there", async (t) => {
  const { hop, relay } = await startRelay(t, {
    onContent: (socket) => {
      socket.end("552 5.3.4 too big\r\n");
    },
  });
  const body = `${plainMail}${"x".repeat(70)}\r\n`;
  const spooled = spoolOf(body, 400);
  assert.match(
    (await send(relay, { ...outgoingTo(hop.nextHop), message: spooled }))[0] ?? "",
    /^552 5\.3\.4 too big|^451 4\.5\.0 From MTA/,
  );
  assert.equal(hop.mails.length, 0);
});

for (const [said, wanted] of [
  ["550 5.7.1 not this", { replies: ["550 5.7.1 not this"], failure: undefined }],
  ["250 2.0.0 Ok", { replies: [], failure: "garbage" }],
] as const) {
  test(`drops the connection when the next hop says ${said.slice(0, 3)} before all content is out`, async (t) => {
    const { connection, patience } = await connectToHasty(t, said);
    await connection.exchange("MAIL FROM:<>\r\nRCPT TO:<a@b.example>\r\nDATA\r\n", 3, patience);
    // More than the kernel takes for a peer that reads nothing: these octets may be another mail's by the next turn.
    const views = [Buffer.alloc(32_000_000, "x")];
    const { replies, failure } = await connection.exchangeContent(views, 1, 60_000, patience);
    assert.deepEqual({ replies: replies.map(formatReply), failure: failure?.kind }, wanted);
    assert.equal(connection.failure?.kind, wanted.failure ?? "dropped");
  });
}

// ---- refusals

const putOff: readonly [Step["stage"], Act, RegExp][] = [
  ["connect", "450 4.3.2 later", /^450 4\.3\.2 later$/],
  ["connect", { reply: "421 4.3.2 busy", end: "close" }, /^421 4\.3\.2 busy$/],
  ["connect", "554 5.3.2 not you", /^451 4\.5\.0 From MTA\(.*\) during greeting: 554 not you$/],
  ["ehlo", "451 4.3.0 later", /^451 4\.3\.0 later$/],
  ["mail", "452 4.3.1 no space", /^452 4\.3\.1 no space$/],
  ["mail", { reply: "421 4.3.2 bye", end: "close" }, /^421 4\.3\.2 bye$/],
  ["rcpt", "450 4.2.0 grey", /^450 4\.2\.0 grey$/],
  ["rcpt", { reply: "421 4.3.2 bye", end: "close" }, /^421 4\.3\.2 bye$/],
  ["data", "451 4.3.0 no", /^451 4\.3\.0 no$/],
  ["data", { reply: "421 4.3.2 bye", end: "close" }, /^421 4\.3\.2 bye$/],
  ["dot", "451 4.3.0 failed", /^451 4\.3\.0 failed$/],
  ["dot", { reply: "421 4.3.2 bye", end: "close" }, /^421 4\.3\.2 bye$/],
  ["connect", "hello there", /^451 4\.5\.0 Bad SMTP response code/],
  ["ehlo", "\x16\x03\x01", /^451 4\.5\.0 Bad SMTP response code/],
  ["mail", "xyz", /^451 4\.5\.0 Bad SMTP response code/],
  ["mail", "354 what", /^451 4\.5\.0 Bad SMTP response code/],
  ["rcpt", "354 what", /^451 4\.5\.0 Bad SMTP response code/],
  ["data", "250 2.1.5 Ok", /^451 4\.5\.0 Bad SMTP response code/],
  ["dot", "354 what", /^451 4\.5\.0 Bad SMTP response code/],
  ["dot", "25 0", /^451 4\.5\.0 Bad SMTP response code/],
];

for (const pipelining of [true, false]) {
  for (const [stage, act, text] of putOff) {
    const what = typeof act === "string" ? act : act?.reply;
    test(`passes on or words "${what}" at ${stage} ${pipelining ? "with" : "without"} pipelining, and nothing arrives`, async (t) => {
      const keywords = pipelining ? ["PIPELINING"] : [];
      const { hop, relay } = await startRelay(t, { script: at(stage, act), keywords });
      for (const word of await send(relay, outgoingTo(hop.nextHop, three))) assert.match(word, text);
      assert.equal(hop.mails.length, 0);
    });
  }
}

test("does not take a reply too many for the one to DATA, and its connection no more mail", async (t) => {
  const script = (step: Step) =>
    step.stage === "rcpt" && step.connection === 1 ? "250 2.1.5 Ok\r\n250 2.1.5 Ok" : undefined;
  const { hop, relay } = await startRelay(t, { script, keywords: ["PIPELINING"] });
  assert.match((await send(relay, outgoingTo(hop.nextHop)))[0] ?? "", /^451 4\.5\.0 Bad SMTP response code/);
  assert.deepEqual(await send(relay, outgoingTo(hop.nextHop)), ["250 2.0.0 Ok: queued as FAKE"]);
  assert.deepEqual([hop.connections, hop.mails.length], [2, 1]);
});

test("tries HELO where EHLO is not known, and says nothing then that needs EHLO", async (t) => {
  const { hop, relay } = await startRelay(t, { script: at("ehlo", "500 5.5.2 what") });
  const envelope = envelopeFrom("a@example.com RET=HDRS", "b@example.com NOTIFY=NEVER");
  assert.deepEqual(await send(relay, outgoingTo(hop.nextHop, envelope, plainMail, { address: "192.0.2.1" })), [
    "250 2.0.0 Ok: queued as FAKE",
  ]);
  assert.deepEqual(hop.lines.slice(0, 5), [
    "EHLO localhost",
    "HELO localhost",
    "MAIL FROM:<a@example.com>",
    "RCPT TO:<b@example.com>",
    "DATA",
  ]);
});

for (const pipelining of [true, false]) {
  const how = pipelining ? "with" : "without";
  const keywords = pipelining ? ["PIPELINING"] : [];

  test(`delivers to the others when one recipient is refused, ${how} pipelining`, async (t) => {
    const script = (step: Step) => (step.line.includes("b2@") ? "550 5.1.1 unknown" : undefined);
    const { hop, relay } = await startRelay(t, { script, keywords });
    assert.deepEqual(await send(relay, outgoingTo(hop.nextHop, three)), [
      "250 2.0.0 Ok: queued as FAKE",
      "550 5.1.1 unknown",
      "250 2.0.0 Ok: queued as FAKE",
    ]);
    assert.deepEqual(hop.mails[0]?.rcpts, ["RCPT TO:<b1@example.com>", "RCPT TO:<b3@example.com>"]);
  });

  test(`sends nothing when all recipients are refused, ${how} pipelining, and the next mail is fine`, async (t) => {
    const script = (step: Step) => (/^RCPT TO:<b\d@/.test(step.line) ? "550 5.1.1 unknown" : undefined);
    const { hop, relay } = await startRelay(t, { script, keywords });
    assert.deepEqual(
      await send(relay, outgoingTo(hop.nextHop, three)),
      [1, 2, 3].map(() => "550 5.1.1 unknown"),
    );
    assert.deepEqual(await send(relay, outgoingTo(hop.nextHop)), ["250 2.0.0 Ok: queued as FAKE"]);
    assert.equal(hop.mails.length, 1);
    if (pipelining) assert.equal(hop.connections, 1);
  });

  test(`delivers to nobody when one recipient is put off, ${how} pipelining, and the next mail is fine`, async (t) => {
    const script = (step: Step) => (step.line.includes("b2@") ? "450 4.2.0 grey" : undefined);
    const { hop, relay } = await startRelay(t, { script, keywords });
    const held = "451 4.5.0 Not sent: another recipient of the same mail was refused for now";
    assert.deepEqual(await send(relay, outgoingTo(hop.nextHop, three)), [held, "450 4.2.0 grey", held]);
    assert.deepEqual(await send(relay, outgoingTo(hop.nextHop)), ["250 2.0.0 Ok: queued as FAKE"]);
    assert.equal(hop.mails.length, 1);
    assert.deepEqual(hop.mails[0]?.rcpts, ["RCPT TO:<b@example.com>"]);
  });

  test(`delivers to the others when one is put off and each has its own reply, ${how} pipelining`, async (t) => {
    const script = (step: Step) => (step.line.includes("b2@") ? "450 4.2.0 grey" : undefined);
    const { hop, relay } = await startRelay(t, { script, keywords });
    assert.deepEqual(await send(relay, outgoingTo(hop.nextHop, three), always), [
      "250 2.0.0 Ok: queued as FAKE",
      "450 4.2.0 grey",
      "250 2.0.0 Ok: queued as FAKE",
    ]);
    assert.equal(hop.mails[0]?.rcpts.length, 2);
  });
}

test("ends the connection when content is asked for although nobody was accepted", async (t) => {
  const script = (step: Step) => {
    if (step.stage === "rcpt") return "550 5.1.1 unknown";
    return step.stage === "mail" ? "250 2.1.0 Ok" : undefined;
  };
  const { hop, relay } = await startRelay(t, { script, keywords: dataKeywords });
  // The fake refuses DATA then, as a good next hop does; this one does not.
  const careless = await startFakeNextHop({
    keywords: dataKeywords,
    script: (step) => (step.stage === "rcpt" ? "550 no\r\n354 go on" : undefined),
  });
  t.after(() => careless.close());
  assert.deepEqual(await send(relay, outgoingTo(hop.nextHop)), ["550 5.1.1 unknown"]);
  assert.deepEqual(await send(relay, outgoingTo(careless.nextHop)), ["550 no"]);
  await careless.ended(1);
  assert.equal(careless.mails.length, 0);
});

for (const [stage, text] of [
  ["mail", "550 5.7.1 not from you"],
  ["data", "554 5.5.1 no"],
  ["dot", "554 5.7.1 spam"],
] as const) {
  test(`gives all recipients the 5xx said to ${stage}, and uses the connection again`, async (t) => {
    const script = (step: Step) => (step.stage === stage && step.mail === 1 ? text : undefined);
    const { hop, relay } = await startRelay(t, { script });
    assert.deepEqual(await send(relay, outgoingTo(hop.nextHop, three)), [text, text, text]);
    assert.deepEqual(await send(relay, outgoingTo(hop.nextHop)), ["250 2.0.0 Ok: queued as FAKE"]);
    assert.equal(hop.mails.length, 1);
  });
}

// ---- too many recipients for one transaction

const five = envelopeFrom("a@example.com", ...[1, 2, 3, 4, 5].map((n) => `b${n}@example.com`));
const atMostTwo = (step: Step) => (step.stage === "rcpt" && step.recipient > 2 ? "452 4.5.3 too many" : undefined);

test("sends the rest in further transactions of the same session", async (t) => {
  const { hop, relay } = await startRelay(t, { script: atMostTwo });
  assert.deepEqual(
    await send(relay, outgoingTo(hop.nextHop, five)),
    five.recipients.map(() => "250 2.0.0 Ok: queued as FAKE"),
  );
  assert.deepEqual(
    hop.mails.map((mail) => mail.rcpts),
    [
      ["RCPT TO:<b1@example.com>", "RCPT TO:<b2@example.com>"],
      ["RCPT TO:<b3@example.com>", "RCPT TO:<b4@example.com>"],
      ["RCPT TO:<b5@example.com>"],
    ],
  );
  assert.equal(hop.connections, 1);
  assert.deepEqual(new Set(hop.mails.map((mail) => mail.octets.toString("latin1"))), new Set([plainMail]));
});

test("puts the rest off when a further transaction is put off, and reports that some have the mail already", async (t) => {
  const partial: string[] = [];
  const observer = { connection() {}, reply() {}, partial: (remote: string) => partial.push(remote) };
  const script = (step: Step) => {
    if (step.stage === "rcpt" && step.mail === 2) return "450 4.2.0 grey";
    return atMostTwo(step);
  };
  const { hop, relay } = await startRelay(t, { script }, { observer });
  const replies = await send(relay, outgoingTo(hop.nextHop, five));
  assert.deepEqual(
    replies.map((text) => text.slice(0, 3)),
    ["250", "250", "450", "450", "450"],
  );
  assert.deepEqual(partial, [`smtp:[127.0.0.1]:${hop.port}`]);
  assert.equal(hop.mails.length, 1);
});

test("does not go on with the rest when the first part was put off at its dot", async (t) => {
  const script = (step: Step) => (step.stage === "dot" ? "451 4.3.0 failed" : atMostTwo(step));
  const { hop, relay } = await startRelay(t, { script });
  const replies = await send(relay, outgoingTo(hop.nextHop, five));
  assert.deepEqual(
    replies.map((text) => text.slice(0, 3)),
    ["451", "451", "451", "451", "451"],
  );
  assert.equal(hop.lines.filter((line) => line.startsWith("MAIL")).length, 1);
});

test("takes a full mailbox for what it is", async (t) => {
  const script = (step: Step) =>
    step.line.includes("b3@") && step.stage === "rcpt" ? "452 4.2.2 mailbox full" : undefined;
  const { hop, relay } = await startRelay(t, { script });
  const replies = await send(relay, outgoingTo(hop.nextHop, three));
  assert.deepEqual(
    replies.map((text) => text.slice(0, 9)),
    ["451 4.5.0", "451 4.5.0", "452 4.2.2"],
  );
  assert.equal(hop.mails.length, 0);
});

test("takes 452 with accepted recipients after it for a refusal of its own recipient", async (t) => {
  const script = (step: Step) => (step.line.includes("b2@") && step.stage === "rcpt" ? "452 no" : undefined);
  const { hop, relay } = await startRelay(t, { script });
  assert.equal((await send(relay, outgoingTo(hop.nextHop, three)))[1], "452 no");
  assert.equal(hop.mails.length, 0);
});

// ---- kept connections that went away

test("opens a new connection when the next hop closed the kept one", async (t) => {
  const { hop, relay } = await startRelay(t);
  await send(relay, outgoingTo(hop.nextHop));
  hop.hangUp();
  await hop.ended(1);
  assert.deepEqual(await send(relay, outgoingTo(hop.nextHop)), ["250 2.0.0 Ok: queued as FAKE"]);
  assert.equal(hop.connections, 2);
});

const stale: readonly [string, (step: Step) => Act][] = [
  ["is reset at MAIL", (step) => (step.stage === "mail" ? { end: "reset" } : undefined)],
  ["is closed at MAIL", (step) => (step.stage === "mail" ? { end: "close" } : undefined)],
  ["answers 421 to MAIL", (step) => (step.stage === "mail" ? { reply: "421 4.4.2 timeout", end: "close" } : undefined)],
  ["is reset after it took MAIL", (step) => (step.stage === "rcpt" ? { end: "reset" } : undefined)],
];

for (const [name, act] of stale) {
  test(`sends on a new connection, once, when a kept one ${name}`, async (t) => {
    const script = (step: Step) => (step.connection === 1 && step.mail === 2 ? act(step) : undefined);
    const { hop, relay } = await startRelay(t, { script, keywords: dataKeywords });
    await send(relay, outgoingTo(hop.nextHop));
    assert.deepEqual(await send(relay, outgoingTo(hop.nextHop)), ["250 2.0.0 Ok: queued as FAKE"]);
    assert.equal(hop.connections, 2);
    assert.equal(hop.mails.length, 2);
  });
}

test("does not try again when a kept connection breaks after a recipient was accepted", async (t) => {
  const script = (step: Step): Act => (step.mail === 2 && step.stage === "data" ? { end: "reset" } : undefined);
  const { hop, relay } = await startRelay(t, { script, keywords: dataKeywords });
  await send(relay, outgoingTo(hop.nextHop));
  assert.match((await send(relay, outgoingTo(hop.nextHop)))[0] ?? "", /^451 4\.5\.0 From MTA\(.*\) during DATA/);
  assert.equal(hop.connections, 1);
});

test("tries a stale connection's mail once more only", async (t) => {
  const script = (step: Step): Act =>
    step.stage === "mail" && (step.mail === 2 || step.connection > 1) ? { end: "reset" } : undefined;
  const { hop, relay } = await startRelay(t, { script, keywords: dataKeywords });
  await send(relay, outgoingTo(hop.nextHop));
  assert.match((await send(relay, outgoingTo(hop.nextHop)))[0] ?? "", /^451 4\.5\.0 From MTA\(.*\) during MAIL/);
  assert.equal(hop.connections, 2);
});

// ---- a next hop that lacks what the mail needs

test("refuses 8-bit content that says so to a next hop without 8BITMIME, and never opens a transaction", async (t) => {
  const { hop, relay } = await startRelay(t, { keywords: ["PIPELINING"] });
  const envelope = envelopeFrom("a@example.com BODY=8BITMIME", "b@example.com");
  assert.match(
    (await send(relay, outgoingTo(hop.nextHop, envelope, "S: x\r\n\r\n\xe4\r\n")))[0] ?? "",
    /^550 5\.6\.3 /,
  );
  assert.deepEqual(await send(relay, outgoingTo(hop.nextHop, envelope)), ["250 2.0.0 Ok: queued as FAKE"]);
  assert.deepEqual(hop.lines.slice(1, 3), ["MAIL FROM:<a@example.com>", "RCPT TO:<b@example.com>"]);
});

test("refuses a UTF-8 recipient alone to a next hop without SMTPUTF8", async (t) => {
  const { hop, relay } = await startRelay(t, { keywords: ["PIPELINING", "8BITMIME"] });
  const envelope = envelopeFrom("a@example.com SMTPUTF8", "\xc3\xa4@example.com", "b@example.com");
  assert.deepEqual(
    (await send(relay, outgoingTo(hop.nextHop, envelope))).map((text) => text.slice(0, 9)),
    ["553 5.6.7", "250 2.0.0"],
  );
});

// ---- content that must not leave

test("sends no content with a bare line end", async (t) => {
  const { hop, relay } = await startRelay(t);
  for (const text of ["S: x\r\n\r\na\n.\nb\r\n", "S: x\ry\r\n\r\na\r\n"]) {
    assert.match((await send(relay, outgoingTo(hop.nextHop, undefined, text)))[0] ?? "", /^451 4\.3\.0 /);
  }
  assert.equal(hop.mails.length, 0);
  assert.deepEqual(await send(relay, outgoingTo(hop.nextHop)), ["250 2.0.0 Ok: queued as FAKE"]);
});

function spoolOf(text: string, times: number, end = ""): Message {
  const chunk = Buffer.from(text, "latin1");
  async function* read() {
    // One block of memory for all reads, as a spool file's reader has it.
    const block = Buffer.alloc(chunk.length);
    for (let i = 0; i < times; i += 1) {
      chunk.copy(block);
      yield block;
      block.fill(0);
    }
    if (end === "throw") throw new Error("EIO");
    if (end !== "") yield Buffer.from(end, "latin1");
  }
  const sizeBytes = chunk.length * times + end.length;
  return { ...messageFrom(plainMail), body: { kind: "spool" as const, sizeBytes, read } };
}

test("sends a spooled body octet for octet although its memory is used again", async (t) => {
  const { hop, relay } = await startRelay(t);
  const block = `.${"0123456789abcdef".repeat(4095)}\r\n`;
  const message = spoolOf(block, 200);
  assert.deepEqual(await send(relay, { ...outgoingTo(hop.nextHop), message }), ["250 2.0.0 Ok: queued as FAKE"]);
  const header = Buffer.from(message.header).toString("latin1");
  assert.ok(hop.mails[0]?.octets.equals(Buffer.from(`${header}\r\n${block.repeat(200)}`, "latin1")));
});

for (const [name, end] of [
  ["cannot be read to its end", "throw"],
  ["turns out to hold a bare line end", "a\nb\r\n"],
] as const) {
  test(`ends the connection without a dot when a spooled body ${name}`, async (t) => {
    const { hop, relay } = await startRelay(t);
    const message = spoolOf("some text\r\n", 1000, end);
    assert.match((await send(relay, { ...outgoingTo(hop.nextHop), message }))[0] ?? "", /^451 4\.3\.0 /);
    await hop.ended(1);
    assert.equal(hop.mails.length, 0);
    assert.equal(hop.cutOff, 1);
  });
}
