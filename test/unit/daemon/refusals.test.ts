// Each refusal leaves a line, a flood of one cause leaves few and a count, and what the log got is kept.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRefusals, linesPerMinute } from "../../../src/daemon/refusals.ts";
import type { Refusal } from "../../../src/smtp/refusal.ts";

const refusal: Refusal = {
  cause: "size",
  listener: { address: "127.0.0.1", port: 10024 },
  logId: "1-01",
  peer: "127.0.0.1",
  client: "203.0.113.9",
  command: "MAIL FROM:<a@example.com> SIZE=99999999",
  reply: { code: 552, enhanced: "5.3.4", text: "Message size (99999999 B) exceeds size limit" },
};

function watched() {
  const lines: string[] = [];
  const kept: string[] = [];
  const clock = { ms: 0 };
  const log = { write: (_severity: string, text: string) => lines.push(text) };
  const refusals = createRefusals(
    log,
    (record) => kept.push(record.refused),
    () => clock.ms,
  );
  return { lines, kept, clock, refusals };
}

test("a refusal is one line with cause, setting, client, command and reply", () => {
  const { lines, kept, refusals } = watched();
  refusals.refused(refusal);
  refusals.close();
  assert.deepEqual(lines, [
    "(1-01) Refused (size, smtpd_message_size_limit) at 127.0.0.1:10024, peer [127.0.0.1], client [203.0.113.9], command: MAIL FROM:<a@example.com> SIZE=99999999, reply: 552 5.3.4 Message size (99999999 B) exceeds size limit",
  ]);
  assert.deepEqual(kept, ["size"]);
});

test("of a flood so many are listed, the rest is counted; another cause has lines of its own", () => {
  const { lines, kept, clock, refusals } = watched();
  for (let count = 0; count < linesPerMinute + 5; count += 1) refusals.refused(refusal);
  refusals.refused({ ...refusal, cause: "storage" });
  assert.equal(lines.length, linesPerMinute + 1);
  assert.equal(kept.length, linesPerMinute + 1);
  clock.ms = 60_000;
  refusals.refused(refusal);
  assert.deepEqual(lines.slice(linesPerMinute + 1, -1), ["Refused (size): 5 more within a minute, not listed"]);
  assert.match(lines.at(-1) ?? "", /^\(1-01\) Refused \(size/);
  refusals.close();
});

test("what was left out is told at the end", () => {
  const { lines, refusals } = watched();
  for (let count = 0; count < linesPerMinute + 1; count += 1) refusals.refused(refusal);
  refusals.close();
  assert.equal(lines.at(-1), "Refused (size): 1 more within a minute, not listed");
});
