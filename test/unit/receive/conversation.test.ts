import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createSecureContext } from "node:tls";
import { Conversation, type ConversationNeeds } from "../../../src/receive/conversation.ts";
import type { MessageReplies, ReceiveObserver } from "../../../src/receive/handlers.ts";
import type { ListenerOptions } from "../../../src/receive/options.ts";
import { createMessageStore } from "../../../src/receive/store.ts";
import { defaultListenerOptions, defaultStoreLimits } from "../../support/receive-defaults.ts";
import { readBody } from "../../support/receiver.ts";

interface Setup {
  readonly options?: Partial<ListenerOptions>;
  readonly observer?: ReceiveObserver;
  onMessage?(): Promise<MessageReplies>;
  admit?(): undefined;
}

interface Scene {
  readonly conversation: Conversation;
  /** What was sent to the client, one entry each time. */
  readonly sent: string[];
  /** Messages as they came, one character per octet. */
  readonly mails: string[];
  readonly host: { draining: boolean; nowMs: number };
  /** How often TLS was begun, and the connection closed. */
  readonly calls: { tls: number; close: number };
  /** Resolves when the conversation asks for more. */
  feed(text: string): Promise<void>;
}

const accepted: MessageReplies = { reply: { code: 250, enhanced: "2.0.0", text: "Ok" } };

async function converse(t: TestContext, setup: Setup = {}): Promise<Scene> {
  const spoolDirectory = await mkdtemp(join(tmpdir(), "conversation-"));
  t.after(() => rm(spoolDirectory, { recursive: true }));
  const system = { now: () => 0, freeBytes: async () => Number.MAX_SAFE_INTEGER };
  const store = await createMessageStore({ ...defaultStoreLimits, spoolDirectory }, system);
  const options = { ...defaultListenerOptions, ...setup.options };
  const sent: string[] = [];
  const mails: string[] = [];
  const calls = { tls: 0, close: 0 };
  const state = { draining: false, nowMs: 1000 };
  const host: ConversationNeeds["host"] = {
    handlers: {
      onHead: () => ({
        digestSpecs: () => [],
        async onMessage({ message: { header, separator, body } }) {
          mails.push(Buffer.concat([header, Buffer.from(separator), await readBody(body)]).toString("latin1"));
          return setup.onMessage?.() ?? accepted;
        },
      }),
      startDigest: () => {
        throw new Error("no digests were asked for");
      },
    },
    store,
    observer: setup.observer ?? {},
    get draining() {
      return state.draining;
    },
    clock: () => state.nowMs,
    listenerOptions: () => options,
    admit: setup.admit ?? (() => undefined),
  };
  const conversation = new Conversation({
    host,
    logId: "00001-01",
    listener: { address: "127.0.0.1", port: 10024 },
    peer: { address: "127.0.0.1", port: 1 },
    isOver: () => calls.close > 0,
    send: (text) => sent.push(text),
    whenRead: (next) => next(),
    startTls: () => {
      calls.tls += 1;
    },
    close: () => {
      calls.close += 1;
    },
  });
  const feed = (text: string) =>
    new Promise<void>((resolve) => conversation.input(Buffer.from(text, "latin1"), resolve));
  return { conversation, sent, mails, host: state, calls, feed };
}

const envelope = "EHLO a.example\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\n";
const content = "Subject: hello\r\n\r\nbody\r\n";
const wholeSession = `${envelope}DATA\r\n${content}.\r\nMAIL FROM:<c@example.com>\r\nQUIT\r\n`;

test("the replies to one chunk are sent in one piece", async (t) => {
  const { conversation, sent, feed } = await converse(t);
  conversation.greet();
  await feed(`${envelope}DATA\r\n`);
  assert.equal(sent.length, 2);
  assert.match(sent[0] ?? "", /^220 [^\n]*\n$/);
  assert.deepEqual(sent[1]?.match(/^\d{3} /gm), ["250 ", "250 ", "250 ", "354 "]);
});

test("a session has the same replies and the same mail wherever its octets are cut", async (t) => {
  const whole = await converse(t);
  await whole.feed(wholeSession);
  assert.deepEqual(whole.mails, [content]);
  assert.match(whole.sent.join(""), /\r\n354 .*\r\n250 2\.0\.0 Ok\r\n250 2\.1\.0 .*\r\n221 2\.0\.0 .*\r\n$/);
  for (let at = 1; at < wholeSession.length; at += 1) {
    const { sent, mails, calls, feed } = await converse(t);
    await feed(wholeSession.slice(0, at));
    await feed(wholeSession.slice(at));
    assert.deepEqual([sent.join(""), mails], [whole.sent.join(""), whole.mails], `cut at ${at}`);
    assert.equal(calls.close, 1);
  }
});

test("what stands behind the final dot waits until the mail has its reply", async (t) => {
  const verdict = Promise.withResolvers<MessageReplies>();
  const { conversation, sent, feed } = await converse(t, { onMessage: () => verdict.promise });
  const fed = feed(wholeSession);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(conversation.isBusy, true);
  assert.match(sent.at(-1) ?? "", /^354 |\r\n354 /);
  verdict.resolve({ reply: { code: 451, enhanced: "4.3.0", text: "Later" } });
  await fed;
  assert.match(sent.slice(1).join(""), /^451 4\.3\.0 Later.*\r\n250 2\.1\.0 .*\r\n221 /);
});

test("a client that sends commands behind STARTTLS is hung up on, without the 220", async (t) => {
  const tls = { level: "may", implicit: false, context: createSecureContext() } as const;
  const polite = await converse(t, { options: { tls } });
  await polite.feed("EHLO a.example\r\n");
  // Nothing is asked for until the handshake is over.
  void polite.feed("STARTTLS\r\n");
  assert.deepEqual([polite.sent.at(-1), polite.calls], ["220 2.0.0 Ready to start TLS\r\n", { tls: 1, close: 0 }]);
  const hasty = await converse(t, { options: { tls } });
  await hasty.feed("EHLO a.example\r\n");
  void hasty.feed("STARTTLS\r\nEHLO a.example\r\n");
  assert.match(hasty.sent.at(-1) ?? "", /^421 4\.7\.0 [^\n]*commands behind STARTTLS\r\n$/);
  assert.deepEqual(hasty.calls, { tls: 0, close: 1 });
});

test("a bug of ours ends the session with a reply that has the client try again", async (t) => {
  const troubles: string[] = [];
  const { sent, calls, feed } = await converse(t, {
    observer: { trouble: (what, error, logId) => troubles.push(`${what} ${logId} ${String(error)}`) },
    admit: () => {
      throw new Error("a bug");
    },
  });
  await feed("EHLO a.example\r\nMAIL FROM:<a@example.com>\r\n");
  assert.match(sent.join(""), /\r\n421 4\.3\.0 \[127\.0\.0\.1\] Error in processing, id=00001-01\r\n$/);
  assert.deepEqual([troubles, calls.close], [["handler 00001-01 Error: a bug"], 1]);
});

test("a message whose client goes away is given up, and reported once", async (t) => {
  let aborted = 0;
  const { conversation, mails, feed } = await converse(t, { observer: { messageAborted: () => (aborted += 1) } });
  await feed(`${envelope}DATA\r\n${content}`);
  assert.deepEqual(conversation.contentAt(1500), { lastingMs: 500, sizeBytes: content.length });
  conversation.gone();
  conversation.gone();
  assert.deepEqual([aborted, mails, conversation.contentAt(1500)], [1, [], undefined]);
});

const ends: readonly (readonly [string, string, (conversation: Conversation) => void, RegExp | undefined, string[]])[] =
  [
    [
      "an idle session that is shut down",
      "EHLO a\r\n",
      (it) => it.shutDownIfIdle(),
      /^421 4\.3\.2 .*shutting down/,
      [],
    ],
    ["a session with an envelope, shut down", envelope, (it) => it.shutDownIfIdle(), undefined, []],
    ["a message under way, shut down", `${envelope}DATA\r\n`, (it) => it.shutDownIfIdle(), undefined, []],
    ["an idle session that timed out", "EHLO a\r\n", (it) => it.timeOut(), /^421 4\.4\.2 .*timeout exceeded/, []],
    ["an envelope that timed out", envelope, (it) => it.timeOut(), /^421 4\.4\.2 /, ["timeout"]],
    ["a message that timed out", `${envelope}DATA\r\n`, (it) => it.timeOut(), /^421 4\.4\.2 /, ["timeout"]],
    ["an idle session that gives up its place", "EHLO a\r\n", (it) => it.sendHome(), /^421 4\.3\.2 .*was idle/, []],
  ];

for (const [what, before, act, reply, causes] of ends) {
  test(`${what}: ${reply === undefined ? "goes on" : `ends with ${reply.source}`}, refused: ${causes}`, async (t) => {
    const refused: string[] = [];
    const { conversation, sent, calls, feed } = await converse(t, {
      observer: { refused: ({ cause }) => refused.push(cause) },
    });
    await feed(before);
    const replies = sent.length;
    act(conversation);
    assert.deepEqual([calls.close, refused], [reply === undefined ? 0 : 1, causes]);
    const [last, ...more] = sent.slice(replies);
    assert.equal(more.length, 0);
    if (reply === undefined) assert.equal(last, undefined);
    else assert.match(last ?? "", reply);
  });
}

test("while we shut down a session ends behind the reply to its mail", async (t) => {
  const { sent, host, calls, feed } = await converse(t);
  await feed(`${envelope}DATA\r\n${content}`);
  host.draining = true;
  await feed(".\r\nNOOP\r\n");
  assert.match(sent.join(""), /\r\n250 2\.0\.0 Ok\r\n421 4\.3\.2 .*shutting down\r\n$/);
  assert.equal(calls.close, 1);
});

test("a client is idle since its last input, or since the reply that it waited for", async (t) => {
  const verdict = Promise.withResolvers<MessageReplies>();
  const { conversation, host, feed } = await converse(t, { onMessage: () => verdict.promise });
  host.nowMs = 2000;
  await feed(`${envelope}DATA\r\n`);
  assert.equal(conversation.idleSinceMs, 2000);
  const fed = feed(`${content}.\r\n`);
  host.nowMs = 9000;
  verdict.resolve(accepted);
  await fed;
  assert.equal(conversation.idleSinceMs, 9000);
});
