import assert from "node:assert/strict";
import { test } from "node:test";
import type { BankOverlay } from "../../../src/settings/bank-settings.ts";
import { contentsOf, scored, type TestMail, virus } from "./mail-to-decide.ts";
import { setUp } from "./setup.ts";

const levels: BankOverlay = {
  spam_tag_level_maps: [2],
  spam_tag2_level_maps: [5],
  spam_tag3_level_maps: [8],
  spam_kill_level_maps: [10],
};
const found = (base: BankOverlay, mail: TestMail) =>
  contentsOf({ bank: setUp({ base }).base, ...mail })("ann@here.example");
const names = (base: BankOverlay, mail: TestMail) =>
  found(base, mail).all.map(({ category, minor }) => `${category},${minor}`);

const cells: readonly (readonly [number, readonly string[]])[] = [
  [1.9, ["CC_CLEAN,0"]],
  [2, ["CC_CLEAN,1", "CC_CLEAN,0"]],
  [5, ["CC_SPAMMY,0", "CC_CLEAN,1", "CC_CLEAN,0"]],
  [8, ["CC_SPAMMY,1", "CC_SPAMMY,0", "CC_CLEAN,1", "CC_CLEAN,0"]],
  [10, ["CC_SPAM,0", "CC_SPAMMY,1", "CC_SPAMMY,0", "CC_CLEAN,1", "CC_CLEAN,0"]],
];
for (const [score, all] of cells) {
  test(`a score of ${score} is at or above the levels it reaches`, () => {
    assert.deepEqual(names(levels, { content: scored(score) }), all);
  });
}

test("without levels mail is tagged and never spam; unscored it is neither", () => {
  assert.deepEqual(names({}, { content: scored(99) }), ["CC_CLEAN,1", "CC_CLEAN,0"]);
  assert.deepEqual(names(levels, {}), ["CC_CLEAN,0"]);
  const down = { spam: { tests: [], scanner: "x", failure: "timeout", cached: false } };
  assert.equal(found(levels, { content: down }).score, undefined);
});

test("sender scores add up, by recipient", () => {
  const base: BankOverlay = { ...levels, score_sender_maps: [{ "ann@here.example": [{ "there.example": 4 }] }] };
  const { score } = found(base, { content: scored(1) });
  assert.equal(score?.score, 5);
  assert.deepEqual(score?.tests, ["GTUBE=1", "AM.WBL=4"]);
});

test("mails with one remembered verdict have one score, while nothing is added and the levels are the same", () => {
  const { spam } = scored(5);
  assert.ok(spam !== undefined);
  const remembered = { ...spam, cached: true };
  const cases: readonly (readonly [BankOverlay, TestMail])[] = [
    [levels, {}],
    [{ ...levels, spam_tag_level_maps: [6] }, {}],
    [{ ...levels, spam_tag2_level_maps: [6] }, {}],
    [{ ...levels, spam_tag3_level_maps: [4] }, {}],
    [{ ...levels, spam_kill_level_maps: [4] }, {}],
    [{}, {}],
    [{ ...levels, score_sender_maps: [{ "ann@here.example": [{ "there.example": 4 }] }] }, {}],
    [{ ...levels, whitelist_sender_maps: [["there.example"]] }, { verifiedDomains: ["there.example"] }],
    [{ ...levels, blacklist_sender_maps: [["there.example"]] }, {}],
    [levels, { content: { spam: remembered, penPals: [{ recipient: "ann@here.example", at: 0 }] } }],
    [levels, { content: { spam: { ...remembered, autolearn: "ham" } } }],
  ];
  // Each after each of the others: what is kept is that of the one before.
  for (const one of cases) {
    for (const other of cases) {
      for (const [base, mail] of [one, other]) {
        const content = { spam: remembered, ...mail.content };
        const afresh = { ...content, spam: { ...content.spam, cached: false } };
        assert.deepEqual(found(base, { ...mail, content }), found(base, { ...mail, content: afresh }));
      }
    }
  }
  const again = () => found(levels, { content: { spam: remembered } }).score;
  assert.equal(again(), again());
});

test("a white list holds for verified senders alone, a black list for all", () => {
  const white: BankOverlay = { ...levels, whitelist_sender_maps: [["there.example"]] };
  assert.equal(names(white, { content: scored(50) })[0], "CC_SPAM,0");
  assert.equal(names(white, { content: scored(50), verifiedDomains: ["there.example"] })[0], "CC_CLEAN,1");
  const black: BankOverlay = { ...levels, blacklist_sender_maps: [["there.example"]] };
  const listed = found(black, { content: scored(0) });
  assert.equal(listed.all[0]?.category, "CC_SPAM");
  assert.deepEqual([listed.score?.score, listed.score?.listed], [64, "black"]);
  // Without any scanner, too; but not for who bypasses the check.
  assert.equal(names(black, {})[0], "CC_SPAM,0");
  assert.deepEqual(names({ ...black, bypass_spam_checks_maps: [true] }, {}), ["CC_CLEAN,0"]);
});

test("virus names that are all points make no infection but a score", () => {
  const base: BankOverlay = { ...levels, virus_name_to_spam_score_maps: [{ regexp: [["^Eicar", 6]] }] };
  const { all, score, viruses } = found(base, { content: { ...virus, ...scored(1) } });
  assert.deepEqual([all[0]?.category, viruses], ["CC_SPAMMY", []]);
  assert.deepEqual(score?.tests, ["GTUBE=1", "AV:Eicar=6"]);
  const two = { ...virus, virus: { names: ["Eicar", "Worm"], answers: [], failed: false, cached: false } };
  assert.equal(found(base, { content: two }).all[0]?.category, "CC_VIRUS");
});

test("a bounce of a mail that is not ours costs points, scanned or not", () => {
  const base: BankOverlay = { ...levels, bounce_killer_score: 6 };
  const bounce = (isOurs: boolean) => ({ messageId: "<x@elsewhere.example>", isOurs });
  const foreign = found(base, { content: { ...scored(1), bounce: bounce(false) } });
  assert.deepEqual([foreign.score?.score, foreign.score?.tests], [7, ["GTUBE=1", "AM.BOUNCE=6"]]);
  assert.equal(found(base, { content: { ...scored(1), bounce: bounce(true) } }).score?.score, 1);
  assert.equal(found(base, { content: { bounce: bounce(false) } }).score?.score, 6);
});

test("a pen pal has a bonus, half of it after each half-life, for the recipient who wrote", () => {
  const base: BankOverlay = { ...levels, penpals_bonus_score: 8, penpals_halflife: 7 * 86_400 };
  const received = 1_700_000_000_000;
  const week = 7 * 86_400_000;
  for (const [ageMs, points] of [
    [0, 8],
    [week, 4],
    [2 * week, 2],
    [-5000, 8],
  ] as const) {
    const { score } = found(base, {
      content: { ...scored(10), penPals: [{ recipient: "ann@here.example", at: received - ageMs }] },
    });
    assert.deepEqual([score?.score, score?.tests.at(-1)], [10 - points, `AM.PENPAL=${-points}`]);
    assert.equal(score?.penPalAgeMs, Math.max(0, ageMs));
  }
  const other = found(base, { content: { ...scored(10), penPals: [{ recipient: "bob@here.example", at: received }] } });
  assert.deepEqual([other.score?.score, other.score?.penPalAgeMs], [10, undefined]);
});
