// Mail in one write, by BDAT (RFC 3030): when it goes so, and that every refusal and every failure comes to what it
// comes to by DATA, or to less harm: nothing lost, nothing twice, nothing refused for trouble that is not the mail's.
import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { Delivery, Outgoing } from "../../src/relay/delivery.ts";
import { createRelay, type RelayOptions } from "../../src/relay/relay.ts";
import { formatReply } from "../../src/smtp/reply.ts";
import {
  type Act,
  dataKeywords,
  type FakeNextHopOptions,
  postfixKeywords,
  type Step,
} from "../support/fake-next-hop.ts";
import { test } from "../support/limited.ts";
import { envelopeFrom, outgoingTo, plainMail } from "../support/relay-mail.ts";
import { connectToHasty, fine, startRelay, unlessPutOff } from "../support/relay-set-up.ts";

const word = (delivery: Delivery | undefined) => delivery?.replies.map(formatReply).join() ?? "";

async function setUp(t: TestContext, hopOptions: FakeNextHopOptions = {}, options: Partial<RelayOptions> = {}) {
  const { hop, relay } = await startRelay(t, hopOptions, options);
  const send = async (outgoing: Outgoing = outgoingTo(hop.nextHop), proceed = unlessPutOff) =>
    word((await relay([outgoing], proceed))[0]);
  const ways = () => hop.mails.map(({ by }) => by);
  return { hop, relay, send, ways };
}

/** A clock that goes on when told so. */
function clock() {
  let elapsedMs = 0;
  return { now: () => performance.now() + elapsedMs, pass: (ms: number) => (elapsedMs += ms) };
}

const withText = (text: string) => (outgoing: Outgoing) => outgoingTo(outgoing.nextHop, undefined, text);

test("sends envelope and content in one write", async (t) => {
  const { hop, send } = await setUp(t);
  assert.equal(await send(), fine);
  const before = hop.reads.length;
  assert.equal(await send(), fine);
  assert.deepEqual(hop.reads.slice(before), [
    `MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nBDAT ${plainMail.length} LAST\r\n${plainMail}`,
  ]);
  assert.equal(hop.connections, 1);
});

// ---- what goes by BDAT, what goes by DATA

const same = (outgoing: Outgoing) => outgoing;
const choices: readonly [string, "BDAT" | "DATA", FakeNextHopOptions, Partial<RelayOptions>, typeof same][] = [
  ["small mail with one recipient", "BDAT", {}, {}, same],
  ["a DSN", "BDAT", {}, {}, (outgoing) => ({ ...outgoing, session: undefined })],
  ["mail of 100 kB", "BDAT", {}, {}, withText(`${plainMail}${"x".repeat(100_000)}\r\n`)],
  ["mail of 140 kB", "DATA", {}, {}, withText(`${plainMail}${"x".repeat(140_000)}\r\n`)],
  [
    "mail with two recipients",
    "DATA",
    {},
    {},
    ({ nextHop }) => outgoingTo(nextHop, envelopeFrom("a@example.com", "b@example.com", "c@example.com")),
  ],
  ["mail in a spool file", "DATA", {}, {}, spooled],
  ["mail that begins with a blank", "DATA", {}, {}, withText(" folded\r\nSubject: x\r\n\r\nhello\r\n")],
  [
    "mail that begins like a mailbox file",
    "DATA",
    {},
    {},
    withText("From a Sun Nov 22\r\nSubject: x\r\n\r\nhello\r\n"),
  ],
  ["mail without a header", "DATA", {}, {}, withText("\r\nhello\r\n")],
  ["mail to a next hop without CHUNKING", "DATA", { keywords: dataKeywords }, {}, same],
  ["mail to a next hop without PIPELINING", "DATA", { keywords: ["CHUNKING", "8BITMIME"] }, {}, same],
  ["mail where CHUNKING is to be overlooked", "DATA", {}, { smtp_discard_ehlo_keywords: ["chunking"] }, same],
];

function spooled(outgoing: Outgoing): Outgoing {
  const body = Buffer.from("hello\r\n");
  async function* read() {
    yield body;
  }
  return { ...outgoing, message: { ...outgoing.message, body: { kind: "spool", sizeBytes: body.length, read } } };
}

for (const [what, way, hopOptions, options, of] of choices) {
  test(`sends ${what} by ${way}`, async (t) => {
    const { hop, send, ways } = await setUp(t, hopOptions, options);
    const outgoing = of(outgoingTo(hop.nextHop));
    assert.match(await send(outgoing), /^250 2\.0\.0 Ok: queued as FAKE/);
    assert.deepEqual(ways(), [way]);
  });
}

test("sends by DATA over LMTP, where each recipient has a reply to the content", async (t) => {
  const path = join(tmpdir(), `relay-chunking-${process.pid}-${Math.random().toString(36).slice(2)}`);
  const { send, ways } = await setUp(t, { protocol: "lmtp", path });
  assert.equal(await send(), fine);
  assert.deepEqual(ways(), ["DATA"]);
});

test("sends by DATA what goes to several next hops: all of them are asked before any has the content", async (t) => {
  const { hop, relay, ways } = await setUp(t);
  const second = await setUp(t, { script: (step) => (step.stage === "rcpt" ? "450 4.2.0 grey" : undefined) });
  const both = [outgoingTo(hop.nextHop), outgoingTo(second.hop.nextHop)];
  await relay(both, unlessPutOff);
  assert.equal(hop.mails.length, 0);
  await relay([...both.slice(0, 1), ...both.slice(0, 1)], unlessPutOff);
  assert.deepEqual(ways(), ["DATA", "DATA"]);
});

test("sends no content where even a recipient who is taken would not let it go", async (t) => {
  const { hop, send } = await setUp(t);
  assert.match(await send(undefined, () => false), /^451 4\.5\.0 Not sent/);
  assert.equal(
    hop.reads.some((read) => read.includes("BDAT") || read.includes("Subject")),
    false,
  );
  assert.equal(hop.mails.length, 0);
});

test("shows the envelope alone to a connection that was idle for more than two seconds", async (t) => {
  const { now, pass } = clock();
  const { send, hop, ways } = await setUp(t, {}, { now });
  for (const ms of [0, 1_000, 3_000, 1_000]) {
    pass(ms);
    assert.equal(await send(), fine);
  }
  assert.deepEqual(ways(), ["BDAT", "BDAT", "DATA", "BDAT"]);
  assert.equal(hop.connections, 1);
});

// ---- the octets

const texts: readonly [string, string][] = [
  ["dots", "A: b\r\n\r\n.\r\n.\r\n\r\n.a\r\n..\r\n\r\n.\r\n"],
  ["a header alone", "Subject: x\r\n"],
  ["an empty body", "Subject: x\r\n\r\n"],
  ["what looks like commands", "A: b\r\n\r\nRSET\r\nMAIL FROM:<x@example.com>\r\nQUIT\r\n"],
  ["NUL, 8-bit octets and no valid UTF-8", "Subject: \xe4\xff\r\n\r\n\0\xc3\x28\x80\xff\r\n"],
  ["blanks at line ends and empty lines at the end", "A: b \t\r\n\r\nx \t\r\n\r\n\r\n\r\n"],
  ["a line of 90 kB", `A: b\r\n\r\n${"y".repeat(90_000)}\r\n`],
  ["a last line without its end", "A: b\r\n\r\nhello"],
  ["a header without its end", "A: b"],
];

for (const [name, text] of texts) {
  test(`brings ${name} as DATA brings it`, async (t) => {
    const { hop, send, ways } = await setUp(t);
    const plain = createRelay({ localhost_name: "localhost", smtp_discard_ehlo_keywords: ["CHUNKING"] });
    t.after(() => plain.close());
    const outgoing = outgoingTo(hop.nextHop, undefined, text);
    assert.equal(await send(outgoing), fine);
    await plain([outgoing], unlessPutOff);
    assert.deepEqual(ways(), ["BDAT", "DATA"]);
    const [bdat, data] = hop.mails;
    assert.ok(bdat && data && bdat.octets.equals(data.octets));
    assert.equal(bdat.octets.toString("latin1"), text.endsWith("\r\n") ? text : `${text}\r\n`);
  });
}

test("sends nothing with a bare line end", async (t) => {
  const { hop, send } = await setUp(t);
  for (const text of ["S: x\r\n\r\na\n.\nb\r\n", "S: x\ry\r\n\r\na\r\n"]) {
    assert.match(await send(outgoingTo(hop.nextHop, undefined, text)), /^451 4\.3\.0 /);
  }
  assert.equal(hop.mails.length, 0);
  assert.equal(
    hop.lines.some((line) => line.startsWith("BDAT")),
    false,
  );
});

// ---- refusals: the first one counts, and RSET clears what a failed BDAT leaves behind

const refusals: readonly [Step["stage"], string][] = [
  ["mail", "450 4.3.2 later"],
  ["mail", "550 5.7.1 not from you"],
  ["rcpt", "450 4.2.0 grey"],
  ["rcpt", "452 4.5.3 too many"],
  ["rcpt", "550 5.1.1 unknown"],
  ["rcpt", "503 5.5.1 not now"],
  ["bdat", "451 4.3.0 no"],
  ["bdat", "552 5.3.4 Chunk exceeds message size limit"],
  ["bdat", "554 5.7.1 no data from you"],
  ["dot", "451 4.3.0 failed"],
  ["dot", "554 5.7.1 spam"],
  ["dot", "550 no words of status"],
];

for (const [stage, text] of refusals) {
  test(`passes on "${text}" at ${stage}, and the connection is clean for the next mail`, async (t) => {
    const script = (step: Step) => (step.stage === stage && step.mail === 1 ? text : undefined);
    const { hop, send, ways } = await setUp(t, { script });
    const client = { address: "192.0.2.1" };
    assert.equal(await send(outgoingTo(hop.nextHop, undefined, plainMail, client)), text);
    assert.equal(hop.mails.length, 0);
    assert.equal(await send({ ...outgoingTo(hop.nextHop), session: undefined }), fine);
    assert.deepEqual(ways(), ["BDAT"]);
    assert.deepEqual(hop.mails[0]?.rcpts, ["RCPT TO:<b@example.com>"]);
    assert.deepEqual(hop.mails[0]?.xforward, {}, "one mail's client does not speak for the next");
    assert.equal(hop.connections, 1);
    assert.equal(hop.lines.filter((line) => line === "RSET").length, 1);
  });
}

test("takes the refusal of the recipient for what counts, whatever is said of the content", async (t) => {
  const script = (step: Step) => (step.stage === "rcpt" ? "550 5.1.1 unknown\r\n250 2.0.0 taken" : undefined);
  const { hop, send } = await setUp(t, { script });
  assert.equal(await send(), "550 5.1.1 unknown");
  // It took mail for nobody: with such a next hop nothing more is said.
  await hop.ended(1);
});

for (const stage of ["mail", "rcpt", "bdat", "dot"] as const) {
  for (const said of ["354 go on", "what?", "25 0"]) {
    test(`puts the mail off when the next hop says "${said}" at ${stage}`, async (t) => {
      const script = (step: Step) => (step.stage === stage && step.connection === 1 ? said : undefined);
      const { hop, send } = await setUp(t, { script });
      assert.match(await send(), /^451 4\.5\.0 Bad SMTP response code/);
      assert.equal(hop.mails.length, 0);
      assert.equal(await send(), fine);
      assert.equal(hop.mails.length, 1);
    });
  }
}

// ---- BDAT is not known after all

const deaf = { connection: () => undefined, reply: () => undefined };

const unknown: readonly [string, Act][] = [
  ["500 5.5.2 Error: command not recognized", "500 5.5.2 Error: command not recognized"],
  ["501 Syntax", "501 Syntax"],
  ["502 5.5.1 not implemented", "502 5.5.1 not implemented"],
  ["503 5.5.0 Improper use of SMTP command pipelining", "503 5.5.0 Improper use of SMTP command pipelining"],
  ["504 no", "504 no"],
  ["521 5.5.1 and closes", { reply: "521 5.5.1 Error: command not implemented", end: "close" }],
  ["500 and reads the content as commands", { reply: "500 5.5.2 Error: command not recognized" }],
];

for (const [name, act] of unknown) {
  test(`sends by DATA, once, over a new connection, when the answer to BDAT is ${name}`, async (t) => {
    const script = (step: Step) => (step.stage === "bdat" ? act : undefined);
    const told: string[] = [];
    const observer = { ...deaf, chunkingFailed: (remote: string, forMs: number) => told.push(`${remote} ${forMs}`) };
    const { hop, send, ways } = await setUp(t, { script }, { observer });
    assert.equal(await send(), fine);
    assert.deepEqual(ways(), ["DATA"]);
    assert.deepEqual(told, [`smtp:[127.0.0.1]:${hop.port} 600000`]);
    assert.equal(hop.connections, 2);
    await hop.ended(1);
    assert.equal(await send(), fine);
    assert.deepEqual(ways(), ["DATA", "DATA"]);
    assert.equal(hop.connections, 2, "the next mail does not ask again");
  });
}

test("sends by DATA over a new connection when BDAT is not known any more on a kept one", async (t) => {
  const script = (step: Step) => (step.stage === "bdat" && step.mail === 2 ? "502 5.5.1 no" : undefined);
  const { hop, send, ways } = await setUp(t, { script });
  assert.equal(await send(), fine);
  assert.equal(await send(), fine);
  assert.deepEqual(ways(), ["BDAT", "DATA"]);
  assert.equal(hop.connections, 2);
});

test("tries BDAT again after a while", async (t) => {
  const { now, pass } = clock();
  const script = (step: Step) => (step.stage === "bdat" && step.connection === 1 ? "502 5.5.1 no" : undefined);
  const { send, ways } = await setUp(t, { script }, { now });
  for (const ms of [0, 580_000, 31_000]) {
    pass(ms);
    assert.equal(await send(), fine);
  }
  assert.deepEqual(ways(), ["DATA", "DATA", "BDAT"]);
});

test("puts the mail off when no new connection is to be had for DATA", async (t) => {
  const script = (step: Step): Act => {
    if (step.stage === "connect" && step.connection > 1) return { reply: "421 4.3.2 busy", end: "close" };
    return step.stage === "bdat" ? "502 5.5.1 no" : undefined;
  };
  const { hop, send } = await setUp(t, { script });
  assert.equal(await send(), "421 4.3.2 busy");
  assert.equal(hop.mails.length, 0);
});

// ---- connections that break

const broken: readonly [Step["stage"], "close" | "reset", string][] = [
  ["mail", "close", "MAIL"],
  ["mail", "reset", "MAIL"],
  ["rcpt", "reset", "RCPT"],
  ["bdat", "close", "BDAT"],
  ["dot", "close", "BDAT"],
  ["dot", "reset", "BDAT"],
];

for (const kept of [false, true]) {
  for (const [stage, end, phase] of broken) {
    test(`does not try again when a ${kept ? "kept" : "new"} connection ends at ${stage} (${end}): it may have the mail`, async (t) => {
      const mail = kept ? 2 : 1;
      const script = (step: Step): Act =>
        step.stage === stage && step.connection === 1 && step.mail === mail ? { end } : undefined;
      const { hop, send, ways } = await setUp(t, { script });
      if (kept) assert.equal(await send(), fine);
      assert.match(await send(), new RegExp(`^451 4\\.5\\.0 From MTA\\(.*\\) during ${phase}: `));
      assert.equal(hop.connections, 1);
      assert.equal(hop.mails.length, mail - 1);
      assert.equal(await send(), fine);
      assert.equal(ways().at(-1), "DATA", "a next hop that breaks at BDAT does not put all mail off");
    });
  }
}

for (const stage of ["mail", "rcpt"] as const) {
  test(`sends on a new connection, once, when a kept one answers 421 to ${stage}`, async (t) => {
    const script = (step: Step): Act =>
      step.stage === stage && step.connection === 1 && step.mail === 2
        ? { reply: "421 4.4.2 timeout", end: "close" }
        : undefined;
    const { hop, send, ways } = await setUp(t, { script });
    assert.equal(await send(), fine);
    assert.equal(await send(), fine);
    assert.deepEqual(ways(), ["BDAT", "BDAT"]);
    assert.equal(hop.connections, 2);
  });
}

test("does not try again when a new connection answers 421, or when 421 is the answer to the content", async (t) => {
  for (const stage of ["mail", "rcpt", "bdat", "dot"] as const) {
    const script = (step: Step): Act => (step.stage === stage ? { reply: "421 4.3.2 bye", end: "close" } : undefined);
    const { hop, send } = await setUp(t, { script });
    assert.equal(await send(), "421 4.3.2 bye");
    assert.equal(hop.connections, 1);
    assert.equal(hop.mails.length, 0);
  }
});

for (const [stage, phase] of [
  ["mail", "MAIL"],
  ["rcpt", "RCPT"],
  ["bdat", "BDAT"],
  ["dot", "BDAT"],
] as const) {
  test(`waits at ${stage} as long as for a final dot`, async (t) => {
    const script = (step: Step) => (step.stage === stage ? "" : undefined);
    const { hop, send } = await setUp(t, { script }, { timeouts: { finalDot: 300 } });
    assert.equal(await send(), `450 4.4.2 Timed out during ${phase}, MTA(smtp:[127.0.0.1]:${hop.port})`);
    assert.equal(hop.mails.length, 0);
  });
}

test("takes no longer than the mail's own deadline", async (t) => {
  const script = (step: Step) => (step.stage === "dot" ? "" : undefined);
  const { hop, send } = await setUp(t, { script }, { timeouts: { reset: 20 } });
  const outgoing = { ...outgoingTo(hop.nextHop), deadlineMs: performance.now() + 100 };
  assert.match(await send(outgoing), /^450 4\.4\.2 Timed out during BDAT/);
});

for (const [said, wanted] of [
  ["550 5.7.1 not this", { replies: ["250 2.1.0 Ok", "250 2.1.5 Ok", "550 5.7.1 not this"], failure: undefined }],
  ["250 2.0.0 Ok", { replies: ["250 2.1.0 Ok", "250 2.1.5 Ok"], failure: "garbage" }],
] as const) {
  test(`drops the connection when the next hop says ${said.slice(0, 3)} to a chunk that is not all out`, async (t) => {
    const { connection, patience } = await connectToHasty(t, said, postfixKeywords);
    const commands = "MAIL FROM:<>\r\nRCPT TO:<a@b.example>\r\nBDAT 32000000 LAST\r\n";
    // More than the kernel takes for a peer that reads nothing: these octets may be another mail's by the next turn.
    const views = [Buffer.alloc(32_000_000, "x")];
    const { replies, failure } = await connection.exchangeWhole(commands, views, 3, patience);
    assert.deepEqual({ replies: replies.map(formatReply), failure: failure?.kind }, wanted);
    assert.equal(connection.failure?.kind, wanted.failure ?? "dropped");
  });
}
