import assert from "node:assert/strict";
import { test } from "node:test";
import type { Facts } from "../../../../src/checks/check.ts";
import { noFacts } from "../../../../src/checks/check.ts";
import { createScore } from "../../../../src/flow/stages/score.ts";
import type { BankOverlay } from "../../../../src/settings/bank-settings.ts";
import { bankWith, judged } from "../mails.ts";

const spam = { score: 3, tests: [], scanner: "spamd", cached: false };
const spamd = {
  name: "SpamAssassin",
  type: "spamd" as const,
  address: "127.0.0.1:783",
  timeout: 30,
  connections: 5,
  score_factor: 1,
  mail_body_size_limit: null,
};
const infected: Facts = {
  ...noFacts,
  content: { virus: { names: ["Phish.A"], answers: [], failed: false, cached: false } },
};

interface Case {
  readonly title: string;
  readonly settings?: BankOverlay;
  readonly facts?: Facts;
  readonly asked: boolean;
}

const cases: readonly Case[] = [
  { title: "mail is scored", asked: true },
  { title: "not where every recipient bypasses it", settings: { bypass_spam_checks_maps: [true] }, asked: false },
  {
    title: "it is where one of two does not",
    settings: { bypass_spam_checks_maps: [{ "ann@here.example": true }] },
    asked: true,
  },
  { title: "infected mail is not", facts: infected, asked: false },
  {
    title: "infected mail is where one of two loves it",
    settings: { virus_lovers_maps: [{ "bob@here.example": true }] },
    facts: infected,
    asked: true,
  },
  {
    title: "infected mail is where one of two has no virus check",
    settings: { bypass_virus_checks_maps: [{ "bob@here.example": true }] },
    facts: infected,
    asked: true,
  },
  {
    title: "infected mail is not where nobody who gets it wants to know",
    settings: {
      virus_lovers_maps: [{ "bob@here.example": true }],
      bypass_spam_checks_maps: [{ "bob@here.example": true }],
    },
    facts: infected,
    asked: false,
  },
  {
    title: "infected mail is where it passes",
    settings: { final_virus_destiny: "D_PASS" },
    facts: infected,
    asked: true,
  },
  {
    title: "a virus name that counts as points is left to the spam scanner",
    settings: { virus_name_to_spam_score_maps: [{ "Phish.A": 4 }] },
    facts: infected,
    asked: true,
  },
];

for (const { title, settings = {}, facts = noFacts, asked } of cases) {
  test(title, async () => {
    const mail = judged(
      { recipients: ["ann@here.example", "bob@here.example"] },
      { bank: bankWith({ spam_scanners: [spamd], ...settings }), facts },
    );
    const scored = await createScore(async () => ({ spam }))(mail);
    assert.deepEqual(scored.content, asked ? { ...facts.content, spam } : facts.content);
  });
}

test("a score that is remembered is there at once", () => {
  const scored = createScore(() => ({ spam }))(judged({}, { bank: bankWith({ spam_scanners: [spamd] }) }));
  assert.ok(!(scored instanceof Promise));
  assert.deepEqual(scored.content.spam, spam);
});

test("without a scanner the facts stay what they are", () => {
  const mail = judged();
  assert.equal(createScore(() => assert.fail())(mail), mail.facts);
});
