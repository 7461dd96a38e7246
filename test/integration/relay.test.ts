// The SMTP and LMTP client against a next hop that behaves.
import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { Delivery, Outgoing } from "../../src/relay/delivery.ts";
import { createRelay, type RelayOptions } from "../../src/relay/relay.ts";
import { formatReply } from "../../src/smtp/reply.ts";
import { type FakeNextHopOptions, type Step, startFakeNextHop } from "../support/fake-next-hop.ts";
import { test } from "../support/limited.ts";
import { envelopeFrom, messageFrom, outgoingTo, plainMail } from "../support/relay-mail.ts";
import { fine, startRelay, unlessPutOff } from "../support/relay-set-up.ts";

const words = (delivery: Delivery | undefined) => delivery?.replies.map(formatReply);

async function setUp(t: TestContext, hopOptions: FakeNextHopOptions = {}, options: Partial<RelayOptions> = {}) {
  const { hop, relay } = await startRelay(t, hopOptions, options);
  const send = async (outgoing: Outgoing = outgoingTo(hop.nextHop)) => {
    const [delivery] = await relay([outgoing], unlessPutOff);
    return delivery;
  };
  return { hop, relay, send };
}

test("sends a mail octet for octet and gives the next hop's reply", async (t) => {
  const { hop, send } = await setUp(t);
  const delivery = await send();
  assert.deepEqual(words(delivery), [fine]);
  assert.deepEqual(delivery?.fromNextHop, [true]);
  assert.equal(delivery?.remote, `smtp:[127.0.0.1]:${hop.port}`);
  assert.equal(delivery?.reusedConnection, false);
  assert.equal(hop.mails[0]?.octets.toString("latin1"), plainMail);
  assert.deepEqual(hop.mails[0]?.rcpts, ["RCPT TO:<b@example.com>"]);
});

const texts: readonly [string, string][] = [
  ["dots", ".\r\n.\r\n\r\n.a\r\n..\r\n\r\n.\r\n"],
  ["a header alone", "Subject: x\r\n"],
  ["a body alone", "\r\nhello\r\n"],
  ["an empty body", "Subject: x\r\n\r\n"],
  ["NUL, 8-bit octets and no valid UTF-8", "Subject: \xe4\xff\r\n\r\n\0\xc3\x28\x80\xff\r\n"],
  ["blanks at line ends and empty lines at the end", "A: b \t\r\n\r\nx \t\r\n\r\n\r\n\r\n"],
  ["a line of 200 kB", `A: b\r\n\r\n${"y".repeat(200_000)}\r\n`],
  ["3 MB", `A: b\r\n\r\n${`.${"z".repeat(99)}\r\n`.repeat(30_000)}`],
];

for (const [name, text] of texts) {
  test(`sends ${name} octet for octet`, async (t) => {
    const { hop, send } = await setUp(t);
    assert.deepEqual(words(await send(outgoingTo(hop.nextHop, undefined, text))), [fine]);
    assert.ok(hop.mails[0]?.octets.equals(Buffer.from(text, "latin1")));
  });
}

test("sends a body of many chunks on shared memory, cut within line ends and dots", async (t) => {
  const { hop, send } = await setUp(t);
  const text = "A: b\r\n\r\n.x\r\n..\r\n\r\n.\r\nend\r\n";
  const whole = messageFrom(text);
  const chunks = Buffer.from("\x2ex\r\n..\r\n\r\n.\r\nend\r\n", "latin1")
    .toString("latin1")
    .split("")
    .map((octet) => {
      const chunk = new Uint8Array(new SharedArrayBuffer(1));
      chunk[0] = octet.charCodeAt(0);
      return chunk;
    });
  const message = { ...whole, body: { kind: "memory" as const, sizeBytes: chunks.length, chunks } };
  assert.deepEqual(words(await send({ ...outgoingTo(hop.nextHop), message })), [fine]);
  assert.equal(hop.mails[0]?.octets.toString("latin1"), text);
});

test("uses the connection again, and sends envelope and content in one write each", async (t) => {
  const { hop, send } = await setUp(t);
  const mail = outgoingTo(hop.nextHop, envelopeFrom("a@example.com", "b@example.com", "c@example.com"));
  await send(mail);
  const before = hop.reads.length;
  assert.equal((await send(mail))?.reusedConnection, true);
  assert.equal(hop.connections, 1);
  assert.deepEqual(hop.reads.slice(before), [
    "MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nRCPT TO:<c@example.com>\r\nDATA\r\n",
    `${plainMail}.\r\n`,
  ]);
});

test("waits for each reply where the next hop does not offer PIPELINING", async (t) => {
  const { hop, send } = await setUp(t, { keywords: ["8BITMIME"] });
  await send(outgoingTo(hop.nextHop, envelopeFrom("a@example.com", "b@example.com", "c@example.com")));
  assert.deepEqual(hop.reads.slice(1), [
    "MAIL FROM:<a@example.com>\r\n",
    "RCPT TO:<b@example.com>\r\n",
    "RCPT TO:<c@example.com>\r\n",
    "DATA\r\n",
    `${plainMail}.\r\n`,
  ]);
});

test("passes on who the client was, in the same write as the envelope", async (t) => {
  const { hop, send } = await setUp(t);
  const client = { address: "2001:db8::7", name: "mx.example.org", helo: "mx+1.example.org", source: "REMOTE" };
  await send(outgoingTo(hop.nextHop, undefined, plainMail, client));
  assert.deepEqual(hop.mails[0]?.xforward, {
    ADDR: "IPv6:2001:db8::7",
    NAME: "mx.example.org",
    HELO: "mx+2B1.example.org",
    SOURCE: "REMOTE",
  });
  assert.match(hop.reads[1] ?? "", /^XFORWARD .*\r\nMAIL .*\r\nRCPT .*\r\nBDAT \d+ LAST\r\nSubject: /);
});

test("never lets one mail's client speak for the next", async (t) => {
  const { hop, send } = await setUp(t);
  await send(outgoingTo(hop.nextHop, undefined, plainMail, { address: "192.0.2.1", helo: "one" }));
  await send({ ...outgoingTo(hop.nextHop), session: undefined });
  await send(outgoingTo(hop.nextHop, undefined, plainMail, { name: "unknown.example" }));
  assert.deepEqual(
    hop.mails.map((mail) => mail.xforward),
    [{ ADDR: "192.0.2.1", HELO: "one" }, {}, {}],
  );
});

test("clears what it told of a client when the mail came to nothing", async (t) => {
  const script = (step: Step) => (step.line.includes("<no@") ? "550 5.7.1 not from you" : undefined);
  const { hop, send } = await setUp(t, { script });
  const client = { address: "192.0.2.1" };
  await send(outgoingTo(hop.nextHop, envelopeFrom("no@example.com", "b@example.com"), plainMail, client));
  await send({ ...outgoingTo(hop.nextHop), session: undefined });
  assert.deepEqual(hop.mails[0]?.xforward, {});
  assert.equal(hop.connections, 1);
});

test("sends the mail also when the next hop does not want to know about the client", async (t) => {
  for (const keywords of [["PIPELINING", "XFORWARD ADDR"], ["XFORWARD ADDR"]]) {
    const script = (step: Step) => (step.stage === "xforward" ? "550 5.7.1 not you" : undefined);
    const { hop, send } = await setUp(t, { script, keywords });
    const delivery = await send(outgoingTo(hop.nextHop, undefined, plainMail, { address: "192.0.2.1" }));
    assert.deepEqual(words(delivery), [fine]);
  }
});

test("passes parameters on by recipient, as they came", async (t) => {
  const { hop, send } = await setUp(t);
  const envelope = envelopeFrom(
    "a@example.com BODY=8BITMIME RET=HDRS ENVID=QQ+2B314",
    "b@example.com NOTIFY=NEVER",
    "c@example.com NOTIFY=FAILURE,DELAY ORCPT=rfc822;c+2Bd@example.com",
    "d@example.com",
  );
  await send(outgoingTo(hop.nextHop, envelope));
  assert.equal(hop.mails[0]?.mail, "MAIL FROM:<a@example.com> BODY=8BITMIME RET=HDRS ENVID=QQ+2B314");
  assert.deepEqual(hop.mails[0]?.rcpts, [
    "RCPT TO:<b@example.com> NOTIFY=NEVER",
    "RCPT TO:<c@example.com> NOTIFY=FAILURE,DELAY ORCPT=rfc822;c+2Bd@example.com",
    "RCPT TO:<d@example.com>",
  ]);
});

test("sends to many recipients in one go", async (t) => {
  const { hop, send } = await setUp(t);
  const recipients = Array.from({ length: 1100 }, (_, n) => `recipient${n}@example.com`);
  const delivery = await send(outgoingTo(hop.nextHop, envelopeFrom("a@example.com", ...recipients)));
  assert.deepEqual(new Set(words(delivery)), new Set([fine]));
  assert.equal(hop.mails[0]?.rcpts.length, 1100);
});

// ---- LMTP

test("speaks LMTP over a unix socket and has a reply for each recipient", async (t) => {
  const path = join(tmpdir(), `relay-lmtp-${process.pid}-${Math.random().toString(36).slice(2)}`);
  const script = (step: Step) => {
    if (step.stage === "rcpt" && step.line.includes("b2@")) return "550 5.1.1 unknown";
    if (step.stage !== "dot") return undefined;
    return step.line.includes("b3@") ? "452 4.2.2 full" : `250 2.1.5 saved ${step.recipient}`;
  };
  const { hop, relay } = await setUp(t, { protocol: "lmtp", path, script });
  const envelope = envelopeFrom(
    "a@example.com",
    "b1@example.com",
    "b2@example.com",
    "b3@example.com",
    "b4@example.com",
  );
  const [delivery] = await relay([outgoingTo(hop.nextHop, envelope)], () => true);
  assert.deepEqual(words(delivery), ["250 2.1.5 saved 1", "550 5.1.1 unknown", "452 4.2.2 full", "250 2.1.5 saved 3"]);
  assert.equal(delivery?.remote, `lmtp:${path}`);
  assert.equal(hop.lines[0], "LHLO localhost");
  const [again] = await relay([outgoingTo(hop.nextHop)], () => true);
  assert.deepEqual(words(again), ["250 2.1.5 saved 1"]);
});

// ---- several transactions for one mail

test("shows all replies to the envelopes before any content is sent, in one decision", async (t) => {
  const { hop, relay } = await setUp(t);
  const second = await setUp(t);
  const seen: string[][][] = [];
  const deliveries = await relay(
    [
      outgoingTo(hop.nextHop, envelopeFrom("a@example.com", "b@example.com")),
      outgoingTo(second.hop.nextHop, envelopeFrom("a@example.com", "c@example.com", "d@example.com")),
    ],
    (replies) => {
      seen.push(replies.map((each) => each.map(formatReply)));
      assert.equal(hop.mails.length + second.hop.mails.length, 0);
      return true;
    },
  );
  assert.deepEqual(seen, [[["250 2.1.5 Ok"], ["250 2.1.5 Ok", "250 2.1.5 Ok"]]]);
  assert.deepEqual(deliveries.map(words), [[fine], [fine, fine]]);
});

for (const [what, stage, text] of [
  ["puts a recipient off", "rcpt", "450 4.2.0 grey"],
  ["puts the content off", "data", "451 4.3.0 no"],
] as const) {
  test(`sends nothing to one next hop when another one ${what}`, async (t) => {
    const { hop, relay } = await setUp(t);
    const second = await setUp(t, { script: (step) => (step.stage === stage ? text : undefined) });
    const deliveries = await relay([outgoingTo(hop.nextHop), outgoingTo(second.hop.nextHop)], unlessPutOff);
    assert.equal(hop.mails.length + second.hop.mails.length, 0);
    assert.deepEqual(deliveries.map(words), [
      ["451 4.5.0 Not sent: another recipient of the same mail was refused for now"],
      [text],
    ]);
  });
}

test("sends nothing to one next hop when another one cannot be reached", async (t) => {
  const { hop, relay } = await setUp(t);
  const gone = await startFakeNextHop();
  await gone.close();
  const deliveries = await relay([outgoingTo(hop.nextHop), outgoingTo(gone.nextHop)], unlessPutOff);
  assert.equal(hop.mails.length, 0);
  assert.match(words(deliveries[1])?.[0] ?? "", /^450 4\.4\.1/);
});

test("does nothing for no transactions", async (t) => {
  const { relay } = await setUp(t);
  assert.deepEqual(await relay([], () => true), []);
});

test("ends a transaction without content when the decision itself fails", async (t) => {
  const { hop, relay, send } = await setUp(t);
  const envelope = envelopeFrom("a@example.com", "b@example.com", "c@example.com");
  const decision = relay([outgoingTo(hop.nextHop, envelope)], () => {
    throw new Error("a bug");
  });
  await assert.rejects(decision, /a bug/);
  await hop.ended(1);
  assert.equal(hop.mails.length, 0);
  assert.deepEqual(words(await send()), [fine]);
});

// ---- connections kept

/** A clock that goes on when told so. */
function clock() {
  let elapsedMs = 0;
  return { now: () => performance.now() + elapsedMs, pass: (ms: number) => (elapsedMs += ms) };
}

test("uses a connection again straight away when it was idle for up to 18 seconds", async (t) => {
  const { now, pass } = clock();
  const { hop, send } = await setUp(t, {}, { now });
  await send();
  pass(17_000);
  assert.equal((await send())?.reusedConnection, true);
  assert.equal(hop.lines.includes("RSET"), false);
});

test("tests a connection that was idle for longer", async (t) => {
  const { now, pass } = clock();
  const { hop, send } = await setUp(t, {}, { now });
  await send();
  pass(19_000);
  assert.equal((await send())?.reusedConnection, true);
  assert.equal(hop.lines.filter((line) => line === "RSET").length, 1);
});

test("opens a new connection when the test fails", async (t) => {
  const { now, pass } = clock();
  const script = (step: Step) =>
    step.stage === "rset" ? { reply: "421 4.4.2 timeout", end: "close" as const } : undefined;
  const { hop, send } = await setUp(t, { script }, { now });
  await send();
  pass(19_000);
  assert.deepEqual(words(await send()), [fine]);
  assert.equal(hop.connections, 2);
});

test("closes a connection that was idle for 30 seconds, and one that is 60 seconds old", async (t) => {
  const { now, pass } = clock();
  const { hop, send } = await setUp(t, {}, { now });
  await send();
  pass(31_000);
  assert.equal((await send())?.reusedConnection, false);
  for (const ms of [17_000, 17_000, 17_000]) {
    pass(ms);
    assert.equal((await send())?.reusedConnection, true);
  }
  pass(10_000);
  assert.equal((await send())?.reusedConnection, false);
  await hop.ended(2);
  assert.equal(hop.connections, 3);
  assert.equal(hop.lines.filter((line) => line === "QUIT").length, 2);
});

test("closes idle connections in time though no mail comes", async (t) => {
  const { now, pass } = clock();
  const { hop, relay, send } = await setUp(t, {}, { now, timeouts: { reset: 40 } });
  await send();
  pass(31_000);
  await hop.ended(1);
  assert.equal(relay.counts().idle, 0);
});

// ---- bounds and the end

test("keeps no connection where it is told not to", async (t) => {
  const { hop, relay } = await setUp(t, {}, { keepsConnections: false });
  await relay([outgoingTo(hop.nextHop)], unlessPutOff);
  await relay([outgoingTo(hop.nextHop)], unlessPutOff);
  await hop.ended(2);
  assert.equal(hop.connections, 2);
  assert.deepEqual(
    hop.lines.filter((line) => line === "QUIT"),
    ["QUIT", "QUIT"],
  );
});

test("appears as the mail's bank says, and never under another mail's name or address", async (t) => {
  const from: (string | undefined)[] = [];
  const { hop, relay } = await setUp(t, { onContent: (socket) => from.push(socket.remoteAddress) });
  const ends = [
    undefined,
    { localhost_name: "list.example", local_client_bind_address: "127.0.0.3" },
    { localhost_name: "localhost", local_client_bind_address: null },
    { localhost_name: "list.example", local_client_bind_address: "127.0.0.3" },
  ];
  const long = `${plainMail}${"x".repeat(300_000)}\r\n`;
  for (const localEnd of ends) {
    const outgoing = outgoingTo(hop.nextHop, undefined, long);
    await relay([localEnd === undefined ? outgoing : { ...outgoing, localEnd }], unlessPutOff);
  }
  assert.deepEqual(
    hop.lines.filter((line) => line.startsWith("EHLO")),
    ["EHLO localhost", "EHLO list.example"],
  );
  assert.deepEqual(
    hop.mails.map(({ connection }) => connection),
    [1, 2, 1, 2],
  );
  assert.deepEqual([...new Set(from)].sort(), ["127.0.0.1", "127.0.0.3"]);
});

test("carries no more mails at once than it has connections for; the others wait their turn", async (t) => {
  const waiting: (() => void)[] = [];
  const script = (step: Step) =>
    step.stage === "dot" && step.mail === 1
      ? new Promise<undefined>((resolve) => waiting.push(() => resolve(undefined)))
      : undefined;
  const { hop, relay, send } = await setUp(t, { script }, { maxConnections: 1 });
  const first = send();
  const second = send();
  const third = send();
  while (waiting.length === 0) await new Promise((resolve) => setImmediate(resolve));
  const { port } = hop;
  assert.deepEqual(relay.counts(), {
    open: 1,
    idle: 0,
    waiting: 2,
    nextHops: [{ nextHop: `smtp:[127.0.0.1]:${port}`, inUse: 1, waiting: 2, limit: 1 }],
    limitForAnother: 1,
  });
  assert.deepEqual(await relay([], unlessPutOff), [], "who sends nothing waits for nothing");
  waiting[0]?.();
  assert.deepEqual((await Promise.all([first, second, third])).map(words), [[fine], [fine], [fine]]);
  assert.equal(hop.connections, 1);
});

test("puts a mail off that has waited for a connection until its deadline", async (t) => {
  const waiting: (() => void)[] = [];
  const script = (step: Step) =>
    step.stage === "dot" ? new Promise<undefined>((resolve) => waiting.push(() => resolve(undefined))) : undefined;
  const { hop, send } = await setUp(t, { script }, { maxConnections: 1, timeouts: { reset: 40 } });
  const first = send();
  const late = await send({ ...outgoingTo(hop.nextHop), deadlineMs: performance.now() + 50 });
  assert.match(words(late)?.[0] ?? "", /^451 4\.3\.2 /);
  waiting[0]?.();
  assert.deepEqual(words(await first), [fine]);
});

test("takes all connections for a mail at once, so that two mails cannot wait for each other", async (t) => {
  const { hop, relay } = await setUp(t, {}, { maxConnectionsPerHop: 2 });
  const both = [outgoingTo(hop.nextHop), outgoingTo(hop.nextHop)];
  const all = await Promise.all([1, 2, 3, 4].map(() => relay(both, unlessPutOff)));
  assert.deepEqual(new Set(all.flat().flatMap((each) => words(each) ?? [])), new Set([fine]));
  assert.equal(hop.mails.length, 8);
  assert.ok(hop.connections <= 2);
});

test("says good-bye at the end, after the mail under way, and takes no more", async (t) => {
  const waiting: (() => void)[] = [];
  const script = (step: Step) =>
    step.stage === "dot" ? new Promise<undefined>((resolve) => waiting.push(() => resolve(undefined))) : undefined;
  const { hop, relay, send } = await setUp(t, { script });
  const last = send();
  while (waiting.length === 0) await new Promise((resolve) => setImmediate(resolve));
  const closed = relay.close();
  assert.match(words(await send())?.[0] ?? "", /^451 4\.3\.2 Service shutting down/);
  waiting[0]?.();
  assert.deepEqual(words(await last), [fine]);
  await closed;
  assert.equal(hop.lines.at(-1), "QUIT");
  assert.deepEqual(relay.counts(), { open: 0, idle: 0, waiting: 0, nextHops: [], limitForAnother: 100 });
});

test("tells an observer what happened", async (t) => {
  const told: string[] = [];
  const observer = {
    connection: (_remote: string, event: string) => void told.push(event),
    reply: (_remote: string, kind: string, origin: string) => void told.push(`${kind} ${origin}`),
  };
  const script = (step: Step) => (step.line.includes("no@") && step.stage === "rcpt" ? "550 5.1.1 no" : undefined);
  const { hop, relay, send } = await setUp(t, { script }, { observer });
  await send();
  await send(outgoingTo(hop.nextHop, envelopeFrom("a@example.com", "b@example.com", "no@example.com")));
  await relay.close();
  await hop.close();
  await send();
  const gone = createRelay({ localhost_name: "localhost", observer });
  await gone([outgoingTo(hop.nextHop)], unlessPutOff);
  assert.deepEqual(told, [
    "opened",
    "2xx next-hop",
    "reused",
    "2xx next-hop",
    "5xx next-hop",
    "closed",
    "failed",
    "4xx own",
  ]);
});
