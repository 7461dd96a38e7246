import assert from "node:assert/strict";
import { test } from "node:test";
import { failedScanners, scanRecord } from "../../../../src/flow/outcome/scan-record.ts";
import type { ContentFacts, MailPart } from "../../../../src/mail/content.ts";

const part: MailPart = { path: "1", parent: -1, names: [], types: ["asc"], sizeBytes: 5, encrypted: false };

test("mail that nobody looked into has no record", () => {
  assert.equal(scanRecord({}), undefined);
  assert.equal(scanRecord({ headerFaults: [] }), undefined);
});

test("what looked into a mail is kept, and of long lists the first ten", () => {
  const unchecked = Array.from({ length: 12 }, (_, index) => ({ reason: "failed", detail: `${index}` }) as const);
  const answers = [{ scanner: "ClamAV", result: "clean", detail: [] }] as const;
  const content: ContentFacts = {
    parts: { parts: [part, part], unchecked },
    virus: { names: [], answers, failed: false, cached: true },
    spam: { score: 1, tests: [{ name: "A", score: 1 }], scanner: "SA", action: "no action", cached: false },
  };
  assert.deepEqual(scanRecord(content), {
    parts: 2,
    unchecked: unchecked.slice(0, 10),
    virus: { answers, failed: false, cached: true },
    spam: { score: 1, scanner: "SA", action: "no action", cached: false },
  });
  assert.deepEqual(scanRecord({ parts: { parts: [part], unchecked: [] } }), { parts: 1 });
});

test("scanners that did not answer are named, also where another one did", () => {
  const virus = {
    failed: false,
    cached: false,
    answers: [
      { scanner: "first", result: "failed", detail: ["timeout: no answer within 30 s"] },
      { scanner: "reserve", result: "clean", detail: [] },
    ],
  } as const;
  assert.deepEqual(failedScanners({ virus }), ["first(timeout)"]);
  const one = { scanner: "SA", failure: "connect: ECONNREFUSED", cached: false };
  assert.deepEqual(failedScanners({ virus, spam: one }), ["first(timeout)", "SA(connect)"]);
  const two = { scanner: "SA, rspamd", failure: "SA: timeout: 30 s; rspamd: connect: no", cached: false };
  assert.deepEqual(failedScanners({ spam: two }), ["SA, rspamd"]);
  assert.deepEqual(failedScanners({ spam: { scanner: "SA", score: 1, cached: false } }), []);
  const unanswered = [{ scanner: "rspamd", result: "failed", detail: ["closed: it hung up"] }] as const;
  assert.deepEqual(failedScanners({ spam: { scanner: "SA", score: 1, unanswered, cached: false } }), [
    "rspamd(closed)",
  ]);
});

test("of the words by several users' rules the one that failed is told", () => {
  const spam = { score: 1, tests: [], scanner: "SA", cached: true };
  const failed = { tests: [], scanner: "SA", failure: "timeout: 30 s", cached: false };
  const content = { spam, spamByUser: [{ recipients: ["a@b.example"], spam: failed }] };
  assert.deepEqual(scanRecord(content), { spam: { scanner: "SA", failure: "timeout: 30 s", cached: false } });
  assert.equal(scanRecord({ ...content, spamByUser: [] })?.spam?.score, 1);
});
