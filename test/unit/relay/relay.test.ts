import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { Proceed } from "../../../src/relay/delivery.ts";
import { type ClosableRelay, createRelay, type RelayOptions } from "../../../src/relay/relay.ts";
import { formatReply, isTransient } from "../../../src/smtp/reply.ts";
import { envelopeFrom, outgoingTo, plainMail } from "../../support/relay-mail.ts";
import {
  dialNobody,
  failingDial,
  type HopScript,
  queued,
  type ScriptedHop,
  scriptedHop,
} from "../../support/scripted-hop.ts";

/** What the flow says for SMTP input. */
const unlessPutOff: Proceed = (replies) => !replies.flat().some(isTransient);
const never: Proceed = () => false;
const one = envelopeFrom("a@example.com", "b@example.com");
const three = envelopeFrom("a@example.com", "b@example.com", "c@example.com", "d@example.com");

interface Scene {
  readonly relay: ClosableRelay;
  readonly hop: ScriptedHop;
  /** One mail: its replies. */
  send(envelope?: typeof one, proceed?: Proceed): Promise<readonly string[]>;
}

function setUp(t: TestContext, script: HopScript = {}, options: Partial<RelayOptions> = {}): Scene {
  const hop = scriptedHop(script);
  const relay = createRelay({ localhost_name: "here.example", dial: hop.dial, now: () => 1000, ...options });
  t.after(() => relay.close(0));
  return {
    relay,
    hop,
    async send(envelope = one, proceed = unlessPutOff) {
      const [delivery] = await relay([outgoingTo(hop.nextHop, envelope)], proceed);
      return delivery?.replies.map(formatReply) ?? [];
    },
  };
}

/** Replies to lines that begin so. */
const when =
  (...replies: readonly (readonly [string, string | null])[]): NonNullable<HopScript["reply"]> =>
  (line) =>
    replies.find(([begin]) => line.startsWith(begin))?.[1];

const fine = formatReply(queued);

test("a mail is delivered once, with the next hop's reply, and the next one on the same connection", async (t) => {
  const { hop, send, relay } = setUp(t);
  assert.deepEqual(await send(), [fine]);
  assert.deepEqual(await send(), [fine]);
  assert.deepEqual(hop.contents, [plainMail, plainMail]);
  assert.equal(hop.connections, 1);
  assert.deepEqual(relay.counts(), { open: 1, idle: 1, waiting: 0, nextHops: [], limitForAnother: 100 });
});

test("each mail has a connection of its own where none are kept", async (t) => {
  const { hop, send } = setUp(t, {}, { keepsConnections: false });
  await send();
  await send();
  assert.equal(hop.connections, 2);
});

// A dot, or the commands of the next mail, would be taken for content there.
test("a connection that waits for content which will not come is ended, never kept", async (t) => {
  const { hop, send, relay } = setUp(t);
  assert.match((await send(three, never))[0] ?? "", /^4/);
  assert.deepEqual([hop.lines.at(-1), hop.contents], ["1 DATA", []]);
  assert.deepEqual(relay.counts(), { open: 0, idle: 0, waiting: 0, nextHops: [], limitForAnother: 100 });
  assert.deepEqual(await send(three), [fine, fine, fine]);
  assert.equal(
    hop.lines.findLast((line) => line.startsWith("1 ")),
    "1 DATA",
  );
  assert.equal(hop.connections, 2);
});

test("one that was asked no content is cleared by RSET and kept", async (t) => {
  const { hop, send, relay } = setUp(t, { keywords: [], reply: when(["RCPT TO:<c", "450 4.2.0 later"]) });
  assert.deepEqual(
    (await send(three)).map((reply) => reply.slice(0, 3)),
    ["451", "450", "451"],
  );
  while (relay.counts().idle === 0) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(await send(), [fine]);
  assert.deepEqual(
    [hop.lines.filter((line) => / (RSET|DATA)$/.test(line)), hop.connections],
    [["1 RSET", "1 DATA"], 1],
  );
});

test("one recipient put off, and no octet of content leaves for the others", async (t) => {
  const { hop, send } = setUp(t, { reply: when(["RCPT TO:<c", "450 4.2.0 later"]) });
  const replies = await send(three);
  assert.equal(replies[1], "450 4.2.0 later");
  for (const reply of replies) assert.match(reply, /^4/);
  assert.deepEqual(hop.contents, []);
});

test("one recipient refused, and the others have the mail", async (t) => {
  const { hop, send } = setUp(t, { reply: when(["RCPT TO:<c", "550 5.1.1 nobody"]) });
  assert.deepEqual(await send(three), [fine, "550 5.1.1 nobody", fine]);
  assert.deepEqual(hop.contents, [plainMail]);
});

test("recipients beyond what it takes at once follow in a second transaction", async (t) => {
  let taken = 0;
  const { hop, send } = setUp(t, {
    reply(line) {
      if (line === "content") taken = 0;
      if (!line.startsWith("RCPT")) return undefined;
      taken += 1;
      return taken > 2 ? "452 4.5.3 too many recipients" : undefined;
    },
  });
  assert.deepEqual(await send(three), [fine, fine, fine]);
  assert.deepEqual(hop.contents, [plainMail, plainMail]);
  assert.equal(hop.lines.filter((line) => line.includes("RCPT TO:<d@example.com>")).length, 2);
});

test("several mails leave all or not at all", async (t) => {
  const { hop, relay } = setUp(t, { reply: when(["RCPT TO:<c", "450 4.2.0 later"]) });
  const mails = ["b@example.com", "c@example.com"].map((to) =>
    outgoingTo(hop.nextHop, envelopeFrom("a@example.com", to)),
  );
  const deliveries = await relay(mails, unlessPutOff);
  assert.deepEqual(
    deliveries.map(({ replies, fromNextHop }) => [replies[0]?.code, fromNextHop[0]]),
    [
      [451, false],
      [450, true],
    ],
  );
  assert.deepEqual(hop.contents, []);
});

test("a kept connection that ended in the meantime costs nothing: the mail goes by another one", async (t) => {
  let ended = false;
  const { hop, send } = setUp(t, {
    reply: (line, connection) => (ended && connection === 1 && line.startsWith("MAIL") ? null : undefined),
  });
  await send(three);
  ended = true;
  assert.deepEqual(await send(three), [fine, fine, fine]);
  assert.deepEqual([hop.connections, hop.contents.length], [2, 2]);
});

test("a connection that ends after the content leaves the mail in doubt: put off, not sent twice", async (t) => {
  const { hop, send } = setUp(t, { reply: when(["content", null]) });
  assert.match((await send())[0] ?? "", /^451 4\.5\.0 From MTA\(.*\) during final dot/);
  assert.deepEqual([hop.contents.length, hop.connections], [1, 1]);
});

test("failover hops are tried in order, and all are named where none can be reached", async (t) => {
  const hop = scriptedHop();
  const answers = new Set(["up.example"]);
  const tried: string[] = [];
  const relay = createRelay({
    localhost_name: "here.example",
    dial: (to, address, onread) => {
      const host = "host" in to ? to.host : to.path;
      tried.push(host);
      return answers.has(host) ? hop.dial(to, address, onread) : dialNobody(to, address, onread);
    },
  });
  t.after(() => relay.close(0));
  const to = (host: string) => ({ protocol: "smtp", host, port: 25 }) as const;
  const mail = { ...outgoingTo(to("down.example"), one), failover: [to("away.example"), to("up.example")] };
  const [delivery] = await relay([mail], unlessPutOff);
  assert.deepEqual(
    [delivery?.replies.map(formatReply), tried],
    [[fine], ["down.example", "away.example", "up.example"]],
  );
  answers.clear();
  await relay.close(0);

  const other = createRelay({ localhost_name: "here.example", dial: dialNobody });
  t.after(() => other.close(0));
  const [lost] = await other([mail], unlessPutOff);
  const [reply] = lost?.replies ?? [];
  assert.match(
    reply === undefined ? "" : formatReply(reply),
    /^450 4\.4\.1 All attempts \(3\) failed: .*down.*away.*up/,
  );
  assert.deepEqual(lost?.fromNextHop, [false]);
});

test("after close nothing is sent any more", async (t) => {
  const { hop, send, relay } = setUp(t);
  await relay.close();
  assert.deepEqual(await send(), ["451 4.3.2 Service shutting down"]);
  assert.equal(hop.connections, 0);
});

test("what proceed throws leaves no connection waiting for content", async (t) => {
  const { send, relay } = setUp(t);
  const broken: Proceed = () => {
    throw new Error("a bug");
  };
  await assert.rejects(send(three, broken), /a bug/);
  assert.deepEqual(relay.counts(), { open: 0, idle: 0, waiting: 0, nextHops: [], limitForAnother: 100 });
});

test("mail with one recipient goes in one write where the next hop takes chunks", async (t) => {
  const { hop, send } = setUp(t, { keywords: ["PIPELINING", "CHUNKING"] });
  assert.deepEqual(await send(), [fine]);
  assert.deepEqual([hop.lines.at(-1), hop.contents], [`1 BDAT ${plainMail.length} LAST`, [plainMail]]);
});

test("a next hop that offers chunks and knows no BDAT gets the mail by DATA over another connection, the next too", async (t) => {
  const { hop, send } = setUp(t, {
    keywords: ["PIPELINING", "CHUNKING"],
    reply: (line, connection) => (connection === 1 && line === "content" ? "502 5.5.1 BDAT?" : undefined),
  });
  assert.deepEqual(await send(), [fine]);
  assert.deepEqual(await send(), [fine]);
  assert.deepEqual(
    hop.lines.filter((line) => / (BDAT|DATA)/.test(line)),
    [`1 BDAT ${plainMail.length} LAST`, "2 DATA", "2 DATA"],
  );
});

// The reply to BDAT would be that of the recipient, and whoever it is that refuses the content is never heard.
test("a reply too many is not taken for the one to the content, sent as a chunk or after DATA", async (t) => {
  const { hop, send } = setUp(t, {
    keywords: ["PIPELINING", "CHUNKING"],
    reply: (line, connection) =>
      connection > 1
        ? undefined
        : line.startsWith("RCPT")
          ? "250 2.1.5 Ok\r\n250 2.1.5 Ok"
          : line === "content"
            ? "554 5.7.1 no"
            : undefined,
  });
  assert.match((await send())[0] ?? "", /^451 4\.5\.0 Bad SMTP response code .* during BDAT: 250 2\.1\.5 Ok$/);
  assert.deepEqual(await send(), [fine]);
  assert.deepEqual([hop.connections, hop.lines.at(-1)], [2, "2 DATA"]);
});

test("a connection on which the content got an answer to something else carries no more mail", async (t) => {
  const { hop, send } = setUp(t, {
    reply: (line, connection) => (connection === 1 && line === "content" ? "354 go on" : undefined),
  });
  assert.match((await send())[0] ?? "", /^451 4\.5\.0 Bad SMTP response code/);
  assert.deepEqual(await send(), [fine]);
  assert.equal(hop.connections, 2);
});

// The mail before is still open there: MAIL would get "nested MAIL", which says nothing about the next mail.
test("a connection whose RSET is refused bounces no mail", async (t) => {
  let open = false;
  const { hop, send } = setUp(t, {
    reply(line, connection) {
      if (connection > 1) return undefined;
      if (line === "RSET") return "502 5.5.1 what?";
      if (line.startsWith("RCPT")) return "550 5.1.1 nobody";
      if (line === "DATA") return "554 5.5.1 no valid recipients";
      if (!line.startsWith("MAIL")) return undefined;
      const said = open ? "503 5.5.1 nested MAIL" : undefined;
      open = true;
      return said;
    },
  });
  assert.deepEqual(await send(), ["550 5.1.1 nobody"]);
  assert.match((await send())[0] ?? "", /^451 4\.5\.0 Bad SMTP response code .*502 5\.5\.1 what\?/);
  assert.deepEqual(await send(), [fine]);
  assert.equal(hop.connections, 2);
});

// Its client has given up, and sends it again: what is sent now is there twice.
test("a mail whose time is over is not sent", async (t) => {
  const { hop, relay } = setUp(t, { keywords: ["PIPELINING", "CHUNKING"] });
  const [delivery] = await relay([{ ...outgoingTo(hop.nextHop, one), deadlineMs: 1000 }], unlessPutOff);
  assert.deepEqual(delivery?.replies.map(formatReply), ["451 4.3.2 No time is left to send the mail"]);
  assert.deepEqual(hop.contents, []);
  assert.equal(hop.connections, 0);
});

test("LMTP has a reply for each recipient", async (t) => {
  let count = 0;
  const { send } = setUp(t, {
    protocol: "lmtp",
    reply(line) {
      if (line !== "content") return undefined;
      count += 1;
      return count === 2 ? "552 5.2.2 full" : undefined;
    },
  });
  assert.deepEqual(await send(three), [fine, "552 5.2.2 full", fine]);
});

test("a next hop that says nothing keeps its own mail, and the mail of another is delivered", async (t) => {
  const hung = scriptedHop({ reply: when(["EHLO", ""]) });
  const well = scriptedHop();
  const to = (host: string) => ({ protocol: "smtp", host, port: 25 }) as const;
  const replies: string[] = [];
  const relay = createRelay({
    localhost_name: "here.example",
    maxConnectionsPerHop: 3,
    maxMailsPerHop: 5,
    now: () => 1000,
    dial: (hop, ...rest) => ("host" in hop && hop.host === "hung.example" ? hung : well).dial(hop, ...rest),
    observer: { connection() {}, reply: (...reply) => replies.push(reply.join(" ")) },
  });
  t.after(() => relay.close(0));
  const pending = Array.from({ length: 5 }, () => relay([outgoingTo(to("hung.example"), one)], unlessPutOff));
  const [beyond] = await relay([outgoingTo(to("hung.example"), one)], unlessPutOff);
  assert.deepEqual(beyond?.replies.map(formatReply), ["451 4.3.2 Too many mails wait for smtp:[hung.example]:25"]);
  assert.deepEqual(replies, ["smtp:[hung.example]:25 4xx own"]);
  const [delivery] = await relay([outgoingTo(to("well.example"), one)], unlessPutOff);
  assert.deepEqual(delivery?.replies.map(formatReply), [fine]);
  assert.deepEqual(relay.counts().nextHops, [{ nextHop: "smtp:[hung.example]:25", inUse: 3, waiting: 2, limit: 3 }]);
  assert.equal(hung.connections, 3);
  void pending;
});

/** Dials as long as fewer than `most` connections are open; then the process has no descriptor left, and `shortMs` pass. */
function scarce(t: TestContext, most: () => number, shortMs: number) {
  const hop = scriptedHop();
  let nowMs = 0;
  const told: string[] = [];
  const relay = createRelay({
    localhost_name: "here.example",
    dial: (...to) => (hop.open < most() ? hop.dial(...to) : failingDial("EMFILE")(...to)),
    timeouts: { connect: 40 },
    now: () => nowMs,
    onShort: () => {
      told.push("short");
      nowMs += shortMs;
    },
  });
  t.after(() => relay.close(0));
  const send = async (from: string) => {
    const [delivery] = await relay([outgoingTo(hop.nextHop, envelopeFrom(from, "b@example.com"))], unlessPutOff);
    return delivery?.replies.map(formatReply)[0] ?? "";
  };
  return { hop, told, send };
}

test("mails that find no descriptor for a connection wait in their order, and none is put off", async (t) => {
  const { hop, told, send } = scarce(t, () => 1, 0);
  const senders = ["a@example.com", "b@example.com", "c@example.com", "d@example.com"];
  assert.deepEqual(await Promise.all(senders.map(send)), [fine, fine, fine, fine]);
  const order = hop.lines.filter((line) => line.includes("MAIL FROM")).map((line) => /<(.*?)>/.exec(line)?.[1]);
  assert.deepEqual(order, senders);
  assert.equal(hop.connections, 1);
  assert.ok(told.length >= 3);
});

test("where nobody has a connection to give back, a mail waits as long as connecting may take", async (t) => {
  const { send, told } = scarce(t, () => 0, 40);
  assert.match(await send("a@example.com"), /^450 4\.4\.1 .*EMFILE/);
  assert.ok(told.length > 0);
});
