import assert from "node:assert/strict";
import fs, { mkdtempSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mock, test } from "node:test";
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

test("after a disk that was full in the middle of a line the next line is one by itself", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "signpost-sink-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const log = join(folder, "log");
  let roomBytes = 10;
  const full = Object.assign(new Error("ENOSPC"), { code: "ENOSPC" });
  const write = mock.method(
    fs,
    "write",
    (to: number, octets: Buffer, done: (error: Error | null, written: number) => void) => {
      const fits = octets.subarray(0, roomBytes);
      roomBytes -= fits.length;
      if (fits.length > 0) writeSync(to, fits);
      setImmediate(() => (fits.length > 0 ? done(null, fits.length) : done(full, 0)));
    },
  );
  syncBuiltinESMExports();
  t.after(() => {
    write.mock.restore();
    syncBuiltinESMExports();
  });
  const sink = fileSink(log);
  const idle = async () => {
    sink.reopen();
    while (sink.dropped < 2) await new Promise((resolve) => setImmediate(resolve));
  };
  sink.write("one\n");
  sink.write("two\n");
  sink.write("three\n");
  sink.write("four\n");
  // Two lines and a part fitted.
  await idle();
  assert.equal(sink.dropped, 2);
  roomBytes = 1000;
  sink.write("five\n");
  await sink.close();
  assert.equal(readFileSync(log, "utf8"), "one\ntwo\nth\nfive\n");
});
