// What was kept comes out as it went in, octet for octet.
import assert from "node:assert/strict";
import { symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { type MessageOctets, messageSizeBytes } from "../../../src/mail/message.ts";
import { realFiles } from "../../../src/quarantine/files.ts";
import { createKeepCopies } from "../../../src/quarantine/keep-copies.ts";
import { readCopy } from "../../../src/quarantine/read-copy.ts";
import {
  copyToKeep,
  folderPlace,
  mailToKeep,
  memoryIndex,
  messageFrom,
  original,
  temporaryFolder,
} from "../../support/quarantine.ts";

async function octetsOf({ header, separator, body }: MessageOctets): Promise<string> {
  const chunks: Uint8Array[] = [];
  if (body.kind === "memory") chunks.push(...body.chunks);
  else for await (const chunk of body.read()) chunks.push(chunk);
  return Buffer.concat([header, Buffer.from(separator), ...chunks]).toString("latin1");
}

const mails: readonly (readonly [title: string, text: string])[] = [
  ["an ordinary mail", original],
  ["8-bit, NUL and CR in a body", "A: \xe9\r\n\r\n\0\xff\r\rx\r\n.\r\n\r\n\r\n"],
  ["an empty body", "A: 1\r\n\r\n"],
  ["a body without a line end", "A: 1\r\n\r\nx"],
  ["a large mail", `A: 1\r\n\r\n${"some line\r\n".repeat(50_000)}`],
  ["a large header", `${"A: some field\r\n".repeat(50_000)}\r\nx\r\n`],
  ["a header that begins with a blank", " folded\r\nA: 1\r\n\r\nx\r\n"],
];

for (const template of ["%m", "%m.gz"]) {
  for (const [title, text] of mails) {
    test(`${title}, kept as ${template}`, async (t) => {
      const folder = temporaryFolder(t);
      const keepCopies = createKeepCopies({ files: realFiles, index: memoryIndex(), repeatWindowMs: 1 });
      const message = messageFrom(text);
      const kept = await keepCopies(mailToKeep("m1", { message }), [copyToKeep(folderPlace(folder, { template }))]);
      assert.ok("kept" in kept);
      const [copy] = kept.kept;
      assert.ok(copy?.kind === "file");
      const stored = await readCopy(join(folder, copy.name));
      assert.ok("message" in stored, JSON.stringify(stored));
      assert.equal(await octetsOf(stored.message), text);
      // As often as it is asked for, and of the size that was said.
      assert.equal(await octetsOf(stored.message), text);
      assert.equal(messageSizeBytes(stored.message), text.length);
      assert.deepEqual(stored.message.fields, message.fields);
      assert.deepEqual(stored.head, {
        mailId: "m1",
        sender: "a@example.net",
        recipients: ["b@example.com", "c@example.com"],
        blocked: ["b@example.com"],
      });
      assert.equal(stored.parameters, "BODY=8BITMIME");
    });
  }
}

const head = "X-Envelope-From: <>\r\nX-Envelope-To: <b@x>\r\nX-Quarantine-ID: <m1>\r\n";

test("a file with CRLF, and one that is a header section alone", async (t) => {
  const folder = temporaryFolder(t);
  for (const [name, text, mail] of [
    ["crlf", `${head}A: 1\r\n\r\nx\r\n`, "A: 1\r\n\r\nx\r\n"],
    ["header", `${head}A: 1\r\n`.replaceAll("\r\n", "\n"), "A: 1\r\n"],
    ["no-header", `${head}\r\nx\r\n`.replaceAll("\r\n", "\n"), "\r\nx\r\n"],
  ] as const) {
    writeFileSync(join(folder, name), text);
    const stored = await readCopy(join(folder, name));
    assert.ok("message" in stored, name);
    assert.equal(await octetsOf(stored.message), mail);
  }
});

test("what is no copy is a problem, never an exception", async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, "mail"), "From: a@b\n\nx\n");
  writeFileSync(join(folder, "empty"), "");
  writeFileSync(join(folder, "no.gz"), "no gzip");
  writeFileSync(join(folder, "cut.gz"), gzipSync(`${head}\r\n${"x".repeat(100_000)}`).subarray(0, 100));
  symlinkSync(join(folder, "mail"), join(folder, "link"));
  for (const [name, problem] of [
    ["mail", /no copy of a mail/],
    ["empty", /no copy of a mail/],
    ["no.gz", /incorrect header check/],
    ["cut.gz", /unexpected end of file/],
    ["link", /ELOOP/],
    ["not-there", /ENOENT/],
    ["", /no file|EISDIR/],
  ] as const) {
    const stored = await readCopy(join(folder, name));
    assert.ok("problem" in stored, name);
    assert.match(stored.problem, problem);
  }
});
