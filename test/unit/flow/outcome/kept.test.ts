import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Verification } from "../../../../src/dkim/engine.ts";
import { keepOutcome, maxKeptOctets, openKept, recordWithin } from "../../../../src/flow/outcome/kept.ts";
import { logLines } from "../../../../src/flow/outcome/log-line.ts";
import type { Outcome } from "../../../../src/flow/outcome/outcome.ts";
import { createPastMailReader } from "../../../../src/flow/outcome/past-mail.ts";
import { mailRecord } from "../../../../src/flow/outcome/record.ts";
import { noSurroundings } from "../../../../src/flow/outcome/surroundings.ts";
import type { HistoryFile } from "../../../../src/history/file.ts";
import { createHistory } from "../../../../src/history/history.ts";
import type { HistoryRow } from "../../../../src/mail/history-row.ts";
import { jsonText } from "../../../../src/mail/json-text.ts";
import { later, no, ok, outcomeWith, recipient } from "../../../support/outcomes.ts";

const signature: Verification = {
  kind: "dkim",
  result: "fail",
  reason: "body-hash-mismatch",
  domain: "d".repeat(250),
  selector: "s".repeat(250),
  algorithm: "rsa-sha256",
  identity: `@${"i".repeat(250)}`,
  b: "AAAA",
};
const good: Verification = { ...signature, result: "pass", domain: "example.com", selector: "good" };
const { reason: _, ...passing } = good;

const path = (name: string) => `${name}${"x".repeat(1965 - name.length - 12)}@example.com`;

/** As the worst that a client can bring. */
const hostile: Outcome = outcomeWith({
  sender: path("sender"),
  recipients: [
    ...Array.from({ length: 998 }, (_, index) => recipient(path(`${index}-`))),
    recipient(path("refused-"), no, { notices: [{ kind: "dsn", result: "sent" }] }),
    recipient(path("later-"), later),
  ],
  messageId: `<${"m".repeat(998)}>`,
  verifications: [
    ...Array.from({ length: 600 }, () => signature),
    { ...passing, domain: "elsewhere.example" },
    passing,
    ...Array.from({ length: 398 }, () => ({ ...signature, reason: "expired" }) as const),
  ],
  findings: [
    ...Array.from({ length: 20 }, () => ({
      method: "dkim",
      result: "fail" as const,
      properties: [{ type: "header" as const, name: "d", value: "d".repeat(250) }],
    })),
    { method: "dmarc", result: "pass", properties: [{ type: "header", name: "from", value: "example.com" }] },
  ],
  evidence: {
    from: ["From: a@example.com\r\n"],
    candidates: Array.from({ length: 500 }, (_, index) => ({
      source: "From" as const,
      address: path(`${index}`),
      attempts: [],
      matches: [],
    })),
  },
  queuedAs: Array.from({ length: 1000 }, (_, index) => `${index}${"Q".repeat(300)}`),
  detailLines: Array.from({ length: 1000 }, () => "l".repeat(1000)),
  recipientReplies: Array.from({ length: 1000 }, () => ok),
  error: "e".repeat(100_000),
});

test("a small mail is kept as it is", () => {
  const outcome = outcomeWith();
  const { outcome: kept, text = "" } = keepOutcome(outcome);
  assert.equal(kept, outcome);
  assert.deepEqual(openKept(text, { bank: undefined, loaded: [] }), outcome);
  assert.deepEqual(recordWithin(outcome, 8192), mailRecord(outcome));
});

test("fifty ordinary recipients and ten signatures are kept whole", () => {
  const outcome = outcomeWith({
    recipients: Array.from({ length: 50 }, (_, index) => recipient(`some.body.${index}@department.example.com`)),
    verifications: Array.from({ length: 10 }, () => passing),
  });
  assert.equal(keepOutcome(outcome).outcome, outcome);
});

test("of a hostile mail little is kept, and it says of how much", () => {
  const { outcome, text = "" } = keepOutcome(hostile);
  assert.ok(text.length <= maxKeptOctets, `${text.length}`);
  assert.ok(text.length > maxKeptOctets / 3, `as much as there is room for: ${text.length}`);
  const { leftOut } = outcome;
  assert.ok(leftOut !== undefined);
  assert.equal(outcome.recipients.length + leftOut.passed + leftOut.blocked, 1000);
  assert.equal(outcome.verifications.length + leftOut.verifications, 1000);
  assert.equal(outcome.findings.length + leftOut.findings, 21);
  assert.equal(outcome.evidence.candidates.length + leftOut.candidates, 500);
  assert.equal(outcome.queuedAs.length + leftOut.queuedAs, 1000);
});

test("what explains the decision stays: refused recipients, signatures of the author, findings that are no signature's", () => {
  for (const maxOctets of [8192, 4096]) {
    const { recipients, dkim, findings, left_out } = recordWithin(hostile, maxOctets);
    const names = recipients.map(({ address }) => address.slice(0, 8));
    assert.ok(names.includes("refused-"), `${names}`);
    assert.ok(names.some((name) => name.startsWith("later-")));
    assert.ok(names.some((name) => /^\d/.test(name)));
    assert.ok(dkim.some(({ domain, result }) => domain === "example.com" && result === "pass"));
    assert.ok(findings.some(({ method }) => method === "dmarc"));
    assert.equal(recipients.length + (left_out?.["recipients"] ?? 0), 1000);
    assert.equal(dkim.length + (left_out?.["dkim"] ?? 0), 1000);
  }
});

test("the line of a mail that is kept in part counts all its recipients, and is no longer than 8 KiB", () => {
  const lines = logLines(keepOutcome(hostile).outcome);
  assert.equal(lines.length, 2);
  const [passed = "", blocked = ""] = lines;
  const counted = (line: string) =>
    [...line.matchAll(/<\d+-x|<refused|<later/g)].length + Number(/\((\d+) more\)/.exec(line)?.[1] ?? 0);
  assert.equal(counted(passed), 998);
  assert.equal(counted(blocked), 2);
  assert.match(blocked, /Blocked TEMPFAIL \{(?=.*RejectedInbound)(?=.*Bounced)(?=.*TempFailedInbound)/);
  for (const line of [...lines, ...logLines(hostile)]) assert.ok(line.length <= 8192, `${line.length}`);
});

test("a record fits whatever is asked for, for any text that a mail may bring", () => {
  const text = fc.oneof(
    fc.tuple(fc.string({ unit: "binary", maxLength: 30 }), fc.nat(100)).map(([piece, times]) => piece.repeat(times)),
    fc.nat(3000).map((length) => "\u0000".repeat(length)),
    fc.nat(3000).map((length) => "\u009b".repeat(length)),
    fc.nat(3000).map((length) => "\u{1f600}".repeat(length)),
  );
  const property = fc.record({ type: fc.constant("header" as const), name: fc.constant("d"), value: text });
  fc.assert(
    fc.property(
      fc.record({
        sender: text,
        messageId: text,
        error: text,
        queuedAs: fc.array(text, { maxLength: 30 }),
        recipients: fc.array(text, { minLength: 1, maxLength: 150 }).map((list) => list.map((each) => recipient(each))),
        verifications: fc
          .array(text, { maxLength: 40 })
          .map((list) => list.map((each) => ({ ...passing, domain: each, selector: each, identity: each }))),
        findings: fc
          .array(fc.array(property, { maxLength: 4 }), { maxLength: 45 })
          .map((list) => list.map((properties) => ({ method: "dkim", result: "fail" as const, properties }))),
        session: fc.record({ address: text, port: text, name: text, helo: text }).map((client) => ({
          ...outcomeWith().session,
          client,
          helo: client.helo,
        })),
      }),
      (more) => {
        const outcome = outcomeWith(more);
        for (const maxOctets of [8192, 5000]) {
          const record = recordWithin(outcome, maxOctets);
          assert.ok(Buffer.byteLength(jsonText(record)) <= maxOctets);
          assert.ok(record.recipients.length > 0);
        }
        const { text: kept = "", outcome: part } = keepOutcome(outcome);
        assert.ok(kept.length <= maxKeptOctets);
        assert.match(kept, /^[\x00-\xff]*$/);
        assert.deepEqual(mailRecord(openKept(kept, { bank: undefined, loaded: [] })), mailRecord(part));
        for (const line of logLines(outcome)) assert.ok(line.length <= 8192);
      },
    ),
    { numRuns: 40 },
  );
});

test("ten thousand hostile mails leave memory within its octets", async () => {
  const history = createHistory(
    createPastMailReader(() => noSurroundings),
    1000,
  );
  const kept = keepOutcome(hostile);
  for (let mail = 0; mail < 10_000; mail += 1) history.add(kept);
  const { mails, octets } = history.inMemory;
  assert.ok(octets <= 1000 * 8192, `${octets}`);
  assert.ok(mails * (kept.text?.length ?? 0) <= octets && mails > 300, `${mails} mails`);
  const found = await history.find(hostile.mailId);
  assert.equal(found.length, 20);
  assert.ok(Buffer.byteLength(jsonText(found)) < 20 * 128 * 1024);
});

test("the row of a hostile mail in the file is small", () => {
  const rows: HistoryRow[] = [];
  const file: HistoryFile = {
    add: (row) => void rows.push(row),
    find: async () => [],
    recent: async () => [],
    dropped: 0,
    close: async () => {},
  };
  createHistory(
    createPastMailReader(() => noSurroundings),
    0,
    file,
  ).add(keepOutcome(hostile));
  const [row] = rows;
  assert.ok(row !== undefined);
  const octets = row.line.length + Buffer.byteLength(row.record) + row.names.join("").length;
  assert.ok(octets <= 64 * 1024, `${octets}`);
});
