import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { BodyDigester } from "../../../src/dkim/engine.ts";
import { defaultHeaderLimits, type HeaderLimits } from "../../../src/mail/header.ts";
import { Intake, type IntakeOptions, type Received } from "../../../src/receive/intake.ts";
import { blockBytes, createMessageStore, type MessageStore, type StoreLimits } from "../../../src/receive/store.ts";
import { defaultStoreLimits } from "../../support/receive-defaults.ts";
import { readBody } from "../../support/receiver.ts";

const head = "From: a@example.com\r\nSubject: hello\r\n";

interface Scene {
  readonly store: MessageStore;
  readonly intake: Intake;
  /** Header sections that were handed on. */
  readonly heads: string[];
  take(text: string | Buffer): void;
}

async function setUp(
  t: TestContext,
  options: Partial<IntakeOptions> = {},
  limits: Partial<StoreLimits> = {},
): Promise<Scene> {
  const spoolDirectory = await mkdtemp(join(tmpdir(), "intake-"));
  t.after(() => rm(spoolDirectory, { recursive: true }));
  const system = { now: () => 0, freeBytes: async () => Number.MAX_SAFE_INTEGER };
  const store = await createMessageStore({ ...defaultStoreLimits, spoolDirectory, ...limits }, system);
  const heads: string[] = [];
  const intake = new Intake(store, {
    sizeLimit: 0,
    maxHeaderBytes: 16 * 1024 ** 2,
    headerLimits: defaultHeaderLimits,
    onHead({ header }) {
      heads.push(Buffer.from(header).toString("latin1"));
      return () => [];
    },
    startDigest: () => {
      throw new Error("no digests were asked for");
    },
    ...options,
  });
  const take = (text: string | Buffer) => {
    const octets = typeof text === "string" ? Buffer.from(text, "latin1") : text;
    intake.take(octets, 0, octets.length);
  };
  return { store, intake, heads, take };
}

async function textOf(received: Received | undefined): Promise<string> {
  if (received === undefined) return "(nothing)";
  const { header, separator, body } = received.message;
  return Buffer.concat([header, Buffer.from(separator), await readBody(body)]).toString("latin1");
}

const messages: readonly (readonly [string, string, string])[] = [
  ["header and body", `${head}\r\nbody\r\n`, head],
  ["a header alone", head, head],
  ["a header with its empty line alone", `${head}\r\n`, head],
  ["an empty line first", "\r\nbody\r\n", ""],
  ["nothing at all", "", ""],
  ["an empty line in the body", `${head}\r\na\r\n\r\nb\r\n`, head],
];

for (const [what, text, header] of messages) {
  test(`${what}: the same octets come out, wherever they were cut`, async (t) => {
    for (let at = 0; at <= text.length; at += 1) {
      const { intake, heads, take } = await setUp(t);
      take(text.slice(0, at));
      take(text.slice(at));
      const received = await intake.finish();
      assert.equal(await textOf(received), text, `cut at ${at}`);
      assert.deepEqual([heads, intake.sizeBytes], [[header], text.length]);
    }
  });
}

test("the header is handed on as soon as it is in, once", async (t) => {
  const { intake, heads, take } = await setUp(t);
  take(`${head}\r`);
  assert.deepEqual(heads, []);
  take("\nbody");
  assert.deepEqual(heads, [head]);
  take("\r\n\r\nmore\r\n");
  await intake.finish();
  assert.deepEqual(heads, [head]);
});

test("a large header stays in one piece", async (t) => {
  const { intake, heads, take } = await setUp(t);
  const field = `X-Long: ${"x".repeat(70)}\r\n`;
  const long = field.repeat(3000);
  for (let at = 0; at < long.length; at += 1400) take(long.slice(at, at + 1400));
  take("\r\nbody\r\n");
  assert.equal(await textOf(await intake.finish()), `${long}\r\nbody\r\n`);
  assert.equal(heads[0], long);
});

const large = Buffer.alloc(5 * blockBytes + 77, "a line of the body\r\n");

test("a body over a block stays in memory, or goes to a file, and is the same", async (t) => {
  for (const bodyMemoryBytes of [16 * blockBytes, 2 * blockBytes]) {
    const { store, intake, take } = await setUp(t, {}, { bodyMemoryBytes });
    take(`${head}\r\n`);
    for (let at = 0; at < large.length; at += 10_000) {
      take(large.subarray(at, at + 10_000));
      await intake.pressure();
    }
    const received = await intake.finish();
    const isSpooled = bodyMemoryBytes < large.length;
    assert.equal(received?.message.body.kind, isSpooled ? "spool" : "memory");
    assert.equal(await textOf(received), `${head}\r\n${large.toString("latin1")}`);
    assert.equal(store.spoolFiles, isSpooled ? 1 : 0);
    intake.release();
    while (store.spoolFiles > 0) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(store.usedBytes, 0, "all memory is given back");
  }
});

const tight: HeaderLimits = { maxBytes: 1000, maxFields: 2, maxLines: 10 };
const refusals: readonly (readonly [string, Partial<IntakeOptions>, Partial<StoreLimits>, string])[] = [
  ["size", { sizeLimit: 100 }, {}, `${head}\r\n${"x".repeat(100)}`],
  ["header-size", { maxHeaderBytes: 100 }, {}, "x".repeat(101)],
  ["storage", {}, { memoryBudgetBytes: 0 }, "x".repeat(2 * blockBytes)],
];

for (const [failure, options, limits, text] of refusals) {
  test(`what is refused for its ${failure} is read to its end, and its memory given back at once`, async (t) => {
    const { store, intake, take } = await setUp(t, options, limits);
    take(text);
    assert.deepEqual([intake.failure, store.usedBytes], [failure, 0]);
    take("more\r\n");
    assert.deepEqual([intake.sizeBytes, intake.pressure()], [text.length + 6, undefined]);
    assert.equal(await intake.finish(), undefined);
  });
}

test("fields beyond the limits pass, and the cut is said", async (t) => {
  const { intake, take } = await setUp(t, { headerLimits: tight });
  take("A: 1\r\nB: 2\r\nC: 3\r\n\r\nbody\r\n");
  const received = await intake.finish();
  assert.equal(await textOf(received), "A: 1\r\nB: 2\r\nC: 3\r\n\r\nbody\r\n");
  assert.ok(received?.message.cut);
});

test("trouble with what is done at the header is no crash: the message fails", async (t) => {
  const bug = new Error("a bug");
  const { store, intake, take } = await setUp(t, {
    onHead: () => {
      throw bug;
    },
  });
  take(`${head}\r\nbody\r\n`);
  assert.deepEqual([intake.failure, intake.error, store.usedBytes], ["trouble", bug, 0]);
});

test("a failure is the first one, and giving up twice gives back once", async (t) => {
  const { store, intake, take } = await setUp(t);
  take(head);
  intake.fail("gone");
  intake.fail("trouble", new Error("later"));
  intake.release();
  assert.deepEqual([intake.failure, intake.error, store.usedBytes], ["gone", undefined, 0]);
});

/** Notes what it is given; hashes when it is let. */
function digester() {
  const fed: string[] = [];
  const waiting: (() => void)[] = [];
  let aborted = 0;
  const it: BodyDigester = {
    update(chunk) {
      fed.push(Buffer.from(chunk).toString("latin1"));
      return new Promise((resolve) => waiting.push(resolve));
    },
    digest: async () => [],
    abort: () => {
      aborted += 1;
    },
  };
  return {
    it,
    fed,
    aborts: () => aborted,
    hash() {
      for (const resolve of waiting.splice(0)) resolve();
    },
  };
}

const specs = () => [{ canonicalization: "relaxed", hash: "sha256" } as const];

test("a body over a block is hashed from its first octet while it arrives, and waits for the digester", async (t) => {
  const digest = digester();
  const { intake, take } = await setUp(t, { onHead: () => specs, startDigest: () => digest.it });
  take(`${head}\r\n`);
  take(large.subarray(0, blockBytes));
  assert.deepEqual(digest.fed, [], "of one block nothing is hashed yet");
  let wait: Promise<void> | undefined;
  for (let at = blockBytes; wait === undefined; at += blockBytes) {
    assert.ok(at < 64 * blockBytes, "the sender is to be held up at some time");
    take(Buffer.alloc(blockBytes, "x"));
    wait = intake.pressure();
  }
  digest.hash();
  await wait;
  const received = await intake.finish();
  digest.hash();
  const body = received === undefined ? "" : (await readBody(received.message.body)).toString("latin1");
  assert.equal(digest.fed.join(""), body);
  assert.deepEqual(await received?.digests, []);
});

test("a small body is not hashed on the way", async (t) => {
  const { intake, take } = await setUp(t, { onHead: () => specs });
  take(`${head}\r\nbody\r\n`);
  assert.equal((await intake.finish())?.digests, undefined);
});

test("the digester of a message that fails is given up", async (t) => {
  const digest = digester();
  const { intake, take } = await setUp(t, { onHead: () => specs, startDigest: () => digest.it });
  take(`${head}\r\n`);
  take(large);
  intake.fail("gone");
  assert.equal(digest.aborts(), 1);
});
