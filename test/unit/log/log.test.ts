import assert from "node:assert/strict";
import { existsSync, readFileSync, renameSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { createLog, type Log, oneLine } from "../../../src/log/log.ts";

const hostile: readonly (readonly [string, string])[] = [
  ["plain text stays as it is", "plain text stays as it is"],
  ["a\r\nFeb  1 00:00:00 host signpost[1]: forged", "a??Feb  1 00:00:00 host signpost[1]: forged"],
  ["\x1b[2J\x07", "?[2J?"],
  ["nul\0 del\x7f nel\x85 csi\x9b31m", "nul? del? nel? csi?31m"],
  ["ls\u2028ps\u2029", "ls?ps?"],
  ["flip \u202egnp.exe\u2066 \u200f", "flip ?gnp.exe? ?"],
  ["x".repeat(9000), `${"x".repeat(8192)}...`],
];

for (const [text, line] of hostile) {
  test(`one line of ${JSON.stringify(text.slice(0, 40))}`, () => assert.equal(oneLine(text), line));
}

async function written(format: "text" | "json", write: (log: Awaited<ReturnType<typeof createLog>>) => void) {
  const folder = await mkdtemp(join(tmpdir(), "signpost-log-"));
  try {
    const file = join(folder, "log");
    const log = await createLog({ format, to: file, journal: false, ident: "signpost", facility: "mail" });
    write(log);
    await log.close();
    return readFileSync(file, "utf8");
  } finally {
    await rm(folder, { recursive: true });
  }
}

test("a text line has date, host and process before it", async () => {
  const text = await written("text", (log) => log.write("info", "(1-2) Passed"));
  assert.match(text, /^[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \S+ signpost\[\d+\]: \(1-2\) Passed\n$/);
});

test("a JSON record is one line of ASCII-safe JSON whatever is in it", async () => {
  const sender = "a\r\nb\u2028c\x85d\u202ee\x1b";
  const text = await written("json", (log) => log.write("err", `to ${sender}`, { sender, nothing: undefined }));
  assert.doesNotMatch(text.slice(0, -1), /[\x00-\x1f\x7f-\x9f\u2028-\u202e]/);
  const record: unknown = JSON.parse(text);
  assert.ok(
    typeof record === "object" && record !== null && "sender" in record && "msg" in record && "level" in record,
  );
  assert.deepEqual([record.sender, record.msg, record.level], [sender, `to ${sender}`, "error"]);
});

test("a rotated file is begun anew, and no line is lost on the way", async () => {
  const folder = await mkdtemp(join(tmpdir(), "signpost-log-"));
  try {
    const file = join(folder, "log");
    const options = { format: "text", to: file, journal: false, ident: "signpost", facility: "mail" } as const;
    const log = await createLog(options);
    log.write("info", "before");
    // Once it is in the file; a rename before that would take the name away from under the first opening.
    while (!existsSync(file) || !readFileSync(file, "utf8").includes("before")) await nextTurn();
    renameSync(file, `${file}.1`);
    log.reopen();
    log.write("info", "after");
    await log.close();
    assert.match(readFileSync(`${file}.1`, "utf8"), /before\n$/);
    assert.match(readFileSync(file, "utf8"), /^[^\n]*after\n$/);
    assert.equal(log.dropped, 0);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("a file in a folder that is not there costs lines and nothing else", async () => {
  const to = "/nonexistent/folder/log";
  const log = await createLog({ format: "text", to, journal: false, ident: "signpost", facility: "mail" });
  log.write("info", "one");
  log.write("info", "two");
  await log.close();
  assert.equal(log.dropped, 2);
});

test("a JSON line never takes more than 8 KiB: it holds less of its record, or of its text, and stays JSON", async () => {
  const record = { list: Array.from({ length: 5000 }, () => "\x9b") };
  const within = (octets: number) => ({ text: "x".repeat(octets - '{"text":""}'.length) });
  for (const text of ["short", "é".repeat(9000), "\x1b".repeat(9000), '"'.repeat(9000)]) {
    for (const write of [
      (log: Log) => log.write("info", text, record, within),
      (log: Log) => log.write("info", text, record),
      (log: Log) => log.write("info", text),
    ]) {
      const line = await written("json", write);
      assert.ok(Buffer.byteLength(line) <= 8192, `${Buffer.byteLength(line)}`);
      const read: unknown = JSON.parse(line);
      assert.ok(typeof read === "object" && read !== null && "msg" in read && typeof read.msg === "string");
      assert.match(read.msg, text === "short" ? /^short$/ : /^(\?+|"+|é+)\.\.\.$/);
    }
  }
});
