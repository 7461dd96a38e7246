import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { defaultHeaderLimits } from "../../../src/mail/header.ts";
import { Intake } from "../../../src/receive/intake.ts";
import { Spool } from "../../../src/receive/spool.ts";
import { blockBytes, createMessageStore, type MessageStore, type StoreLimits } from "../../../src/receive/store.ts";
import { defaultStoreLimits } from "../../support/receive-defaults.ts";

async function emptyFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "store-"));
  t.after(() => rm(folder, { recursive: true }));
  return folder;
}

async function storeIn(spoolDirectory: string, limits: Partial<StoreLimits> = {}): Promise<MessageStore> {
  const system = { now: Date.now, freeBytes: async () => Number.MAX_SAFE_INTEGER };
  return createMessageStore({ ...defaultStoreLimits, spoolDirectory, ...limits }, system);
}

test("removes at its start the files that a killed process left, and no others", async (t) => {
  const folder = await emptyFolder(t);
  for (const name of ["signpost-spool-old", "signpost-spool-new", "somebody-elses"])
    await writeFile(join(folder, name), "");
  for (const name of ["signpost-spool-old", "somebody-elses"]) await utimes(join(folder, name), 1, 1);
  await storeIn(folder);
  assert.deepEqual((await readdir(folder)).sort(), ["signpost-spool-new", "somebody-elses"]);
});

test("does not start without its folder", async (t) => {
  const folder = await emptyFolder(t);
  await assert.rejects(
    storeIn(join(folder, "missing")),
    /^Error: spool\.dir: the folder \/.* cannot be used: No such file or directory$/,
  );
});

test("opens files without a name, for nobody else", async (t) => {
  const folder = await emptyFolder(t);
  const store = await storeIn(folder);
  const file = await store.openSpool();
  assert.deepEqual(await readdir(folder), []);
  assert.equal((await file.stat()).mode & 0o777, 0o600);
  assert.equal(store.spoolFiles, 1);
  await store.closeSpool(file);
  assert.equal(store.spoolFiles, 0);
});

test("keeps to the budget of the process", async (t) => {
  const store = await storeIn(await emptyFolder(t), { memoryBudgetBytes: 1000 });
  assert.equal(store.reserve(600), true);
  assert.equal(store.reserve(600), false);
  store.charge(600);
  assert.equal(store.usedBytes, 1200);
  store.giveBack(1200);
  assert.equal(store.reserve(1000), true);
});

test("hands out the same blocks again, and makes no others while there are some", async (t) => {
  const store = await storeIn(await emptyFolder(t), { memoryBudgetBytes: 16 * blockBytes });
  const take = () => new Set(Array.from({ length: 20 }, () => store.takeBlock()));
  const blocks = take();
  assert.equal(blocks.size, 20);
  for (const block of blocks) store.returnBlock(block);
  assert.deepEqual(take(), blocks);
  assert.equal(blocks.has(store.takeBlock()), false);
});

test("blocks that were let go are not handed out again, and those in use come back as ever", async (t) => {
  const store = await storeIn(await emptyFolder(t));
  const take = () => [store.takeBlock(), store.takeFirstBlock(), store.takeHeadBlock(1024 * 1024)];
  const free = take();
  const inUse = take();
  for (const block of free) store.returnBlock(block);
  store.letGo();
  for (const block of inUse) store.returnBlock(block);
  const known = new Set([...free, ...inUse]);
  assert.deepEqual(new Set([...take(), ...take()].filter((block) => known.has(block))), new Set(inUse));
});

test("a thousand mails with large headers need no more blocks than one", async (t) => {
  const store = await storeIn(await emptyFolder(t));
  const handedOut = new Set<Buffer>();
  const noted = (block: Buffer) => {
    handedOut.add(block);
    return block;
  };
  const watched: MessageStore = {
    ...store,
    takeBlock: () => noted(store.takeBlock()),
    takeFirstBlock: () => noted(store.takeFirstBlock()),
    takeHeadBlock: (bytes) => noted(store.takeHeadBlock(bytes)),
  };
  const octets = Buffer.from(`${`X: ${"y".repeat(76)}\r\n`.repeat(2700)}\r\nhello\r\n`);
  for (let mail = 0; mail < 1000; mail += 1) {
    const intake = new Intake(watched, {
      sizeLimit: 0,
      maxHeaderBytes: 1024 * 1024,
      headerLimits: defaultHeaderLimits,
      onHead: () => () => [],
      startDigest: () => assert.fail("a small body is not hashed on the way"),
    });
    for (let at = 0; at < octets.length; at += 65_536) intake.take(octets, at, Math.min(octets.length, at + 65_536));
    await intake.finish();
    intake.release();
  }
  assert.deepEqual(
    [...handedOut].map((block) => block.length / 1024).sort((one, other) => one - other),
    [16, 64, 128, 256],
  );
});

test("free blocks for large headers are bounded in octets", async (t) => {
  const store = await storeIn(await emptyFolder(t));
  const take = () => new Set(Array.from({ length: 100 }, () => store.takeHeadBlock(1024 * 1024)));
  const blocks = take();
  for (const block of blocks) store.returnBlock(block);
  assert.equal([...take()].filter((block) => blocks.has(block)).length, 16);
});

test("looks for room again after a while, and takes a disk it cannot ask for full", async (t) => {
  const spoolDirectory = await emptyFolder(t);
  let now = 0;
  let answer: () => Promise<number> = async () => 1000;
  const limits = { ...defaultStoreLimits, spoolDirectory, minFreeBytes: 500 };
  const store = await createMessageStore(limits, { now: () => now, freeBytes: () => answer() });
  const lookAgain = async () => {
    now += 6000;
    store.hasRoom();
    await new Promise((resolve) => setImmediate(resolve));
    return store.hasRoom();
  };
  assert.equal(store.hasRoom(), true);
  answer = async () => 499;
  assert.equal(store.hasRoom(), true);
  assert.equal(await lookAgain(), false);
  answer = async () => 500;
  assert.equal(await lookAgain(), true);
  answer = () => Promise.reject(new Error("EIO"));
  assert.equal(await lookAgain(), false);
});

test("reads a spooled body from its start as often as asked, one block at a time", async (t) => {
  const store = await storeIn(await emptyFolder(t));
  const spool = new Spool(store);
  for (let i = 0; i < 5; i += 1) spool.append(Buffer.alloc(100_000, i), undefined, undefined);
  await spool.written();
  const body = spool.body();
  assert.equal(body.sizeBytes, 500_000);
  for (let round = 0; round < 2; round += 1) {
    const parts: Buffer[] = [];
    for await (const chunk of body.read()) {
      assert.ok(chunk.length <= blockBytes && chunk.buffer instanceof SharedArrayBuffer);
      parts.push(Buffer.from(Uint8Array.from(chunk)));
    }
    const whole = Buffer.concat(parts);
    assert.equal(whole.length, 500_000);
    for (let i = 0; i < 5; i += 1)
      assert.ok(whole.subarray(i * 100_000, (i + 1) * 100_000).every((octet) => octet === i));
  }
  await spool.close();
  await assert.rejects(async () => {
    for await (const _ of body.read()) assert.fail("read from a closed file");
  });
  assert.deepEqual([store.spoolFiles, store.usedBytes], [0, 0]);
});

test("uses a block again only when it is on disk and hashed", async (t) => {
  const store = await storeIn(await emptyFolder(t));
  const spool = new Spool(store);
  const first = spool.takeBlock();
  let hashed: () => void = () => undefined;
  const done = spool.append(first, new Promise((resolve) => (hashed = resolve)), first);
  const second = spool.takeBlock();
  assert.notEqual(second, first);
  hashed();
  await done;
  assert.equal(spool.takeBlock(), first);
  await spool.close();
  assert.equal(store.usedBytes, 0);
});
