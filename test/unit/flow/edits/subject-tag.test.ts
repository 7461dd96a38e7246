import assert from "node:assert/strict";
import { test } from "node:test";
import { subjectTag, taggedSubject } from "../../../../src/flow/edits/subject-tag.ts";
import { splitHeader } from "../../../../src/mail/header.ts";
import type { ContentFound, Contents } from "../../../../src/policy/decision.ts";
import type { BankOverlay } from "../../../../src/settings/bank-settings.ts";
import { bankWith } from "../mails.ts";

const names = { myhostname: "mx.here.example", receivedAtMs: 0, logId: "1-1", mailId: "abc" };
const content = (...all: readonly Contents[]): ContentFound => ({
  all: [...all, { category: "CC_CLEAN", minor: 1 }],
  score: { score: 7.25, tests: [], isTagged: true, tag2: 5 },
  viruses: [],
  headerFaults: [],
});
const tags: BankOverlay = {
  spam_subject_tag_maps: ["[_SCORE_] "],
  spam_subject_tag2_maps: ["***SPAM (_SCORE_/_REQD_ _YESNO_)*** "],
  spam_subject_tag3_maps: ["***BLATANT*** "],
  undecipherable_subject_tag: "***UNCHECKED*** ",
  spam_modifies_subj_maps: [true],
};

const rows: readonly (readonly [string, readonly Contents[], BankOverlay, string | undefined])[] = [
  ["at the tag level", [], {}, "[7.25] "],
  ["spammy", [{ category: "CC_SPAMMY", minor: 0 }], {}, "***SPAM (7.25/5 Yes)*** "],
  ["tag3", [{ category: "CC_SPAMMY", minor: 1 }], {}, "***BLATANT*** "],
  ["not for who wants none", [{ category: "CC_SPAMMY", minor: 0 }], { spam_modifies_subj_maps: [0] }, undefined],
  ["infected", [{ category: "CC_VIRUS", minor: 0 }], {}, "***INFECTED*** "],
  ["unchecked", [{ category: "CC_UNCHECKED", minor: 1 }], {}, "***UNCHECKED*** "],
  [
    "by category",
    [{ category: "CC_BANNED", minor: 0 }],
    { subject_tag_maps_by_ccat: { CC_BANNED: ["_HOSTNAME_ _MAILID_ _OTHER_ "] } },
    "mx.here.example abc _OTHER_ ",
  ],
];
for (const [title, all, base, expected] of rows) {
  test(`subject tags: ${title}`, () => {
    assert.equal(subjectTag(bankWith({ ...tags, ...base }), content(...all), "ann@here.example", names), expected);
  });
}

const subjects: readonly (readonly [string, string, string, string])[] = [
  ["plain", "***SPAM*** ", "Subject: hello\r\n", "Subject: ***SPAM*** hello\r\n"],
  ["without a blank", "[x]", "subject:hello\r\n", "subject: [x]hello\r\n"],
  ["before an encoded word", "[x]", "Subject: =?UTF-8?Q?=C3=A9?=\r\n", "Subject: [x] =?UTF-8?Q?=C3=A9?=\r\n"],
  ["not ASCII", "é ", "Subject: hello\r\n", "Subject: =?UTF-8?B?w6kg?= hello\r\n"],
  ["folded", "[x] ", "Subject:\r\n hello\r\n", "Subject: [x] \r\n hello\r\n"],
  ["a long line", "[x] ", `Subject: ${"a".repeat(986)}\r\n`, `Subject: [x]\r\n ${"a".repeat(986)}\r\n`],
];
for (const [title, tag, field, expected] of subjects) {
  test(`a tagged subject: ${title}`, () => {
    const { fields } = splitHeader(Buffer.from(`From: a@b\r\n${field}Subject: second\r\n`));
    const tagged = taggedSubject({ fields }, tag);
    assert.ok("replace" in tagged);
    assert.equal(tagged.replace.start, 11);
    assert.equal(tagged.replace.end, 11 + field.length);
    assert.equal(Buffer.from(tagged.replace.octets).toString("latin1"), expected);
  });
}

test("a mail without a subject gets one", () => {
  assert.deepEqual(taggedSubject({ fields: [] }, "***SPAM*** "), { add: "Subject: ***SPAM***\r\n" });
});
