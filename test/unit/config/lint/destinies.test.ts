import assert from "node:assert/strict";
import { test } from "node:test";
import { importedScanners } from "../../../../src/config/lint/scanners.ts";
import { lintProblems } from "../../../support/lint-problems.ts";

const hint = "; take it out, or make this a warning by unsupported: warn";
const clamd = [{ name: "ClamAV", type: "clamd", address: "127.0.0.1:3310" }];
const spamd = [{ name: "SA", type: "spamd", address: "127.0.0.1:783" }];

/** A destiny, what finds such mail, and what is said where nothing does. */
const cases: readonly (readonly [string, Readonly<Record<string, unknown>>, string])[] = [
  [
    "final_virus_destiny",
    { av_scanners: clamd },
    "no virus scanner is asked (av_scanners), so no mail is found infected",
  ],
  [
    "final_virus_destiny",
    { bypass_virus_checks_maps: [true] },
    "no virus scanner is asked (av_scanners), so no mail is found infected",
  ],
  [
    "final_spam_destiny",
    { spam_scanners: spamd },
    "no spam scanner is asked (spam_scanners), so no mail is found to be spam",
  ],
  [
    "final_banned_destiny",
    { banned_filename_re: { regexp: [["\\.exe$", true]] } },
    "there is no rule (banned_filename_re, banned_rules, banned_namepath_re), so no mail is found banned",
  ],
  [
    "final_unchecked_destiny",
    { av_scanners: clamd },
    "no virus scanner and no banned rule looks into mail, so none is found unchecked",
  ],
  [
    "final_oversized_destiny",
    { message_size_limit_maps: [100000] },
    "message_size_limit_maps is empty, so no mail is found oversized",
  ],
  [
    "final_must_sign_destiny",
    { author_must_sign_maps: [{ "bank.example": true }] },
    "author_must_sign_maps is empty, so no author has to sign",
  ],
  [
    "final_dmarc_destiny",
    { enable_dmarc_verification: true },
    "enable_dmarc_verification is off, so no mail is found to fail",
  ],
];

for (const [name, finder, missed] of cases) {
  test(`${name} without what finds such mail is an error, unless it is off or unsupported: warn`, () => {
    const destiny = name === "final_oversized_destiny" ? "D_DISCARD" : "D_BOUNCE";
    assert.deepEqual(lintProblems({ [name]: destiny }), [`error: ${name}: ${missed}${hint}`]);
    assert.deepEqual(lintProblems({ [name]: destiny, unsupported: "warn" }), [`warning: ${name}: ${missed}`]);
    assert.deepEqual(lintProblems({ [name]: "D_PASS" }), []);
    assert.deepEqual(lintProblems({ [name]: destiny, ...finder }), []);
    const inBank = { interface_policy: { "10024": "A" }, policy_bank: { A: { [name]: destiny } } };
    assert.deepEqual(lintProblems(inBank), [`error: policy_bank.A.${name}: ${missed}${hint}`]);
  });
}

test("a default of ours promises nothing in a signpost.yaml, which may be printed, and does in an amavisd.conf", () => {
  assert.deepEqual(lintProblems({ final_virus_destiny: "D_DISCARD" }), []);
  const source = { settings: { final_virus_destiny: "D_DISCARD" }, problems: [], locate: () => undefined };
  assert.match(
    importedScanners({ ...source, isAmavisd: true })[0]?.message ?? "",
    /^final_virus_destiny: no virus scanner/,
  );
});

test("a scanner of any bank will do", () => {
  const policy_bank = { A: { av_scanners: clamd } };
  assert.deepEqual(
    lintProblems({ final_virus_destiny: "D_BOUNCE", interface_policy: { "10024": "A" }, policy_bank }),
    [],
  );
});

test("a black list gives a score without a scanner, and it is said that little else does", () => {
  assert.deepEqual(lintProblems({ final_spam_destiny: "D_BOUNCE", blacklist_sender_maps: [["evil.test"]] }), [
    "warning: final_spam_destiny: no spam scanner is asked (spam_scanners): only mail of a black list, bounces and some viruses have a score",
  ]);
});

test("a list that changes a score where nothing gives one is an error", () => {
  const missed = "no spam scanner is asked (spam_scanners), so no mail has a score to change";
  const lists = { score_sender_maps: [{ ".": [{ "evil.test": 50 }] }], whitelist_sender_maps: [["good.example"]] };
  assert.deepEqual(lintProblems(lists), [
    `error: score_sender_maps: ${missed}${hint}`,
    `error: whitelist_sender_maps: ${missed}${hint}`,
  ]);
  assert.deepEqual(lintProblems({ ...lists, spam_scanners: spamd }), []);
  assert.deepEqual(lintProblems({ ...lists, blacklist_sender_maps: [["bad.example"]] }), []);
  assert.deepEqual(lintProblems({ score_sender_maps: [], whitelist_sender_maps: null }), []);
});
