// The index beside the files: what it answers, and that it is made again from them.
import assert from "node:assert/strict";
import {
  appendFileSync,
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { createMailId } from "../../../src/mail/mail-id.ts";
import type { QuarantineRow } from "../../../src/mail/quarantine-row.ts";
import { workerUrl } from "../../../src/process/module-url.ts";
import { realFiles } from "../../../src/quarantine/files.ts";
import { createKeepCopies } from "../../../src/quarantine/keep-copies.ts";
import type { QuarantineIndex } from "../../../src/quarantine/quarantine-index.ts";
import { markReleased } from "../../../src/quarantine/release-mark.ts";
import { openSqliteIndex } from "../../../src/quarantine/sqlite-index.ts";
import { scanFolders } from "../../../workers/quarantine-scan.ts";
import type { CopyTable } from "../../../workers/quarantine-table.ts";
import { copyToKeep, folderPlace, mailToKeep, quarantineRow, temporaryFolder } from "../../support/quarantine.ts";

interface Opened {
  readonly index: QuarantineIndex;
  readonly troubles: string[];
}

function opened(folder: string, file = join(folder, ".index.sqlite"), scan: "at-start" | "if-new" = "if-new"): Opened {
  const troubles: string[] = [];
  const index = openSqliteIndex({
    place: { file, folders: [folder], scan },
    worker: workerUrl("quarantine"),
    onTrouble: (error) => troubles.push(error.message),
    // A machine that is busy with other tests starts a worker late.
    patienceMs: 60_000,
  });
  return { index, troubles };
}

const ids = (rows: readonly QuarantineRow[]) => rows.map(({ mailId }) => mailId);

test("a row comes back as it went in, and filters name what they say", async (t) => {
  const { index } = opened(temporaryFolder(t));
  const one = quarantineRow("m1", { score: 7.5, found: ["Eicar", "ü"] });
  const two = quarantineRow("m2", { at: 2000, category: "CC_SPAM", sender: "", subject: "Buy now", digest: "e" });
  index.add(one);
  index.add(two);
  assert.deepEqual(await index.list({}, 10), [two, one]);
  assert.deepEqual(await index.list({}, 1), [two]);
  for (const [filter, found] of [
    [{ id: "m1" }, ["m1"]],
    [{ id: "virus-m2" }, ["m2"]],
    [{ id: "m" }, []],
    [{ sender: "alice" }, ["m1"]],
    [{ recipient: "CAROL@" }, ["m2", "m1"]],
    [{ subject: "buy" }, ["m2"]],
    [{ category: "CC_SPAM" }, ["m2"]],
    [{ since: 2000 }, ["m2"]],
    [{ before: 2000 }, ["m1"]],
    [{ states: ["released"] }, []],
    [{ states: ["kept", "released"], since: 0, sender: "%" }, []],
  ] as const) {
    assert.deepEqual(ids(await index.list(filter, 10)), found, JSON.stringify(filter));
  }
  await index.close();
});

test("the same mail is found by digest, not before its time and not once it is deleted", async (t) => {
  const { index } = opened(temporaryFolder(t));
  index.add(quarantineRow("m1"));
  index.add(quarantineRow("m2", { at: 3000 }));
  index.add(quarantineRow("m3", { digest: "" }));
  assert.deepEqual(ids(await index.sameMail("d", 0)), ["m2", "m1"]);
  assert.deepEqual(ids(await index.sameMail("d", 2000)), ["m2"]);
  assert.deepEqual(await index.sameMail("", 0), []);
  await index.deleted([{ folder: "/q", name: "virus-m2" }], Date.now());
  assert.deepEqual(ids(await index.sameMail("d", 0)), ["m1"]);
  await index.close();
});

test("states, usage and the oldest", async (t) => {
  const { index } = opened(temporaryFolder(t));
  index.add(quarantineRow("m1"));
  index.add(quarantineRow("m2", { at: 500, size: 7 }));
  assert.deepEqual(await index.usage(), { copies: 2, octets: 107 });
  assert.deepEqual(ids(await index.oldest(1)), ["m2"]);
  const name = { folder: "/q", name: "virus-m1" };
  await index.released(name, 4000);
  assert.deepEqual(await index.list({ states: ["released"] }, 9), [
    quarantineRow("m1", { state: "released", releasedAt: 4000 }),
  ]);
  await index.released(name, undefined);
  assert.deepEqual(ids(await index.list({ states: ["kept"] }, 9)), ["m1", "m2"]);
  const now = Date.now();
  await index.deleted([name], now);
  assert.deepEqual(await index.list({ states: ["deleted"] }, 9), [
    quarantineRow("m1", { state: "deleted", deletedAt: now }),
  ]);
  assert.deepEqual(await index.usage(), { copies: 1, octets: 7 });
  await index.close();
});

/** Copies in a folder and in its index: one plain, one compressed, one released. */
async function filled(folder: string): Promise<readonly QuarantineRow[]> {
  const { index } = opened(folder);
  const keepCopies = createKeepCopies({ files: realFiles, index, repeatWindowMs: 1 });
  for (const template of ["virus-%m", "spam-%m.gz", "banned-%m"]) {
    const place = folderPlace(folder, { template });
    const mail = mailToKeep(createMailId(), { score: 3.5, sender: `${template.length}@example.net` });
    await keepCopies(mail, [copyToKeep(place)]);
  }
  const [first] = await index.list({ id: "" }, 1);
  assert.equal(first, undefined);
  const rows = await index.list({}, 10);
  const banned = rows.find(({ name }) => name.includes("banned"));
  assert.ok(banned !== undefined);
  await markReleased(realFiles, banned, "x");
  const path = join(folder, banned.name.replace("banned-", ".banned-"));
  utimesSync(`${path}.released`, 5000, 5000);
  await index.released(banned, 5_000_000);
  const all = await index.list({}, 10);
  assert.equal(all.length, 3);
  await index.close();
  return all;
}

for (const [title, damage] of [
  ["missing", (file: string) => rmSync(file)],
  ["empty", (file: string) => truncateSync(file)],
  ["no database", (file: string) => writeFileSync(file, "x".repeat(20_000))],
  ["cut short", (file: string) => truncateSync(file, statSync(file).size - 5000)],
] as const) {
  test(`an index that is ${title} is made again from the files, facts and releases too`, async (t) => {
    const folder = temporaryFolder(t);
    const before = await filled(folder);
    const file = join(folder, ".index.sqlite");
    for (const ending of ["-wal", "-shm"]) rmSync(file + ending, { force: true });
    damage(file);
    const { index } = opened(folder);
    // Waits for a scan that is under way, and begins none where one was made at the start.
    assert.equal(await index.scan(1), true);
    if ((await index.list({}, 10)).length < 3) assert.equal(await index.scan(Date.now()), true);
    assert.deepEqual(await index.list({}, 10), before);
    await index.close();
  });
}

test("a scan finds files of others, and what is gone; it leaves alone what is no copy", async (t) => {
  const folder = temporaryFolder(t);
  const { index, troubles } = opened(folder);
  const amavis = "Return-Path: <>\nX-Envelope-From: <>\nX-Envelope-To: <b@example.com>\nX-Quarantine-ID: <am>\n";
  const mail = "Received: x\nSubject: y\n\nBody\n";
  mkdirSync(join(folder, "a/b"), { recursive: true });
  writeFileSync(join(folder, "a/banned-am"), amavis + mail);
  writeFileSync(join(folder, "a/b/spam-am.gz"), gzipSync(`${amavis}X-Spam-Score: 9\n${mail}`));
  writeFileSync(join(folder, "README"), "hands off");
  writeFileSync(join(folder, "broken.gz"), "no gzip");
  appendFileSync(join(folder, ".new-m1-1"), "half");
  utimesSync(join(folder, ".new-m1-1"), 1000, 1000);
  appendFileSync(join(folder, ".new-m2-1"), "half");
  assert.equal(await index.scan(Date.now() + 1), true);
  const found = await index.list({}, 10);
  assert.deepEqual(found.map(({ name, category, secretId, subject }) => [name, category, secretId, subject]).sort(), [
    ["a/b/spam-am.gz", "CC_SPAM", "", "y"],
    ["a/banned-am", "CC_BANNED", "", "y"],
  ]);
  rmSync(join(folder, "a/banned-am"));
  assert.equal(await index.scan(Date.now() + 1), true);
  assert.deepEqual(
    (await index.list({ states: ["deleted"] }, 10)).map(({ name }) => name),
    ["a/banned-am"],
  );
  // A folder that was not mounted for a while.
  writeFileSync(join(folder, "a/banned-am"), amavis + mail);
  assert.equal(await index.scan(Date.now() + 1), true);
  assert.equal((await index.list({ states: ["kept"] }, 10)).length, 2);
  await index.close();
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith(".new-")),
    [".new-m2-1"],
  );
  assert.deepEqual(troubles, []);
});

test("after a crash the row of a copy may be missing: a daemon that starts finds the copy of a mail that comes again", async (t) => {
  const folder = temporaryFolder(t);
  await opened(folder).index.close();
  const lost = { add: () => undefined, sameMail: async () => [] };
  const keepLost = createKeepCopies({ files: realFiles, index: lost, repeatWindowMs: 1 });
  const copy = copyToKeep(folderPlace(folder));
  assert.ok("kept" in (await keepLost(mailToKeep("m1"), [copy])));
  const { index } = opened(folder, undefined, "at-start");
  const again = await createKeepCopies({ files: realFiles, index, repeatWindowMs: 1 })(mailToKeep("m2"), [copy]);
  assert.ok("kept" in again);
  const [found] = again.kept;
  assert.ok(found?.kind === "file" && found.isRepeated);
  assert.equal(found.mailId, "m1");
  await index.close();
});

test("an index that cannot be had knows nothing, is told of once, and keeps nobody from work", async (t) => {
  const folder = temporaryFolder(t);
  const { index, troubles } = opened(folder, join(folder, "not-there/index"));
  index.add(quarantineRow("m1"));
  assert.deepEqual(await index.list({}, 10), []);
  assert.deepEqual(await index.sameMail("d", 0), []);
  assert.equal(await index.usage(), undefined);
  assert.equal(await index.scan(0), false);
  assert.equal(troubles.length, 1);
  assert.match(troubles[0] ?? "", /ENOENT/);
  await index.close();
});

test("two indexes of one file, as of two processes, see what the other wrote", async (t) => {
  const folder = temporaryFolder(t);
  const [one, two] = [opened(folder).index, opened(folder).index];
  one.add(quarantineRow("m1"));
  assert.deepEqual(ids(await one.list({}, 10)), ["m1"]);
  two.add(quarantineRow("m2"));
  assert.deepEqual(ids(await two.list({}, 10)).sort(), ["m1", "m2"]);
  assert.deepEqual(ids(await one.list({}, 10)).sort(), ["m1", "m2"]);
  await one.close();
  await two.close();
});

test("a folder below that may not be read stops no scan, and nothing in it counts as gone", async (t) => {
  const folder = temporaryFolder(t);
  const locked = join(folder, "lost+found");
  mkdirSync(locked);
  const [added, deleted]: string[][] = [[], []];
  const table: CopyTable = {
    scannedAt: () => 0,
    scanned: () => undefined,
    add: (rows) => added?.push(...rows.map(({ name }) => name)),
    sameMail: () => [],
    list: () => [],
    oldest: () => [],
    usage: () => ({ copies: 0, octets: 0 }),
    released: () => undefined,
    deleted: (copies) => deleted?.push(...copies.map(({ name }) => name)),
    names: () =>
      new Map([
        ["lost+found/virus-a", false],
        ["z/virus-b", false],
      ]),
    close: () => undefined,
  };
  const top = "X-Envelope-From: <>\nX-Envelope-To: <b@example.com>\nX-Quarantine-ID: <m>\n";
  writeFileSync(join(folder, "virus-m"), `${top}Subject: y\n\nBody\n`);
  chmodSync(join(folder, "virus-m"), 0o644);
  chmodSync(locked, 0);
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) {
    chownSync(folder, 65_534, 65_534);
    process.seteuid?.(65_534);
  }
  try {
    await scanFolders(table, [folder]);
  } finally {
    if (isRoot) process.seteuid?.(0);
    chmodSync(locked, 0o700);
  }
  assert.deepEqual([added, deleted], [["virus-m"], ["z/virus-b"]]);
});
