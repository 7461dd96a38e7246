// The history file by itself: what is kept, what goes after its time, what happens when it cannot be had.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { openHistoryFile } from "../../src/history/file.ts";
import { workerUrl } from "../../src/process/module-url.ts";
import { after, before, test } from "../support/limited.ts";

let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "signpost-history-"));
});

after(() => rm(folder, { recursive: true, force: true }));

function open(
  name: string,
  retentionSeconds = 3600,
  onTrouble: (error: Error) => void = (error) => assert.fail(error),
) {
  return openHistoryFile({ file: join(folder, name), retentionSeconds, worker: workerUrl("history"), onTrouble });
}

function row(number: number, ageSeconds: number) {
  return {
    at: Date.now() - ageSeconds * 1000,
    names: [`id-${number}`, "shared@example.com"],
    line: `(${number}) Passed`,
    record: JSON.stringify({ number }),
  };
}

test("mails are found by any name, newest first, and listed by what their line has", async () => {
  const file = open("a.sqlite");
  for (const number of [1, 2, 3]) file.add(row(number, 10 - number));
  assert.deepEqual(await file.find("shared@example.com", 2), ['{"number":3}', '{"number":2}']);
  assert.deepEqual(await file.find("id-1", 2), ['{"number":1}']);
  assert.deepEqual(await file.find("nobody", 2), []);
  const lines = await file.recent(10, "(2)", 0);
  assert.deepEqual(
    lines.map(({ line }) => line),
    ["(2) Passed"],
  );
  await file.close();
});

test("mails go after their time", async () => {
  const before = open("b.sqlite");
  before.add(row(1, 7200));
  before.add(row(2, 60));
  await before.close();
  const after = open("b.sqlite");
  assert.deepEqual(await after.find("shared@example.com", 9), ['{"number":2}']);
  assert.deepEqual(await after.find("id-1", 9), []);
  await after.close();
});

test("old mails that cannot be removed now, as on a full disk, are no reason to keep no more", async () => {
  const before = open("d.sqlite");
  before.add(row(1, 7200));
  await before.close();
  const full = new DatabaseSync(join(folder, "d.sqlite"));
  full.exec("CREATE TRIGGER full BEFORE DELETE ON name BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END");
  full.close();
  const after = open("d.sqlite");
  after.add(row(2, 60));
  assert.deepEqual(await after.find("id-2", 9), ['{"number":2}']);
  await after.close();
});

test("mails that cannot be written, as on a full disk, are told once and counted, and later ones are kept", async () => {
  const losses: string[] = [];
  const file = openHistoryFile({
    file: join(folder, "e.sqlite"),
    retentionSeconds: 3600,
    worker: workerUrl("history"),
    onTrouble: ({ message }) => losses.push(message),
  });
  assert.deepEqual(await file.find("id-1", 9), []);
  const disk = new DatabaseSync(join(folder, "e.sqlite"));
  disk.exec("CREATE TRIGGER full BEFORE INSERT ON mail BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END");
  for (const number of [1, 2]) {
    file.add(row(number, 0));
    assert.deepEqual(await file.find(`id-${number}`, 9), []);
  }
  assert.deepEqual([losses, file.dropped], [["database or disk is full"], 2]);
  disk.exec("DROP TRIGGER full");
  disk.close();
  file.add(row(3, 0));
  assert.deepEqual(await file.find("id-3", 9), ['{"number":3}']);
  await file.close();
});

test("a file that can be had later is told once, and kept from then on", async () => {
  const troubles: string[] = [];
  const parent = join(folder, "later");
  const file = openHistoryFile({
    file: join(parent, "f.sqlite"),
    retentionSeconds: 3600,
    worker: workerUrl("history"),
    onTrouble: ({ message }) => troubles.push(message),
    retryMs: 20,
  });
  let found: readonly string[] = [];
  for (let number = 1; found.length === 0; number += 1) {
    file.add(row(number, 0));
    if (file.dropped >= 5) mkdirSync(parent, { recursive: true });
    found = await file.find("shared@example.com", 1);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await file.close();
  assert.equal(troubles.length, 1);
  assert.match(troubles[0] ?? "", /ENOENT/);
  assert.ok(file.dropped > 0);
});

test("a file that cannot be had is told, and keeping mail goes on costing nothing", async () => {
  const trouble = new Promise<Error>((resolve) => {
    const file = open("no/such/folder/c.sqlite", 3600, (error) => {
      file.add(row(1, 0));
      assert.equal(file.dropped, 1);
      resolve(error);
    });
  });
  assert.match((await trouble).message, /ENOENT/);
});

test("mails that wait for the disk are bounded in octets: what comes then is dropped and counted", async () => {
  const file = open("octets.sqlite");
  const large = { ...row(1, 1), record: JSON.stringify({ text: "x".repeat(1024 * 1024) }) };
  for (let times = 0; times < 40; times += 1) file.add(large);
  assert.equal(file.dropped, 25);
  assert.equal((await file.find("id-1", 99)).length, 15);
  file.add(row(2, 1));
  assert.equal((await file.find("id-2", 9)).length, 1);
  await file.close();
});
