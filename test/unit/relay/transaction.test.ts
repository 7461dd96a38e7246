import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { NextHopConnection } from "../../../src/relay/connection.ts";
import { defaultTimeouts, type Outgoing } from "../../../src/relay/delivery.ts";
import { greet } from "../../../src/relay/greeting.ts";
import { abandonTransaction, narrowed, openTransaction, sendTransaction } from "../../../src/relay/transaction.ts";
import { formatReply } from "../../../src/smtp/reply.ts";
import { envelopeFrom, messageFrom, outgoingTo, plainMail } from "../../support/relay-mail.ts";
import { type HopScript, queued, type ScriptedHop, scriptedHop } from "../../support/scripted-hop.ts";

const envelope = envelopeFrom("a@example.com", "b@example.com", "c@example.com", "d@example.com");

async function setUp(
  t: TestContext,
  script: HopScript = {},
  more: Partial<Outgoing> = {},
): Promise<{ hop: ScriptedHop; connection: NextHopConnection; outgoing: Outgoing }> {
  const hop = scriptedHop(script);
  const end = { localhost_name: "here.example", local_client_bind_address: null };
  const connection = new NextHopConnection(
    hop.nextHop,
    null,
    () => 0,
    () => {},
    hop.dial,
  );
  t.after(() => connection.drop());
  assert.equal(await greet(connection, end, { timeouts: defaultTimeouts, discarded: new Set() }), undefined);
  return { hop, connection, outgoing: { ...outgoingTo(hop.nextHop, envelope), ...more } };
}

interface Case {
  readonly name: string;
  /** Replies to lines that begin so. */
  readonly replies?: readonly (readonly [string, string | null])[];
  readonly keywords?: readonly string[];
  readonly state: "ready" | "envelope" | "over";
  /** Codes by recipient after the envelope. */
  readonly codes: readonly number[];
  readonly accepted?: readonly number[];
  readonly deferred?: readonly number[];
  /** Of no more use: ended. */
  readonly ended?: true;
  readonly untouched?: true;
}

const lockStep: readonly string[] = [];
const all = [0, 1, 2];

const cases: readonly Case[] = [
  { name: "all are taken, and content is asked for", state: "ready", codes: [250, 250, 250], accepted: all },
  { name: "the same, a command at a time", keywords: lockStep, state: "ready", codes: [250, 250, 250], accepted: all },
  {
    name: "one is put off: content is asked for already",
    replies: [["RCPT TO:<c", "450 4.2.0 later"]],
    state: "ready",
    codes: [250, 450, 250],
    accepted: [0, 2],
  },
  {
    name: "one is put off: DATA is held back where commands go one at a time",
    replies: [["RCPT TO:<c", "450 4.2.0 later"]],
    keywords: lockStep,
    state: "envelope",
    codes: [250, 450, 250],
    accepted: [0, 2],
  },
  {
    name: "all are refused, and content is asked for all the same",
    replies: [["RCPT", "550 5.1.1 nobody"]],
    state: "over",
    codes: [550, 550, 550],
    ended: true,
  },
  {
    name: "all are refused, and DATA too",
    replies: [
      ["RCPT", "550 5.1.1 nobody"],
      ["DATA", "503 5.5.1 no recipients"],
    ],
    state: "over",
    codes: [503, 503, 503].map(() => 550),
  },
  {
    name: "MAIL is refused",
    replies: [
      ["MAIL", "550 5.7.1 no"],
      ["RCPT", "503 5.5.1 MAIL first"],
      ["DATA", "503 5.5.1 MAIL first"],
    ],
    state: "over",
    codes: [550, 550, 550],
  },
  { name: "DATA is refused", replies: [["DATA", "554 5.7.1 no"]], state: "over", codes: [554, 554, 554] },
  {
    name: "DATA gets the reply of something else",
    replies: [["DATA", "250 2.0.0 Ok"]],
    state: "over",
    codes: [451, 451, 451],
    ended: true,
  },
  {
    name: "it takes two at once: the third is to follow",
    replies: [["RCPT TO:<d", "452 4.5.3 too many"]],
    state: "ready",
    codes: [250, 250, 250],
    accepted: [0, 1],
    deferred: [2],
  },
  {
    name: "a mailbox is full: that is no limit on recipients",
    replies: [["RCPT TO:<d", "452 4.2.2 full"]],
    state: "ready",
    codes: [250, 250, 452],
    accepted: [0, 1],
  },
  {
    name: "452 and then a recipient that is taken: no limit either",
    replies: [["RCPT TO:<b", "452 4.5.3 too many"]],
    state: "ready",
    codes: [452, 250, 250],
    accepted: [1, 2],
  },
  { name: "421 to MAIL", replies: [["MAIL", "421 4.3.2 bye"]], state: "over", codes: [421, 421, 421], ended: true },
  {
    name: "it ends the connection at RCPT",
    replies: [["RCPT TO:<c", null]],
    state: "over",
    codes: [451, 451, 451],
    ended: true,
  },
];

for (const { name, replies = [], keywords, state, codes, accepted = [], deferred = [], ended } of cases) {
  const script: HopScript = {
    ...(keywords === undefined ? {} : { keywords }),
    reply: (line) => replies.find(([begin]) => line.startsWith(begin))?.[1],
  };

  test(`envelope: ${name}`, async (t) => {
    const { hop, connection, outgoing } = await setUp(t, script);
    const opened = await openTransaction(connection, outgoing, defaultTimeouts);
    assert.equal(opened.state, state);
    assert.deepEqual(
      opened.answers.map(({ reply }) => reply.code),
      codes,
    );
    assert.deepEqual([opened.accepted, opened.deferred], [accepted, deferred]);
    assert.equal(connection.failure !== undefined, ended === true);
    assert.deepEqual(hop.contents, []);
  });

  test(`content after: ${name}`, async (t) => {
    const { hop, connection, outgoing } = await setUp(t, script);
    const answers = await sendTransaction(
      await openTransaction(connection, outgoing, defaultTimeouts),
      defaultTimeouts,
    );
    const delivered = accepted.length > 0;
    assert.deepEqual(hop.contents, delivered ? [plainMail] : []);
    for (const [index, { reply }] of answers.entries()) {
      if (accepted.includes(index)) assert.equal(formatReply(reply), formatReply(queued));
      else assert.equal(reply.code, codes[index]);
    }
    if (delivered) assert.equal(connection.inTransaction, false);
  });

  test(`nothing sent after: ${name}`, async (t) => {
    const { hop, connection, outgoing } = await setUp(t, script);
    const answers = abandonTransaction(await openTransaction(connection, outgoing, defaultTimeouts));
    for (const [index, { reply, fromNextHop }] of answers.entries()) {
      const open = accepted.includes(index) || deferred.includes(index);
      assert.deepEqual([reply.code, fromNextHop], open ? [451, false] : [codes[index], codes[index] !== 451]);
    }
    // Asked for content, it takes what comes next for that: only an end of the connection leads out.
    assert.equal(connection.failure !== undefined, ended === true || state === "ready");
    assert.deepEqual(hop.contents, []);
  });
}

test("a mail with a bare line end is ours to answer for, and the connection, asked for content, is ended", async (t) => {
  const { hop, connection, outgoing } = await setUp(t, {}, { message: messageFrom("A: b\r\n\r\nx\ny\r\n") });
  const opened = await openTransaction(connection, outgoing, defaultTimeouts);
  assert.deepEqual(
    opened.answers.map(({ reply, fromNextHop }) => [reply.code, fromNextHop]),
    [
      [451, false],
      [451, false],
      [451, false],
    ],
  );
  assert.deepEqual([connection.failure?.kind, hop.contents], ["dropped", []]);
});

test("what cannot be read from the spool ends the connection in the middle, without a dot", async (t) => {
  const { hop, connection, outgoing } = await setUp(t);
  const body = {
    kind: "spool",
    sizeBytes: 100,
    async *read() {
      yield Buffer.from("half\r\n");
      throw new Error("EIO");
    },
  } as const;
  const opened = await openTransaction(
    connection,
    { ...outgoing, message: { ...outgoing.message, body } },
    defaultTimeouts,
  );
  const answers = await sendTransaction(opened, defaultTimeouts);
  assert.deepEqual(
    answers.map(({ reply }) => reply.code),
    [451, 451, 451],
  );
  assert.deepEqual([connection.failure?.kind, hop.contents], ["dropped", []]);
});

test("the client is passed on where the next hop takes XFORWARD, and cleared again with the mail", async (t) => {
  const { hop, connection, outgoing } = await setUp(
    t,
    {
      keywords: ["PIPELINING", "XFORWARD NAME ADDR"],
      reply: (line) => (line.startsWith("MAIL") ? "550 5.7.1 no" : undefined),
    },
    { session: { client: { address: "192.0.2.1", name: "client.example" } } },
  );
  await openTransaction(connection, outgoing, defaultTimeouts);
  assert.equal(hop.lines[1], "1 XFORWARD ADDR=192.0.2.1 NAME=client.example");
  assert.equal(connection.inTransaction, true, "RSET has to come before the next mail, refused or not");
});

test("a kept connection that turns out to be dead has had nothing of the mail; a new one might", async (t) => {
  for (const used of [true, false]) {
    const { connection, outgoing } = await setUp(t, { reply: (line) => (line.startsWith("MAIL") ? null : undefined) });
    connection.used = used;
    assert.equal((await openTransaction(connection, outgoing, defaultTimeouts)).untouched, used);
  }
});

test("a mail narrowed to some recipients keeps everything else", () => {
  const outgoing = outgoingTo({ protocol: "smtp", path: "/x" }, envelope);
  const { envelope: few, ...rest } = narrowed(outgoing, [2, 0]);
  assert.deepEqual(few, { sender: envelope.sender, recipients: [envelope.recipients[2], envelope.recipients[0]] });
  const { envelope: _, ...before } = outgoing;
  assert.deepEqual(rest, before);
});
