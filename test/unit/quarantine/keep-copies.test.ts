// What is kept is on disk, whole and under its name; what is not kept is said.
import assert from "node:assert/strict";
import { mkdirSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { realFiles } from "../../../src/quarantine/files.ts";
import { createKeepCopies, type Kept } from "../../../src/quarantine/keep-copies.ts";
import { shownBlock } from "../../support/document-blocks.ts";
import {
  copyToKeep,
  failingFiles,
  filesBelow,
  folderPlace,
  mailToKeep,
  memoryIndex,
  messageFrom,
  original,
  temporaryFolder,
} from "../../support/quarantine.ts";

const day = 86_400_000;
const unixOriginal = original.replaceAll("\r\n", "\n");

function keptNames(result: Kept): readonly string[] {
  assert.ok("kept" in result, JSON.stringify(result));
  return result.kept.map((copy) => (copy.kind === "file" ? copy.name : copy.to));
}

test("a copy has the envelope on top, then the decision's fields, then the mail as it came with Unix line ends", async (t) => {
  const folder = temporaryFolder(t);
  const index = memoryIndex();
  const keepCopies = createKeepCopies({ files: realFiles, index, repeatWindowMs: day });
  const result = await keepCopies(mailToKeep("t5bDoRaO1a6J"), [copyToKeep(folderPlace(folder))]);
  assert.deepEqual(keptNames(result), ["t/virus-t5bDoRaO1a6J"]);
  const [[name, text = ""] = []] = filesBelow(folder);
  assert.equal(name, "t/virus-t5bDoRaO1a6J");
  const [row] = index.rows;
  assert.ok(row !== undefined);
  const facts = JSON.stringify({
    at: row.at,
    purpose: "quarantine",
    category: "CC_VIRUS",
    secretId: row.secretId,
    digest: row.digest,
    found: row.found,
    parameters: "BODY=8BITMIME",
    below: 71,
  });
  assert.equal(
    text,
    "Return-Path: <a@example.net>\n" +
      "Delivered-To: <virus-quarantine>\n" +
      "X-Envelope-From: <a@example.net>\n" +
      "X-Envelope-To: <b@example.com>,\n <c@example.com>\n" +
      "X-Envelope-To-Blocked: <b@example.com>\n" +
      "X-Quarantine-ID: <t5bDoRaO1a6J>\n" +
      `X-Signpost-Copy: ${facts}\n` +
      `X-Amavis-Alert: INFECTED, message contains virus: Eicar-Test-Signature\n${unixOriginal}`,
  );
  const short = text.replace(/^(X-Signpost-Copy: .*?"category":"CC_VIRUS",).*\}$/m, "$1…}");
  assert.ok(
    short.startsWith(`${shownBlock("docs/quarantine.md", "Return-Path:")}\n`),
    "docs/quarantine.md shows it so",
  );
  assert.equal(row.subject, "grüße");
  assert.equal(row.size, text.length);
  assert.equal(row.state, "kept");
  assert.equal(statSync(join(folder, name)).mode & 0o137, 0, "nobody but owner and group reads it, nobody runs it");
});

test("a name that ends in .gz is compressed", async (t) => {
  const folder = temporaryFolder(t);
  const keepCopies = createKeepCopies({ files: realFiles, index: memoryIndex(), repeatWindowMs: day });
  const place = folderPlace(folder, { template: "spam-%m.gz", subFolderLevels: 2 });
  const big = messageFrom(`A: 1\r\n\r\n${"some line\r\n".repeat(100_000)}`);
  const result = await keepCopies(mailToKeep("x_bDoRaO1a6J", { message: big }), [copyToKeep(place)]);
  assert.deepEqual(keptNames(result), ["x/_/spam-x_bDoRaO1a6J.gz"]);
  const text = filesBelow(folder).get("x/_/spam-x_bDoRaO1a6J.gz") ?? "";
  assert.ok(text.endsWith(`A: 1\n\n${"some line\n".repeat(100_000)}`));
});

test("the same mail once more finds its copy; another header, recipient, category or a lost file makes a new one", async (t) => {
  const folder = temporaryFolder(t);
  const index = memoryIndex();
  const keepCopies = createKeepCopies({ files: realFiles, index, repeatWindowMs: day });
  const copy = copyToKeep(folderPlace(folder));
  assert.deepEqual(keptNames(await keepCopies(mailToKeep("a1"), [copy])), ["a/virus-a1"]);
  const retry = messageFrom(`Received: from elsewhere\r\n${original}`);
  assert.deepEqual(keptNames(await keepCopies(mailToKeep("a2", { message: retry }), [copy])), ["a/virus-a1"]);
  const other = messageFrom(`Message-ID: <2@x>\r\n${original}`);
  assert.deepEqual(keptNames(await keepCopies(mailToKeep("a3", { message: other }), [copy])), ["a/virus-a3"]);
  const forOne = { ...copy, recipients: ["b@example.com"] };
  assert.deepEqual(keptNames(await keepCopies(mailToKeep("a4"), [forOne])), ["a/virus-a4"]);
  const banned = { ...copy, category: "CC_BANNED" };
  assert.deepEqual(keptNames(await keepCopies(mailToKeep("a5"), [banned])), ["a/virus-a5"]);
  await realFiles.unlink(join(folder, "a/virus-a1"));
  assert.deepEqual(keptNames(await keepCopies(mailToKeep("a6"), [copy])), ["a/virus-a6"]);
  const late = mailToKeep("a7", { receivedAtMs: mailToKeep("").receivedAtMs + 2 * day });
  assert.deepEqual(keptNames(await keepCopies(late, [copy])), ["a/virus-a7"]);
});

test("a file that is there is never written over", async (t) => {
  const folder = temporaryFolder(t);
  const keepCopies = createKeepCopies({ files: realFiles, index: memoryIndex(), repeatWindowMs: day });
  const place = folderPlace(folder, { template: "body-%b.gz", subFolderLevels: 0 });
  const one = await keepCopies(mailToKeep("m1"), [copyToKeep(place)]);
  const two = await keepCopies(mailToKeep("m2", { sender: "other@example.net" }), [copyToKeep(place)]);
  const [first = ""] = keptNames(one);
  assert.match(first, /^body-[0-9a-f]{64}\.gz$/);
  assert.deepEqual(keptNames(two), [first.replace(".gz", "-m2.gz")]);
  assert.match(filesBelow(folder).get(first) ?? "", /^Return-Path: <a@example.net>/);
});

test("a copy for a mail address is given back with its fields, and nothing is written", async () => {
  const { files, calls } = failingFiles(0, "before");
  const keepCopies = createKeepCopies({ files, index: memoryIndex(), repeatWindowMs: day });
  const copy = copyToKeep({ kind: "mail", deliveredTo: "quarantine@example.com" }, { blocked: [] });
  const result = await keepCopies(mailToKeep("m1", { sender: "" }), [copy]);
  assert.deepEqual(result, {
    kept: [
      {
        kind: "mail",
        purpose: "quarantine",
        category: "CC_VIRUS",
        to: "quarantine@example.com",
        fields: [
          "X-Envelope-From: <>\r\n",
          "X-Envelope-To: <b@example.com>,\r\n <c@example.com>\r\n",
          "X-Quarantine-ID: <m1>\r\n",
          ...copy.fields,
        ],
        recipients: ["b@example.com", "c@example.com"],
      },
    ],
  });
  assert.deepEqual(calls, []);
});

for (const template of ["virus-%m", "virus-%m.gz"]) {
  for (const when of ["before", "after"] as const) {
    test(`${template}: whichever call of the file system fails ${when} its work, it is not kept, and no part is left`, async (t) => {
      for (let n = 1; ; n += 1) {
        const folder = temporaryFolder(t);
        const { files, calls } = failingFiles(n, when);
        const index = memoryIndex();
        const keepCopies = createKeepCopies({ files, index, repeatWindowMs: day });
        const result = await keepCopies(mailToKeep("m1"), [copyToKeep(folderPlace(folder, { template }))]);
        if (calls.length < n) {
          // The file, its name and the name of its folder are on disk before anything is said.
          assert.deepEqual(
            calls.filter((name) => name !== "write"),
            ["makeFolder", "syncFolder", "create", "sync", "close", "giveName", "syncFolder"],
          );
          assert.deepEqual(keptNames(result), [`m/${template.replace("%m", "m1")}`]);
          return;
        }
        assert.ok("failure" in result, `call ${n}, ${calls[n - 1]}, failed, and the copy counts as kept`);
        assert.equal(result.failure.reason, "failed");
        assert.match(result.failure.detail, /injected/);
        assert.equal(index.rows.length, 0);
        for (const [name, text] of filesBelow(folder)) {
          // A name that was given though the answer was an error stays: it is a whole copy.
          assert.equal(calls[n - 1], "giveName", name);
          assert.ok(text.endsWith(unixOriginal));
        }
      }
    });
  }
}

for (const [code, reason] of [
  ["ENOSPC", "disk-full"],
  ["EDQUOT", "disk-full"],
  ["EACCES", "not-permitted"],
  ["EROFS", "not-permitted"],
] as const) {
  test(`${code} is "${reason}"`, async (t) => {
    const { files } = failingFiles(4, "before", code);
    const keepCopies = createKeepCopies({ files, index: memoryIndex(), repeatWindowMs: day });
    const result = await keepCopies(mailToKeep("m1"), [copyToKeep(folderPlace(temporaryFolder(t)))]);
    assert.ok("failure" in result);
    assert.equal(result.failure.reason, reason);
  });
}

test("the folder of the quarantine may be a link, one below it may not", async (t) => {
  const folder = temporaryFolder(t);
  const link = join(folder, "link");
  mkdirSync(join(folder, "real"));
  symlinkSync(join(folder, "real"), link);
  const keepCopies = createKeepCopies({ files: realFiles, index: memoryIndex(), repeatWindowMs: day });
  const flat = folderPlace(link, { subFolderLevels: 0 });
  assert.deepEqual(keptNames(await keepCopies(mailToKeep("m1"), [copyToKeep(flat)])), ["virus-m1"]);
  const elsewhere = temporaryFolder(t);
  symlinkSync(elsewhere, join(folder, "real/m"));
  const result = await keepCopies(mailToKeep("m2", { sender: "" }), [copyToKeep(folderPlace(link))]);
  assert.ok("failure" in result);
  assert.equal(filesBelow(elsewhere).size, 0);
});

test("a folder that is gone is not made anew: the mail is put off", async (t) => {
  const keepCopies = createKeepCopies({ files: realFiles, index: memoryIndex(), repeatWindowMs: day });
  const place = folderPlace(join(temporaryFolder(t), "not-there"));
  const result = await keepCopies(mailToKeep("m1"), [copyToKeep(place)]);
  assert.ok("failure" in result);
  assert.equal(result.failure.reason, "folder-missing");
});

test("a body that cannot be read is a failure, and leaves no file", async (t) => {
  const folder = temporaryFolder(t);
  const keepCopies = createKeepCopies({ files: realFiles, index: memoryIndex(), repeatWindowMs: day });
  for (const template of ["%m", "%m.gz"]) {
    let reads = 0;
    const body = {
      kind: "spool",
      sizeBytes: 10,
      async *read() {
        reads += 1;
        yield Buffer.from("Hello");
        // The first read is for the digest.
        if (reads > 1) throw new Error("EIO: the spool");
        yield Buffer.from("world");
      },
    } as const;
    const message = { ...messageFrom(original), body };
    const result = await keepCopies(mailToKeep("m1", { message }), [copyToKeep(folderPlace(folder, { template }))]);
    assert.ok("failure" in result);
    assert.match(result.failure.detail, /the spool/);
  }
  assert.equal(filesBelow(folder).size, 0);
});
