// Messages: what reaches the flow, where it is kept meanwhile, what is left when something breaks.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { open } from "node:fs/promises";
import type { BodyDigester } from "../../src/dkim/engine.ts";
import type { BodyDigest, BodyDigestSpec } from "../../src/mail/digest.ts";
import type { MessageHead } from "../../src/mail/message.ts";
import type { Envelope, Session } from "../../src/mail/transaction.ts";
import type { MessageReplies } from "../../src/receive/handlers.ts";
import { createListener, createLogIds } from "../../src/receive/listener.ts";
import { corpusTest } from "../support/corpora.ts";
import { test } from "../support/limited.ts";
import { defaultListenerOptions } from "../support/receive-defaults.ts";
import { readBody, startReceiver, until } from "../support/receiver.ts";
import { enterData, smtpClient, startMail } from "../support/smtp-client.ts";

const specs: readonly BodyDigestSpec[] = [{ canonicalization: "simple", hash: "sha256" }];

/** Content with every octet value but CR and LF, dots at line starts, and lines of many lengths. */
function content(bytes: number): Buffer {
  const lines: string[] = [];
  let total = 0;
  for (let i = 0; total < bytes; i += 1) {
    const length = Math.min(Math.max(0, bytes - total - 2), (i * 37) % 200);
    const line = `${i % 5 === 0 && length > 0 ? "." : ""}`.padEnd(length, String.fromCharCode(14 + (i % 242)));
    lines.push(`${line}\r\n`);
    total += line.length + 2;
  }
  return Buffer.from(lines.join(""), "latin1");
}

/** RFC 5321 section 4.5.2. */
function stuffed(text: Buffer): Buffer {
  return Buffer.from(`${`\r\n${text.toString("latin1")}`.replaceAll("\r\n.", "\r\n..").slice(2)}.\r\n`, "latin1");
}

function sha256(octets: Uint8Array): string {
  return createHash("sha256").update(octets).digest("hex");
}

/** Hashes as it is told to, and lets blocks go only when `release` is called. */
class HeldDigester implements BodyDigester {
  readonly #hash = createHash("sha256");
  readonly waiting: (() => void)[] = [];
  held = true;
  mostWaiting = 0;
  aborted = false;
  bytes = 0;
  update(chunk: Uint8Array): Promise<void> {
    assert.ok(chunk.buffer instanceof SharedArrayBuffer);
    this.#hash.update(chunk);
    this.bytes += chunk.length;
    if (!this.held) return Promise.resolve();
    return new Promise((done) => {
      this.waiting.push(done);
      this.mostWaiting = Math.max(this.mostWaiting, this.waiting.length);
    });
  }
  release(): void {
    this.held = false;
    for (const done of this.waiting.splice(0)) done();
  }
  async digest(): Promise<readonly BodyDigest[]> {
    return [{ canonicalization: "simple", hash: "sha256", digest: this.#hash.digest(), canonicalBytes: this.bytes }];
  }
  abort(): void {
    this.aborted = true;
    this.release();
  }
}

const sizes = [0, 1, 2, 3, 100, 16_000, 16_383, 16_384, 16_385, 131_071, 131_072, 131_073, 500_000, 5_000_000];

for (const memory of [0, 1_000_000, 16_000_000]) {
  test(`hands on every octet of bodies from 0 to 5 MB, with ${memory} octets of memory for each`, async (t) => {
    const receiver = await startReceiver(t, { limits: { bodyMemoryBytes: memory } });
    const client = smtpClient(receiver.port);
    await enterData(client);
    for (const size of sizes) {
      const message = Buffer.concat([Buffer.from("Subject: x\r\n\r\n"), content(size)]);
      client.socket.write(stuffed(message));
      assert.deepEqual(await client.reply(), ["250 2.0.0 Ok"]);
      const mail = receiver.mails.shift();
      assert.ok(mail);
      assert.equal(mail.octets.length, message.length, `size ${size}`);
      assert.equal(sha256(Buffer.from(mail.octets, "latin1")), sha256(message), `size ${size}`);
      await startMail(client);
    }
    client.socket.destroy();
    await until(() => receiver.store.usedBytes === 0 && receiver.store.spoolFiles === 0);
  });
}

for (const memory of [0, 1_000_000, 16_000_000]) {
  test(`digests a body while it arrives, ${memory} octets of memory`, async (t) => {
    const digester = new HeldDigester();
    digester.held = false;
    const heads: [Session, Envelope, MessageHead][] = [];
    const receiver = await startReceiver(t, {
      limits: { bodyMemoryBytes: memory },
      handlers: {
        onHead: (...head) => {
          heads.push(head);
          return () => specs;
        },
        startDigest: (asked) => {
          assert.equal(asked, specs);
          return digester;
        },
      },
    });
    const client = smtpClient(receiver.port);
    const body = content(3_000_000);
    await enterData(client);
    client.socket.write(stuffed(Buffer.concat([Buffer.from("From: a@b\r\nSubject: x\r\n\r\n"), body])));
    assert.deepEqual(await client.reply(), ["250 2.0.0 Ok"]);
    const transaction = receiver.mails[0]?.transaction;
    const [digest] = (await transaction?.digests) ?? [];
    assert.equal(Buffer.from(digest?.digest ?? []).toString("hex"), sha256(body));
    assert.equal(digest?.canonicalBytes, body.length);
    assert.equal(transaction?.message.body.kind, memory > body.length ? "memory" : "spool");
    // The flow finds what it started at the head by these very objects.
    assert.equal(heads.length, 1);
    assert.equal(heads[0]?.[0], transaction?.session);
    assert.equal(heads[0]?.[1], transaction?.envelope);
    assert.deepEqual(
      heads[0]?.[2].fields.map(({ name }) => name),
      ["from", "subject"],
    );
  });
}

test("starts no digester for a body of one block, nor where none is asked for", async (t) => {
  const wanted = [specs, specs, []];
  const started: number[] = [];
  const receiver = await startReceiver(t, {
    handlers: {
      onHead: () => () => wanted[receiver.mails.length] ?? [],
      startDigest: () => {
        started.push(receiver.mails.length);
        const digester = new HeldDigester();
        digester.release();
        return digester;
      },
    },
  });
  const client = smtpClient(receiver.port);
  await enterData(client);
  for (const size of [128 * 1024, 128 * 1024 + 20_000, 1_000_000]) {
    client.socket.write(stuffed(Buffer.concat([Buffer.from("A: b\r\n\r\n"), content(size)])));
    await client.reply();
    await startMail(client);
  }
  assert.deepEqual(started, [1]);
  assert.deepEqual(
    receiver.mails.map(({ transaction }) => transaction.digests !== undefined),
    [false, true, false],
  );
});

for (const memory of [0, 16_000_000]) {
  test(`makes the client wait for a slow digester, ${memory} octets of memory`, async (t) => {
    const digester = new HeldDigester();
    const receiver = await startReceiver(t, {
      limits: { bodyMemoryBytes: memory },
      handlers: { onHead: () => () => specs, startDigest: () => digester },
    });
    const client = smtpClient(receiver.port);
    await enterData(client);
    const message = Buffer.concat([Buffer.from("A: b\r\n\r\n"), content(12_000_000)]);
    client.socket.write(stuffed(message));
    await until(() => digester.mostWaiting >= 8);
    for (let i = 0; i < 200; i += 1) await new Promise((done) => setImmediate(done));
    // One chunk of the socket may complete a block more.
    assert.ok(digester.mostWaiting <= 9, `${digester.mostWaiting} blocks under way`);
    assert.ok(receiver.store.usedBytes <= 3_000_000, `${receiver.store.usedBytes} octets kept`);
    digester.release();
    assert.deepEqual(await client.reply(), ["250 2.0.0 Ok"]);
    assert.equal(sha256(Buffer.from(receiver.mails[0]?.octets ?? "", "latin1")), sha256(message));
  });
}

for (const [what, memory] of [
  ["in memory", 16_000_000],
  ["in a spool file", 0],
] as const) {
  test(`gives everything back when a client resets in the middle of a message ${what}`, async (t) => {
    const digester = new HeldDigester();
    digester.held = false;
    let aborted = 0;
    const troubles: string[] = [];
    const receiver = await startReceiver(t, {
      limits: { bodyMemoryBytes: memory },
      handlers: { onHead: () => () => specs, startDigest: () => digester },
      observer: {
        trouble: (kind) => troubles.push(kind),
        messageAborted: () => {
          aborted += 1;
        },
      },
    });
    const client = smtpClient(receiver.port);
    await enterData(client, "EHLO a.example");
    client.socket.write(`A: b\r\n\r\n${"x".repeat(1_000_000)}`);
    await until(() => digester.bytes >= 900_000);
    client.socket.resetAndDestroy();
    await until(() => receiver.store.usedBytes === 0 && receiver.store.spoolFiles === 0);
    assert.equal(digester.aborted, true);
    assert.equal(aborted, 1);
    assert.equal(receiver.mails.length, 0);
    // The process lives, and the next mail is fine.
    const next = smtpClient(receiver.port);
    await enterData(next);
    assert.equal(await next.ask("."), "250 2.0.0 Ok");
  });
}

test("never delivers a message whose client closed before the final dot", async (t) => {
  const receiver = await startReceiver(t);
  const client = smtpClient(receiver.port);
  await enterData(client);
  client.socket.end("Subject: x\r\n\r\nhalf of it\r\n.");
  assert.equal(await client.line(), undefined);
  await until(() => receiver.store.usedBytes === 0);
  assert.equal(receiver.mails.length, 0);
});

test("lets the flow finish when the client is gone after the final dot, and releases the body then", async (t) => {
  let answer: (replies: MessageReplies) => void = () => undefined;
  const receiver = await startReceiver(t, {
    handlers: { onMessage: () => new Promise((done) => (answer = done)) },
  });
  const client = smtpClient(receiver.port);
  await enterData(client);
  client.send("Subject: x\r\n.\r\n");
  await until(() => receiver.mails.length === 1);
  client.socket.resetAndDestroy();
  await until(() => receiver.listener.connections === 0);
  assert.notEqual(receiver.store.usedBytes, 0);
  answer({ reply: { code: 250, enhanced: "2.0.0", text: "Ok" } });
  await until(() => receiver.store.usedBytes === 0);
});

const id = "04711-01";
const brokenHandlers: readonly { what: string; onMessage: () => Promise<MessageReplies>; reply: string }[] = [
  {
    what: "rejects",
    onMessage: () => Promise.reject(new Error("with <secrets>")),
    reply: `451 4.3.0 Error in processing, id=${id}`,
  },
  {
    what: "throws",
    onMessage: () => {
      throw new Error("with <secrets>");
    },
    reply: `451 4.3.0 Error in processing, id=${id}`,
  },
  {
    what: "answers with a code that is no final one",
    onMessage: async () => ({ reply: { code: 354, enhanced: "", text: "go on" } }),
    reply: `451 4.3.0 Error in processing, id=${id}`,
  },
  {
    what: "answers with a line end in the text",
    onMessage: async () => ({ reply: { code: 554, enhanced: "5.7.1", text: "no\r\n250 2.0.0 yes\u00fc" } }),
    reply: "554 5.7.1 no?250 2.0.0 yes?",
  },
];

for (const { what, onMessage, reply } of brokenHandlers) {
  test(`gives exactly one reply when the flow ${what}`, async (t) => {
    const receiver = await startReceiver(t, { handlers: { onMessage } });
    const client = smtpClient(receiver.port);
    await enterData(client);
    assert.equal(await client.ask("."), reply);
    assert.equal(await client.ask("NOOP"), "250 2.0.0 Ok NOOP");
  });
}

test("answers 451 when the head is not to the flow's liking, and takes the message to its end", async (t) => {
  const receiver = await startReceiver(t, {
    handlers: {
      onHead: () => {
        throw new Error("a bug");
      },
    },
  });
  const client = smtpClient(receiver.port);
  await enterData(client);
  client.send(`A: b\r\n\r\n${"RSET\r\n".repeat(100_000)}.\r\n`);
  assert.equal(await client.line(), "451 4.3.0 Error in processing, id=04711-01");
  assert.equal(await client.ask("NOOP"), "250 2.0.0 Ok NOOP");
  assert.equal(receiver.store.usedBytes, 0);
});

test("gives each LMTP recipient its own reply", async (t) => {
  const receiver = await startReceiver(t, {
    handlers: {
      onMessage: async () => ({
        reply: { code: 250, enhanced: "2.0.0", text: "Ok" },
        recipientReplies: [
          { code: 250, enhanced: "2.0.0", text: "first" },
          { code: 550, enhanced: "5.1.1", text: "second" },
          { code: 450, enhanced: "4.2.0", text: "third" },
        ],
      }),
    },
  });
  const client = smtpClient(receiver.port);
  await client.reply();
  await client.ask("LHLO a.example");
  await client.ask("MAIL FROM:<a@b.example>");
  for (const name of ["x", "x", "y"]) await client.ask(`RCPT TO:<${name}@d.example>`);
  await client.ask("DATA");
  client.send(".\r\n");
  assert.deepEqual(
    [await client.line(), await client.line(), await client.line()],
    ["250 2.0.0 first", "550 5.1.1 second", "450 4.2.0 third"],
  );
  assert.equal(await client.ask("NOOP"), "250 2.0.0 Ok NOOP");
});

test("takes whole mails in one write, and answers them in order", async (t) => {
  const receiver = await startReceiver(t);
  const client = smtpClient(receiver.port);
  const mail = (n: number) =>
    `MAIL FROM:<${n}@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\nSubject: ${n}\r\n\r\n${n}\r\n.\r\n`;
  client.send(`HELO a.example\r\n${[1, 2, 3].map(mail).join("")}QUIT\r\n`);
  const codes: string[] = [];
  for (let line = await client.line(); line !== undefined; line = await client.line()) codes.push(line.slice(0, 3));
  assert.equal(codes.join(" "), "220 250 250 250 354 250 250 250 354 250 250 250 354 250 221");
  assert.deepEqual(
    receiver.mails.map(({ octets }) => octets),
    [1, 2, 3].map((n) => `Subject: ${n}\r\n\r\n${n}\r\n`),
  );
});

test("answers every one of hundreds of mails that fail in one write", { timeout: 20_000 }, async (t) => {
  const receiver = await startReceiver(t, { options: { bare_newline: "reject" } });
  const client = smtpClient(receiver.port);
  await client.reply();
  await client.ask("HELO a");
  const count = 1500;
  client.send("MAIL FROM:<>\r\nRCPT TO:<b>\r\nDATA\r\n\n\r\n.\r\n".repeat(count));
  for (let mail = 0; mail < count; mail += 1) {
    for (const code of ["250", "250", "354", "554"]) assert.equal((await client.line())?.slice(0, 3), code);
  }
});

test("refuses a header section over the limit and reads it to its end", async (t) => {
  const receiver = await startReceiver(t, { options: { maxHeaderBytes: 200_000 } });
  const client = smtpClient(receiver.port);
  await enterData(client);
  client.send(`${"X-Filler: y\r\n".repeat(40_000)}\r\nbody\r\n.\r\n`);
  assert.equal(await client.line(), "552 5.3.4 Header section exceeds size limit");
  await startMail(client);
  client.send(`${"X-Filler: y\r\n".repeat(10_000)}\r\nbody\r\n.\r\n`);
  assert.equal(await client.line(), "250 2.0.0 Ok");
  assert.equal(receiver.mails[0]?.octets.length, 130_000 + 8);
  await until(() => receiver.store.usedBytes === 0);
});

test("spools a message that the memory budget of the process has no room for", async (t) => {
  const receiver = await startReceiver(t, { limits: { memoryBudgetBytes: 400_000 } });
  const client = smtpClient(receiver.port);
  await enterData(client);
  client.send(`A: b\r\n\r\n${"x".repeat(1_000_000)}\r\n.\r\n`);
  assert.equal(await client.line(), "250 2.0.0 Ok");
  assert.equal(receiver.mails[0]?.transaction.message.body.kind, "spool");
});

test("answers 452 when the disk refuses to write, and is fine with what memory holds", async (t) => {
  const troubles: [string, unknown][] = [];
  const setup = await startReceiver(t, { limits: { bodyMemoryBytes: 300_000 } });
  // A full disk: every write fails with ENOSPC.
  const store = { ...setup.store, openSpool: () => open("/dev/full", "r+"), limits: setup.store.limits };
  const bodies: Buffer[] = [];
  const listener = createListener(
    { address: "127.0.0.1" },
    {
      options: () => defaultListenerOptions,
      store,
      nextLogId: createLogIds(1),
      observer: { trouble: (what, error) => troubles.push([what, error]) },
      handlers: {
        onHead: () => ({
          digestSpecs: () => [],
          async onMessage({ message }) {
            bodies.push(await readBody(message.body));
            return { reply: { code: 250, enhanced: "2.0.0", text: "Ok" } };
          },
        }),
        startDigest: () => new HeldDigester(),
      },
    },
  );
  const { port } = await listener.listen();
  t.after(() => listener.drain(0));
  const client = smtpClient(port);
  await enterData(client);
  client.send(`A: b\r\n\r\n${"x".repeat(3_000_000)}\r\n.\r\n`);
  assert.equal(await client.line(), "452 4.3.1 Insufficient system storage");
  assert.equal(troubles[0]?.[0], "storage");
  await startMail(client);
  client.send(`A: b\r\n\r\n${"x".repeat(100_000)}\r\n.\r\n`);
  assert.equal(await client.line(), "250 2.0.0 Ok");
  assert.equal(bodies[0]?.length, 100_002);
});

test("refuses a large mail at MAIL while the disk is nearly full, and takes small ones", async (t) => {
  const receiver = await startReceiver(t, {
    freeBytes: () => 1000,
    limits: { minFreeBytes: 2000, bodyMemoryBytes: 9000 },
  });
  const client = smtpClient(receiver.port);
  await client.reply();
  await client.ask("HELO a.example");
  assert.equal(await client.ask("MAIL FROM:<a@b.example> SIZE=9001"), "452 4.3.1 Insufficient system storage");
  await startMail(client);
  assert.equal(await client.ask("."), "250 2.0.0 Ok");
  await startMail(client);
  client.send(`A: b\r\n\r\n${"x".repeat(100_000)}\r\n.\r\n`);
  assert.equal(await client.line(), "452 4.3.1 Insufficient system storage");
});

test("refuses MAIL with what the flow says when it has no room", async (t) => {
  let full = true;
  const busy = { code: 451, enhanced: "4.3.2", text: "Busy, try again" };
  const receiver = await startReceiver(t, { handlers: { admit: () => (full ? busy : undefined) } });
  const client = smtpClient(receiver.port);
  await client.reply();
  await client.ask("HELO a.example");
  for (let i = 0; i < 30; i += 1)
    assert.equal(await client.ask("MAIL FROM:<a@b.example>"), "451 4.3.2 Busy, try again");
  full = false;
  await startMail(client);
});

corpusTest("takes each smuggling attempt for one mail", "smtp-smuggling/cases.json", async (smuggling, t) => {
  const corpus = JSON.parse(readFileSync(smuggling, "utf8"));
  for (const bare_newline of ["replace", "reject"] as const) {
    for (const { id, sequence_b64 } of corpus.cases) {
      const sequence = Buffer.from(sequence_b64, "base64").toString("latin1");
      // A true end of data ends the mail for everybody; what follows are the client's own commands.
      if (sequence.includes("\r\n.\r\n")) continue;
      const receiver = await startReceiver(t, { options: { bare_newline } });
      const client = smtpClient(receiver.port);
      await enterData(client);
      client.send(`${corpus.head}${sequence}${corpus.tail}\r\n.\r\n`);
      const bare = /\r(?!\n)|(?<!\r)\n/.test(sequence);
      const refused = bare && bare_newline === "reject";
      assert.match((await client.line()) ?? "", refused ? /^554 5\.6\.0 / : /^250 /, id);
      assert.equal(await client.ask("NOOP"), "250 2.0.0 Ok NOOP", id);
      assert.equal(receiver.mails.length, refused ? 0 : 1, id);
      for (const { octets } of receiver.mails) assert.doesNotMatch(octets.replaceAll("\r\n", ""), /[\r\n]/, id);
      client.socket.destroy();
    }
  }
});
