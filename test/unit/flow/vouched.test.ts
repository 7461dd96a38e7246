import assert from "node:assert/strict";
import { test } from "node:test";
import type { Finding } from "../../../src/authres/finding.ts";
import { type Facts, noFacts } from "../../../src/checks/check.ts";
import { isSenderVouchedFor } from "../../../src/flow/vouched.ts";
import type { BankOverlay } from "../../../src/settings/bank-settings.ts";
import { signed } from "../policy/mail.ts";
import { bankWith, judged } from "./mails.ts";

function spf(result: Finding["result"], name = "mailfrom"): Facts {
  return { ...noFacts, findings: [{ method: "spf", result, properties: [{ type: "smtp", name, value: "x" }] }] };
}
function by(...verifications: Facts["verifications"]): Facts {
  return { ...noFacts, verifications };
}

const bounces = "joe@bounces.there.example";
const cases: readonly (readonly [string, boolean, { facts?: Facts; sender?: string; bank?: BankOverlay }])[] = [
  ["nothing is known", false, {}],
  ["mail of our users", true, { bank: { originating: true } }],
  ["mail of our users without a domain", true, { bank: { originating: true }, sender: "joe" }],
  ["SPF pass", true, { facts: spf("pass") }],
  ["SPF softfail", false, { facts: spf("softfail") }],
  ["SPF none", false, { facts: spf("none") }],
  ["SPF temperror", false, { facts: spf("temperror") }],
  ["SPF pass of the HELO name", false, { facts: spf("pass", "helo") }],
  [
    "a DMARC pass says nothing of the envelope",
    false,
    { facts: { ...noFacts, findings: [{ method: "dmarc", result: "pass", properties: [] }] } },
  ],
  ["a signature of the sender's domain", true, { facts: by(signed("there.example")) }],
  ["a signature of the organization", true, { facts: by(signed("there.example")), sender: bounces }],
  ["a signature of another host of it", true, { facts: by(signed("mail.there.example")), sender: bounces }],
  ["the sender's domain in other letters", true, { facts: by(signed("there.example")), sender: "joe@THERE.example." }],
  ["a signature of somebody else", false, { facts: by(signed("elsewhere.example")) }],
  ["a signature of a look-alike", false, { facts: by(signed("nothere.example")) }],
  ["a signature of the public suffix", false, { facts: by(signed("example")) }],
  ["two customers of one public suffix", false, { facts: by(signed("a.github.io")), sender: "joe@b.github.io" }],
  ["a signature that does not hold", false, { facts: by(signed("there.example", { result: "fail" })) }],
  ["a weak signature", false, { facts: by(signed("there.example", { algorithm: "rsa-sha1" })) }],
  ["a domain that is testing", false, { facts: by(signed("there.example", { testing: true })) }],
  ["a sender without a domain", false, { facts: by(signed("there.example")), sender: "joe" }],
  ["a quoted @ is no domain", false, { facts: by(signed("there.example")), sender: '"joe@there.example"' }],
];

for (const [title, wanted, { facts = noFacts, sender = "joe@there.example", bank = {} }] of cases) {
  test(`${wanted ? "vouches" : "does not vouch"} for the sender: ${title}`, () => {
    assert.equal(isSenderVouchedFor(judged({ sender }, { facts, bank: bankWith(bank) })), wanted);
  });
}
