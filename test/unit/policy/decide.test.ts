import assert from "node:assert/strict";
import { test } from "node:test";
import { type DmarcFacts, dmarcRule } from "../../../src/policy/decide.ts";
import type { BankOverlay } from "../../../src/settings/bank-settings.ts";
import { decideWith } from "./mail-to-decide.ts";
import { setUp } from "./setup.ts";

const failed: DmarcFacts = { result: "fail", disposition: "reject", domain: "bank.example" };
const rejecting: BankOverlay = { final_dmarc_destiny: "D_REJECT" };

interface DmarcCase {
  readonly title: string;
  readonly base: BankOverlay;
  readonly dmarc?: DmarcFacts;
  /** Code and enhanced status; undefined = accepted. */
  readonly reply?: string;
  readonly action?: string;
}

const cases: readonly DmarcCase[] = [
  { title: "passes by default, whatever the domain asks", base: {}, dmarc: failed },
  {
    title: "rejects what the domain asks to reject",
    base: rejecting,
    dmarc: failed,
    action: "reject",
    reply: "550 5.7.26",
  },
  {
    title: "passes what the domain would quarantine",
    base: rejecting,
    dmarc: { ...failed, disposition: "quarantine" },
  },
  { title: "passes what the domain would let pass", base: rejecting, dmarc: { ...failed, disposition: "none" } },
  ...["pass", "none", "temperror", "permerror"].map((result) => ({
    title: `passes mail whose result is ${result}`,
    base: rejecting,
    dmarc: { ...failed, result },
  })),
  { title: "passes mail that was not evaluated", base: rejecting },
  { title: "passes mail of our own users", base: { ...rejecting, originating: true }, dmarc: failed },
  {
    title: "discards",
    base: { final_dmarc_destiny: "D_DISCARD" },
    dmarc: failed,
    action: "discard",
    reply: "250 2.7.0",
  },
  {
    title: "leaves a bounce to the MTA in front",
    base: { final_dmarc_destiny: "D_BOUNCE" },
    dmarc: failed,
    action: "reject",
    reply: "550 5.7.26",
  },
  {
    title: "tries again later",
    base: { final_dmarc_destiny: "D_TEMPFAIL" },
    dmarc: failed,
    action: "tempfail",
    reply: "451 4.7.26",
  },
];

for (const { title, base, dmarc, reply, action } of cases) {
  test(`final_dmarc_destiny: ${title}`, () => {
    const bank = setUp({ base }).base;
    const decisions = decideWith({ bank, rules: [dmarcRule(bank, dmarc)] }, ["a@example.com", "b@example.com"]);
    assert.equal(decisions.length, 2);
    for (const decision of decisions) {
      assert.equal(decision.action, action ?? "accept");
      assert.equal(decision.category, action === undefined ? "CC_CLEAN" : "CC_POLICY");
      if (decision.action === "accept") continue;
      assert.equal(`${decision.reply.code} ${decision.reply.enhanced}`, reply);
      assert.match(decision.reply.text, /id=123-01 - rejected by the DMARC policy of bank\.example$/);
      assert.equal(decision.rule, "dmarc");
    }
  });
}

test("mail with more signatures than are judged is put off where it might have failed, whatever the destiny", () => {
  const unknown: DmarcFacts = { ...failed, result: "temperror", isUnjudged: true };
  for (const destiny of ["D_REJECT", "D_DISCARD", "D_BOUNCE", "D_TEMPFAIL"] as const) {
    const [decision] = decideWith({
      rules: [dmarcRule(setUp({ base: { final_dmarc_destiny: destiny } }).base, unknown)],
    });
    assert.ok(decision?.action === "tempfail");
    assert.match(decision.reply.text, /too many signatures to tell .* of bank\.example/);
  }
  for (const base of [{}, { ...rejecting, originating: true }]) {
    assert.equal(decideWith({ rules: [dmarcRule(setUp({ base }).base, unknown)] })[0]?.action, "accept");
  }
  const asksForLess: DmarcFacts = { ...unknown, disposition: "none" };
  assert.equal(decideWith({ rules: [dmarcRule(setUp({ base: rejecting }).base, asksForLess)] })[0]?.action, "accept");
});

test("text of a mail's making does not reach the reply", () => {
  const bank = setUp({ base: rejecting }).base;
  const rules = [dmarcRule(bank, { ...failed, domain: "x\r\n250 ok" })];
  const [decision] = decideWith({ bank, rules }, ["a@b"]);
  assert.ok(decision?.action === "reject");
  assert.equal(decision.reply.text, "Reject, id=123-01 - rejected by the DMARC policy of its author domain");
});

test("the first rule that objects decides, per recipient", () => {
  const objection = { rule: "dmarc", destiny: "D_DISCARD", status: "7.1", text: "second" } as const;
  const decisions = decideWith(
    {
      rules: [
        (recipient) => (recipient === "a@x" ? { ...objection, destiny: "D_TEMPFAIL", text: "first" } : undefined),
        () => objection,
      ],
    },
    ["a@x", "b@x"],
  );
  assert.deepEqual(
    decisions.map(({ action }) => action),
    ["tempfail", "discard"],
  );
});
