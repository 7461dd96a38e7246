// Which copies a command line means, and how they are shown.
import assert from "node:assert/strict";
import { test } from "node:test";
import { readQuarantineArgs } from "../../../src/cli/quarantine-args.ts";
import { copyLine, copyLines, copyRecord } from "../../../src/cli/quarantine-print.ts";
import { quarantineRow } from "../../support/quarantine.ts";

const now = Date.UTC(2026, 6, 5);
const read = (...args: readonly string[]) => readQuarantineArgs(args, now);
const there = { states: ["kept", "released"] };

const filters: readonly (readonly [args: readonly string[], filter: object])[] = [
  [[], there],
  [["--sender", "ä@x"], { ...there, sender: "\xc3\xa4@x" }],
  [["--recipient", "b", "--subject", "ä"], { ...there, recipient: "b", subject: "ä" }],
  [["--category", "virus"], { ...there, category: "CC_VIRUS" }],
  [["--category", "CC_SPAM"], { ...there, category: "CC_SPAM" }],
  [["--category", "bad-header"], { ...there, category: "CC_BADH" }],
  [["--category", "Infected"], { ...there, category: "CC_VIRUS" }],
  [["--since", "2d", "--before", "2026-07-04"], { ...there, since: now - 2 * 86_400_000, before: now - 86_400_000 }],
  [["--since", "2026-07-05T02:00:00+02:00"], { ...there, since: now }],
  [["--state", "deleted"], { states: ["deleted"] }],
];

for (const [args, filter] of filters) {
  test(`list ${args.join(" ")}`, () => assert.deepEqual(read("list", ...args).filter, filter));
}

for (const [args, complaint] of [
  [[], /list, show, release or delete/],
  [["purge"], /list, show, release or delete/],
  [["show"], /show what/],
  [["delete", "--sender", "x"], /delete what/],
  [["delete", "--all"], /--all of what/],
  [["delete", "m1", "--sender", "x"], /either ids or/],
  [["list", "--category", "nonsense"], /no category "nonsense"/],
  [["list", "--since", "yesterday"], /no time "yesterday"/],
  [["list", "--since", "2026-13-01"], /no time/],
  [["list", "--state", "gone"], /no state/],
  [["list", "--limit", "0"], /--limit takes a number/],
] as const) {
  test(`${args.join(" ")} makes no sense`, () => assert.throws(() => read(...args), complaint));
}

test("a line holds nothing that a terminal would act on", () => {
  const row = quarantineRow("m1", { subject: "\x1b[2J\u202e", sender: "\xc3\xa4@x", score: 2, purpose: "archive" });
  assert.equal(
    copyLine({ ...row, recipients: ["a\x1b@x"] }),
    '1970-01-01T00:00:01Z m1 kept VIRUS (archive) 2 100 <ä@x> -> <a?@x> "?[2J?"',
  );
});

test("everything there is to say, and what there is not left out", () => {
  const row = quarantineRow("m1", { found: ["Eicar"], blocked: [], size: 2048, state: "released", releasedAt: 2000 });
  assert.deepEqual(copyLines({ ...row, secretId: "" }), [
    "mail_id     m1",
    "file        /q/virus-m1",
    "state       released",
    "received    1970-01-01T00:00:01.000Z",
    "released    1970-01-01T00:00:02.000Z",
    "kept as     quarantine",
    "category    CC_VIRUS",
    "found       Eicar",
    "size        2.0k",
    "sender      <Alice@Example.net>",
    "recipients  <bob@example.com>, <carol@example.com>",
    "subject     Hello",
  ]);
  const record = copyRecord({ ...row, deletedAt: 3000 });
  assert.equal(record["released"], "1970-01-01T00:00:02.000Z");
  assert.equal(record["deleted"], "1970-01-01T00:00:03.000Z");
  assert.ok(!("secret_id" in record) && !("score" in record));
});
