import assert from "node:assert/strict";
import { test } from "node:test";
import { createRecipientEdits, withoutScanClaims } from "../../../../src/flow/edits/recipient-edits.ts";
import { noEdits, print } from "../../../../src/mail/edit.ts";
import { accepted } from "../../../../src/policy/decision.ts";
import type { BankOverlay } from "../../../../src/settings/bank-settings.ts";
import { bankWith, judged } from "../mails.ts";

const text = "From: a@b\r\nX-Spam-Flag: NO\r\nX-Scanned: liar\r\nSubject: hi\r\n\r\nhello\r\n";
const allowed = { "x-spam-flag": true };
const base: BankOverlay = {
  allowed_added_header_fields: allowed,
  spam_subject_tag2_maps: ["***SPAM*** "],
  spam_modifies_subj_maps: [true],
  spam_scanners: [
    {
      name: "x",
      type: "spamd",
      address: "127.0.0.1:1",
      timeout: 1,
      connections: 1,
      score_factor: 1,
      mail_body_size_limit: null,
    },
  ],
};
const spam = {
  ...accepted,
  content: {
    all: [{ category: "CC_SPAMMY", minor: 0 } as const],
    score: { score: 7, tests: [], isTagged: true },
    viruses: [],
    headerFaults: [],
  },
};

test("a local recipient of spam has fields of ours, none of others', and a tagged subject", () => {
  const mail = judged({ text }, { bank: bankWith(base) });
  const edits = createRecipientEdits(mail).of(spam, "ann@here.example", true, noEdits);
  assert.equal(
    Buffer.from(print(mail.transaction.message, edits, "own").header).toString(),
    "X-Spam-Flag: YES\r\nFrom: a@b\r\nX-Scanned: liar\r\nSubject: ***SPAM*** hi\r\n",
  );
});

test("recipients with the same edits share them; others elsewhere are told nothing", () => {
  const recipients = ["ann@here.example", "bob@here.example", "joe@there.example"];
  const told = createRecipientEdits(judged({ text, recipients }, { bank: bankWith({ ...base, spam_scanners: [] }) }));
  const one = told.of(spam, "ann@here.example", true, noEdits);
  assert.equal(told.of(spam, "bob@here.example", true, noEdits), one);
  assert.equal(told.of(spam, "joe@there.example", false, noEdits), noEdits);
});

test("a recipient alone has the same edits as one of several", () => {
  const bank = bankWith(base);
  const [alone, among] = [["ann@here.example"], ["ann@here.example", "bob@here.example"]].map((recipients) =>
    createRecipientEdits(judged({ text, recipients }, { bank })).of(spam, "ann@here.example", true, noEdits),
  );
  assert.deepEqual(alone, among);
});

test("incoming fields of spam checks stay where the bank says so", () => {
  const bank = bankWith({ ...base, remove_existing_spam_headers: false });
  const mail = judged({ text }, { bank });
  assert.equal(createRecipientEdits(mail).of(accepted, "ann@here.example", true, noEdits), noEdits);
});

test("fields that claim our virus check go where the bank says so and there is one", () => {
  const { message } = judged({ text }).transaction;
  const claims: BankOverlay = {
    X_HEADER_TAG: "X-Scanned",
    X_HEADER_LINE: "us",
    remove_existing_x_scanned_headers: true,
    av_scanners: [{ name: "x", type: "clamd", address: "127.0.0.1:1", timeout: 1, connections: 1 }],
  };
  assert.equal(withoutScanClaims(message, bankWith(claims), noEdits).remove.length, 1);
  assert.equal(withoutScanClaims(message, bankWith({ ...claims, av_scanners: [] }), noEdits), noEdits);
});
