import assert from "node:assert/strict";
import { test } from "node:test";
import { createRefine } from "../../../../src/flow/stages/refine.ts";
import { signed } from "../../policy/mail.ts";
import { setUp } from "../../policy/setup.ts";
import { transactionOf } from "../mails.ts";

const router = setUp({
  base: { author_to_policy_bank_maps: [{ ".there.example": "PARTNER" }] },
  banks: { PARTNER: {} },
});
const refine = createRefine(router);
const transaction = transactionOf();
const facts = (...verifications: readonly ReturnType<typeof signed>[]) => ({
  findings: [],
  verifications,
  content: {},
});

test("a verified author loads its bank, and the same facts load nothing a second time", () => {
  const pass = facts(signed("there.example"));
  const bank = refine(router.base, pass, transaction);
  assert.equal(bank.path, "PARTNER");
  assert.equal(refine(bank, pass, transaction), bank);
});

test("without a signature that holds the bank stays", () => {
  assert.equal(refine(router.base, facts(), transaction), router.base);
  assert.equal(refine(router.base, facts(signed("there.example", { result: "fail" })), transaction), router.base);
});

test("a verified author whose bank is MYNETS does not make the mail ours", () => {
  const mynets = setUp({
    base: { author_to_policy_bank_maps: [{ ".there.example": "MYNETS" }] },
    banks: { MYNETS: {} },
  });
  const bank = createRefine(mynets)(mynets.base, facts(signed("there.example")), transaction);
  assert.deepEqual([bank.path, bank.originating], ["MYNETS", false]);
});
