import assert from "node:assert/strict";
import { mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileSink } from "../../../src/log/file-sink.ts";

test("after it is closed nothing goes to a descriptor that is somebody else's by then", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "signpost-sink-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const [log, other] = [join(folder, "log"), join(folder, "other")];
  const sink = fileSink(log);
  sink.write("one\n");
  await sink.close();
  // The lowest number that is free: the log's.
  openSync(other, "a");
  sink.write("two\n");
  sink.reopen();
  await sink.close();
  assert.equal(readFileSync(log, "utf8"), "one\n");
  assert.equal(readFileSync(other, "utf8"), "");
  assert.equal(sink.dropped, 1);
});
