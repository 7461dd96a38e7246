import assert from "node:assert/strict";
import { test } from "node:test";
import type { Verification } from "../../../src/dkim/engine.ts";
import { type Authors, readAuthors } from "../../../src/mail/authors.ts";
import { splitHeader } from "../../../src/mail/header.ts";
import { mustSignRule } from "../../../src/policy/must-sign.ts";
import type { BankOverlay } from "../../../src/settings/bank-settings.ts";
import { setUp } from "./setup.ts";

const verification = (domain: string, result: Verification["result"] = "pass"): Verification => ({
  kind: "dkim",
  domain,
  selector: "s",
  algorithm: "rsa-sha256",
  identity: `@${domain}`,
  keyBits: 2048,
  b: "",
  result,
});
const authorsOf = (...from: readonly string[]): Authors =>
  readAuthors(splitHeader(Buffer.from(from.map((each) => `From: ${each}\r\n`).join(""))));
const listed: BankOverlay = {
  final_must_sign_destiny: "D_DISCARD",
  author_must_sign_maps: [{ "bank.example": true, "shop.example": "mailer.example, .esp.example" }],
};

interface Case {
  readonly title: string;
  readonly base?: BankOverlay;
  readonly from?: readonly string[];
  readonly signatures?: readonly Verification[];
  readonly destiny?: string;
}
const cases: readonly Case[] = [
  { title: "signed by the author's domain", signatures: [verification("bank.example")] },
  { title: "not signed", destiny: "D_DISCARD" },
  { title: "signed by another", signatures: [verification("evil.example")], destiny: "D_DISCARD" },
  { title: "a signature that fails", signatures: [verification("bank.example", "fail")], destiny: "D_DISCARD" },
  {
    title: "a key that could not be asked for",
    signatures: [verification("bank.example", "temperror")],
    destiny: "D_TEMPFAIL",
  },
  {
    title: "one signature too many to be judged",
    signatures: [{ ...verification("bank.example", "policy"), reason: "too-many-signatures" }],
    destiny: "D_TEMPFAIL",
  },
  {
    title: "a key that is too short",
    signatures: [{ ...verification("bank.example", "policy"), reason: "weak-key" }],
    destiny: "D_DISCARD",
  },
  { title: "somebody else's mail", from: ["a@other.example"] },
  { title: "signed by one of the domains", from: ["a@shop.example"], signatures: [verification("x.esp.example")] },
  {
    title: "signed by the author where others must",
    from: ["a@shop.example"],
    signatures: [verification("shop.example")],
    destiny: "D_DISCARD",
  },
  { title: "one of several authors", from: ["a@other.example, b@bank.example"], destiny: "D_DISCARD" },
  {
    title: "two From fields, of which one may be shown",
    from: ["a@other.example", "b@bank.example"],
    signatures: [verification("bank.example")],
    destiny: "D_DISCARD",
  },
  { title: "mail of our own", base: { originating: true } },
  { title: "D_PASS", base: { final_must_sign_destiny: "D_PASS" } },
  { title: "an empty map", base: { author_must_sign_maps: [] } },
];
for (const { title, base = {}, from = ["a@bank.example"], signatures = [], destiny } of cases) {
  test(`author_must_sign_maps: ${title}`, () => {
    const { base: bank, problems } = setUp({ base: { ...listed, ...base } });
    assert.deepEqual(problems, []);
    assert.equal(mustSignRule(bank, () => authorsOf(...from), signatures)("x@here.example")?.destiny, destiny);
  });
}
