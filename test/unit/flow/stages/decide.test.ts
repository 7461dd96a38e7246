import assert from "node:assert/strict";
import { test } from "node:test";
import type { Finding } from "../../../../src/authres/finding.ts";
import { createDecide } from "../../../../src/flow/stages/decide.ts";
import { formatReply } from "../../../../src/smtp/reply.ts";
import { bankWith, judged } from "../mails.ts";

const decide = createDecide({ receivedFields: 3, leastSizeLimit: 0 });
const two = ["a@here.example", "b@here.example"];
const withHops = (count: number) => ({
  recipients: two,
  text: `${"Received: from a by b; x\r\n".repeat(count)}From: a@b\r\n\r\nhello\r\n`,
});
const dmarcFailed: Finding = {
  method: "dmarc",
  result: "fail",
  properties: [
    { type: "header", name: "from", value: "bank.example" },
    { type: "policy", name: "dmarc", value: "reject" },
  ],
};

test("mail goes on for every recipient, in the category of clean mail", () => {
  const decisions = decide(judged(withHops(3)));
  assert.deepEqual(
    decisions.map(({ action, category, rule }) => [action, category, rule]),
    [
      ["accept", "CC_CLEAN", undefined],
      ["accept", "CC_CLEAN", undefined],
    ],
  );
});

test("a mail with more Received fields than the limit is refused as a loop, for every recipient", () => {
  const decisions = decide(judged(withHops(4)));
  assert.equal(decisions.length, 2);
  for (const decision of decisions) {
    assert.ok(decision.action === "reject");
    assert.equal(decision.rule, "loop");
    assert.equal(formatReply(decision.reply), "554 5.4.6 id=4711-01 - Too many hops: 4 'Received:' header fields");
  }
});

for (const [title, findings, action] of [
  ["a DMARC failure is rejected where the bank says so", [dmarcFailed], "reject"],
  ["a mail without a DMARC finding goes on", [], "accept"],
  [
    "a DMARC failure that a chain of trusted sealers excuses goes on",
    [dmarcFailed, { method: "arc", result: "pass", reason: "trusted-sealer", properties: [] }],
    "accept",
  ],
] as const) {
  test(title, () => {
    const bank = bankWith({ final_dmarc_destiny: "D_REJECT" });
    const [decision] = decide(judged({}, { bank, facts: { findings, verifications: [], content: {} } }));
    assert.equal(decision?.action, action);
    assert.equal(decision.rule, action === "reject" ? "dmarc" : undefined);
  });
}

test("without a virus scanner mail is unchecked, or put off where that is fatal, but for who bypasses the check", () => {
  const virus = { names: [], answers: [], failed: true, cached: false };
  const facts = { findings: [], verifications: [], content: { virus } };
  const fates = (settings: Parameters<typeof bankWith>[0]) =>
    decide(judged({ recipients: two }, { bank: bankWith(settings), facts })).map(({ action, category }) => [
      action,
      category,
    ]);
  assert.deepEqual(fates({}), [
    ["accept", "CC_UNCHECKED"],
    ["accept", "CC_UNCHECKED"],
  ]);
  assert.deepEqual(fates({ virus_scanners_failure_is_fatal: true, bypass_virus_checks_maps: [["a@here.example"]] }), [
    ["accept", "CC_CLEAN"],
    ["tempfail", "CC_TEMPFAIL"],
  ]);
});

/** The howto's paragraph: friends are white-listed by a bank that their verified author loads. */
test("a bank by verified author lifts the checks of banned names and spam for its mail alone", () => {
  const content = {
    parts: {
      parts: [{ path: "1", parent: -1, names: ["evil.exe"], types: ["exe"], sizeBytes: 1, encrypted: false }],
      unchecked: [],
    },
    spam: { score: 20, tests: [], scanner: "x", cached: false },
  };
  const facts = { findings: [], verifications: [], content };
  const strict = { spam_kill_level_maps: [5], final_spam_destiny: "D_REJECT" } as const;
  const banning = { ...strict, banned_filename_maps: [{ ".": [{ regexp: ["\\.exe$"] }] }] };
  const [stranger] = decide(judged({}, { bank: bankWith(banning), facts }));
  assert.deepEqual([stranger?.action, stranger?.category], ["discard", "CC_BANNED"]);
  const friendly = { ...banning, bypass_spam_checks_maps: [true], bypass_banned_checks_maps: [true] };
  const [friend] = decide(judged({}, { bank: bankWith(friendly), facts }));
  assert.deepEqual([friend?.action, friend?.category], ["accept", "CC_CLEAN"]);
});
