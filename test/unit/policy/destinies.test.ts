// The table category x destiny x (lover, bypass): what becomes of the mail, by which rule, in which words.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ContentFacts } from "../../../src/mail/content.ts";
import type { Category } from "../../../src/policy/decision.ts";
import type { BankOverlay } from "../../../src/settings/bank-settings.ts";
import type { Destiny } from "../../../src/settings/values.ts";
import { decideWith, encrypted, noDate, program, scored, virus } from "./mail-to-decide.ts";
import { setUp } from "./setup.ts";

interface Row {
  readonly category: Category;
  readonly minor: number;
  readonly rule: string;
  readonly content: ContentFacts;
  readonly sizeBytes?: number;
  readonly base?: BankOverlay;
  readonly destiny: (destiny: Destiny) => BankOverlay;
  readonly loved?: BankOverlay;
  readonly bypassed?: BankOverlay;
  readonly refusal: string;
  readonly reason: string;
}

const rows: readonly Row[] = [
  {
    category: "CC_VIRUS",
    minor: 0,
    rule: "virus",
    content: virus,
    destiny: (final_virus_destiny) => ({ final_virus_destiny }),
    loved: { virus_lovers_maps: [true] },
    bypassed: { bypass_virus_checks_maps: [true] },
    refusal: "554 5.7.0",
    reason: "INFECTED: Eicar",
  },
  {
    category: "CC_BANNED",
    minor: 0,
    rule: "banned",
    content: program,
    destiny: (final_banned_destiny) => ({ final_banned_destiny }),
    loved: { banned_files_lovers_maps: [true] },
    bypassed: { bypass_banned_checks_maps: [true] },
    refusal: "554 5.7.0",
    reason: "BANNED: .exe,evil.exe",
  },
  {
    category: "CC_UNCHECKED",
    minor: 1,
    rule: "unchecked",
    content: encrypted,
    destiny: (final_unchecked_destiny) => ({ final_unchecked_destiny }),
    loved: { unchecked_lovers_maps: [true] },
    bypassed: { bypass_virus_checks_maps: [true] },
    refusal: "554 5.7.0",
    reason: "UNCHECKED: encrypted",
  },
  {
    category: "CC_SPAM",
    minor: 0,
    rule: "spam",
    content: scored(12),
    base: { spam_kill_level_maps: [10] },
    destiny: (final_spam_destiny) => ({ final_spam_destiny }),
    loved: { spam_lovers_maps: [true] },
    bypassed: { bypass_spam_checks_maps: [true] },
    refusal: "554 5.7.0",
    reason: "spam",
  },
  {
    category: "CC_SPAMMY",
    minor: 1,
    rule: "spammy",
    content: scored(7),
    base: { spam_tag2_level_maps: [5], spam_tag3_level_maps: [6] },
    destiny: (destiny) => ({ final_destiny_maps_by_ccat: { CC_SPAMMY: destiny } }),
    loved: { spam_lovers_maps: [true] },
    bypassed: { bypass_spam_checks_maps: [true] },
    refusal: "554 5.7.0",
    reason: "spammy (tag3)",
  },
  {
    category: "CC_BADH",
    minor: 7,
    rule: "bad-header",
    content: noDate,
    destiny: (final_bad_header_destiny) => ({ final_bad_header_destiny }),
    loved: { bad_header_lovers_maps: [true] },
    bypassed: { bypass_header_checks_maps: [true] },
    refusal: "554 5.6.0",
    reason: "BAD HEADER: missing required header field",
  },
  {
    category: "CC_OVERSIZED",
    minor: 0,
    rule: "oversized",
    content: {},
    sizeBytes: 2001,
    base: { message_size_limit_maps: [2000] },
    destiny: (final_oversized_destiny) => ({ final_oversized_destiny }),
    loved: { lovers_maps_by_ccat: { CC_OVERSIZED: [true] } },
    refusal: "552 5.3.4",
    reason: "Message size exceeds recipient's size limit",
  },
];

const rules = { banned_filename_re: { regexp: ["\\.exe$"] } };

/** Action and code of the reply by destiny. A bounce is a refusal: the MTA in front writes it. */
const fates: readonly (readonly [Destiny, string, number])[] = [
  ["D_PASS", "accept", 0],
  ["D_REJECT", "reject", 5],
  ["D_BOUNCE", "reject", 5],
  ["D_DISCARD", "discard", 2],
  ["D_TEMPFAIL", "tempfail", 4],
];

for (const row of rows) {
  const fateOf = (destiny: Destiny, more: BankOverlay = {}) => {
    const bank = setUp({ base: { ...row.base, ...row.destiny(destiny), ...more }, rules }).base;
    const { content, sizeBytes } = row;
    const [decision] = decideWith({ bank, content, ...(sizeBytes === undefined ? {} : { sizeBytes }) });
    assert.ok(decision !== undefined);
    return decision;
  };

  for (const [destiny, action, code] of fates) {
    test(`${row.category}: ${destiny}`, () => {
      const decision = fateOf(destiny);
      assert.deepEqual([decision.action, decision.category, decision.minor], [action, row.category, row.minor]);
      assert.equal(decision.rule, action === "accept" ? undefined : row.rule);
      if (decision.action === "accept") return;
      assert.equal(Math.floor(decision.reply.code / 100), code);
      if (code === 5) assert.equal(`${decision.reply.code} ${decision.reply.enhanced}`, row.refusal);
      assert.ok(decision.reply.text.endsWith(`id=123-01 - ${row.reason}`), decision.reply.text);
    });
  }

  test(`${row.category}: who loves it gets it, and it is called what it is`, () => {
    for (const [destiny] of fates) {
      const decision = fateOf(destiny, row.loved);
      assert.deepEqual([decision.action, decision.category], ["accept", row.category]);
    }
  });

  const { bypassed } = row;
  if (bypassed !== undefined) {
    test(`${row.category}: for who bypasses the check there is nothing`, () => {
      const decision = fateOf("D_REJECT", bypassed);
      assert.deepEqual([decision.action, decision.category], ["accept", "CC_CLEAN"]);
    });
  }
}

test("recipients of one mail have their own fates", () => {
  const { base } = setUp({
    base: { final_virus_destiny: "D_REJECT", virus_lovers_maps: [["lab@here.example"]] },
  });
  const decisions = decideWith({ bank: base, content: virus }, ["ann@here.example", "lab@here.example"]);
  assert.deepEqual(
    decisions.map(({ action }) => action),
    ["reject", "accept"],
  );
});

test("what passes does not hide what blocks: the first category with a destiny decides", () => {
  const { base } = setUp({
    base: { final_virus_destiny: "D_PASS", final_bad_header_destiny: "D_REJECT" },
  });
  const [decision] = decideWith({ bank: base, content: { ...virus, ...noDate } });
  assert.deepEqual([decision?.action, decision?.category, decision?.rule], ["reject", "CC_BADH", "bad-header"]);
  assert.deepEqual(
    decision?.content?.all.map(({ category, minor }) => `${category},${minor}`),
    ["CC_VIRUS,0", "CC_BADH,7", "CC_BADH,0", "CC_CLEAN,0"],
  );
});

test("a destiny of a minor category, by recipient", () => {
  const { base } = setUp({
    base: { final_destiny_maps_by_ccat: { "CC_UNCHECKED,1": [{ "ann@here.example": "D_REJECT" }] } },
  });
  const decisions = decideWith({ bank: base, content: encrypted }, ["ann@here.example", "bob@here.example"]);
  assert.deepEqual(
    decisions.map(({ action }) => action),
    ["reject", "accept"],
  );
});

test("the words of a reply can be set by category", () => {
  const { base } = setUp({
    base: { final_virus_destiny: "D_REJECT", smtp_reason_by_ccat: { CC_VIRUS: "id=%n - no %V here, 100%%" } },
  });
  const [decision] = decideWith({ bank: base, content: virus });
  assert.ok(decision?.action === "reject");
  assert.equal(decision.reply.text, "Reject, id=123-01 - no Eicar here, 100%");
});

test("DMARC and signing rules stand below viruses and above spam", () => {
  const { base } = setUp({ base: { final_virus_destiny: "D_DISCARD", spam_kill_level_maps: [5] } });
  const own = [() => ({ rule: "dmarc", destiny: "D_REJECT", status: "7.26", text: "no" }) as const];
  const [infected] = decideWith({ bank: base, content: virus, rules: own });
  const [spam] = decideWith({ bank: base, content: scored(9), rules: own });
  assert.deepEqual([infected?.rule, spam?.rule], ["virus", "dmarc"]);
});

test("a bad header of a list, a robot or a bounce is let through where it would be bounced", () => {
  const { base } = setUp({ base: { final_bad_header_destiny: "D_BOUNCE" } });
  const fate = (more: object) => decideWith({ bank: base, content: noDate, ...more })[0]?.action;
  assert.deepEqual([fate({}), fate({ isBulk: true }), fate({ sender: "" })], ["reject", "accept", "accept"]);
});
