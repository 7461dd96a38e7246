import assert from "node:assert/strict";
import { test } from "node:test";
import { extendedAddress } from "../../../../src/flow/edits/address-extension.ts";
import type { Category } from "../../../../src/policy/decision.ts";
import type { BankOverlay } from "../../../../src/settings/bank-settings.ts";
import { bankWith } from "../mails.ts";

const base: BankOverlay = { recipient_delimiter: "+", addr_extension_spam_maps: ["spam"] };
const rows: readonly (readonly [string, BankOverlay, Category, string, string | undefined])[] = [
  ["spam goes to its folder", {}, "CC_SPAM", "ann@here.example", "ann+spam@here.example"],
  ["an extension is replaced", {}, "CC_SPAMMY", "ann+x@here.example", "ann+spam@here.example"],
  ["or kept", { replace_existing_extension: false }, "CC_SPAM", "ann+x@here.example", "ann+x+spam@here.example"],
  ["clean mail stays", {}, "CC_CLEAN", "ann@here.example", undefined],
  ["no delimiter, no extension", { recipient_delimiter: null }, "CC_SPAM", "ann@here.example", undefined],
  ["a quoted local part stays", {}, "CC_SPAM", '"a b"@here.example', undefined],
  ["one that would get too long stays", {}, "CC_SPAM", `${"a".repeat(62)}@here.example`, undefined],
  ["what is no address stays", { addr_extension_spam_maps: ["a> x"] }, "CC_SPAM", "ann@here.example", undefined],
  [
    "by category",
    { addr_extension_maps_by_ccat: { CC_OVERSIZED: ["big"] } },
    "CC_OVERSIZED",
    "ann@here.example",
    "ann+big@here.example",
  ],
];
for (const [title, more, category, recipient, expected] of rows) {
  test(`address extensions: ${title}`, () => {
    const content = { all: [{ category, minor: 0 }], viruses: [], headerFaults: [] };
    assert.equal(extendedAddress(bankWith({ ...base, ...more }), content, recipient), expected);
  });
}
