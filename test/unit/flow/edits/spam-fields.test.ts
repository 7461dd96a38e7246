import assert from "node:assert/strict";
import { test } from "node:test";
import { knownSpamFields, spamFields } from "../../../../src/flow/edits/spam-fields.ts";
import type { ContentFound, ScoreFound } from "../../../../src/policy/decision.ts";

const bank = {
  sa_spam_level_char: "*",
  allowed_added_header_fields: {
    "x-spam-flag": true,
    "x-spam-score": true,
    "x-spam-level": true,
    "x-spam-status": true,
  },
};
const found = (score: Partial<ScoreFound>, spammy = false): ContentFound => ({
  all: [...(spammy ? [{ category: "CC_SPAMMY", minor: 0 } as const] : []), { category: "CC_CLEAN", minor: 1 }],
  score: { score: 0, tests: [], isTagged: true, ...score },
  viruses: [],
  headerFaults: [],
});

test("ham at the tag level", () => {
  const score = { score: -0.2011, tests: ["A=0.1", "B=-0.3"], autolearn: "no", tag: -999, tag2: 5 };
  assert.deepEqual(spamFields(bank, found(score)), [
    "X-Spam-Flag: NO\r\n",
    "X-Spam-Score: -0.201\r\n",
    "X-Spam-Level: \r\n",
    "X-Spam-Status: No, score=-0.201 tagged_above=-999 required=5 tests=[A=0.1,\r\n B=-0.3] autolearn=no\r\n",
  ]);
});

test("spam: stars, YES, at most 64 of them", () => {
  const [flag, , level] = spamFields(bank, found({ score: 6.9 }, true));
  assert.deepEqual([flag, level], ["X-Spam-Flag: YES\r\n", "X-Spam-Level: ******\r\n"]);
  assert.equal(spamFields(bank, found({ score: 1000 }, true))[2], `X-Spam-Level: ${"*".repeat(64)}\r\n`);
});

test("lists are named, and a whitelisted sender is never above 0", () => {
  const white = spamFields(bank, found({ score: 8, listed: "white" }));
  assert.deepEqual(white.slice(1, 3), ["X-Spam-Score: 0\r\n", "X-Spam-Level: \r\n"]);
  assert.match(white[3] ?? "", /WHITELISTED/);
  assert.match(
    spamFields(bank, found({ score: 64, listed: "black" }, true))[3] ?? "",
    /^X-Spam-Status: Yes, .*BLACKLISTED/,
  );
});

test("nothing below the tag level, nor what may not be added", () => {
  assert.deepEqual(spamFields(bank, found({ isTagged: false })), []);
  assert.deepEqual(spamFields({ ...bank, allowed_added_header_fields: {} }, found({})), []);
});

test("of a verdict that is remembered the fields are the same, made once while bank and contents are", () => {
  const ham = found({ score: 3, tests: ["A=0.1", "B=-0.3"], tag: -999, tag2: 5, autolearn: "no" });
  const cases: readonly (readonly [typeof bank, ContentFound])[] = [
    [bank, ham],
    [{ ...bank, sa_spam_level_char: "+" }, ham],
    [bank, { ...ham, all: found({}, true).all }],
    [bank, found({ score: 4, tests: ham.score?.tests ?? [] })],
    [bank, found({ isTagged: false })],
  ];
  // Each after each of the others: what is kept is that of the one before.
  for (const one of cases) {
    for (const other of cases) {
      for (const each of [one, other]) assert.deepEqual(knownSpamFields(...each), spamFields(...each));
    }
  }
  assert.equal(knownSpamFields(bank, ham), knownSpamFields(bank, { ...ham }));
  const { score: _none, ...unscored } = ham;
  assert.deepEqual(knownSpamFields(bank, unscored), []);
});
