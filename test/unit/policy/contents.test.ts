import assert from "node:assert/strict";
import { test } from "node:test";
import type { ContentFacts } from "../../../src/mail/content.ts";
import type { BankOverlay } from "../../../src/settings/bank-settings.ts";
import { contentsOf, encrypted, noDate, noScanner, type TestMail } from "./mail-to-decide.ts";
import { setUp } from "./setup.ts";

const found = (base: BankOverlay, mail: TestMail) =>
  contentsOf({ bank: setUp({ base }).base, ...mail })("ann@here.example");
const shown = (base: BankOverlay, mail: TestMail) =>
  found(base, mail).all.map(({ category, minor }) => `${category},${minor}`);
const partly = (reason: "ambiguous" | "over-limits"): ContentFacts => ({
  parts: { parts: [], unchecked: [{ reason, detail: "x" }] },
});

const mimeFault: ContentFacts = {
  headerFaults: [],
  parts: { parts: [], unchecked: [{ reason: "ambiguous", path: "1.2", detail: "two boundaries", isMimeFault: true }] },
};
const unchecked3 = ["CC_UNCHECKED,3", "CC_UNCHECKED,0"];

const cells: readonly (readonly [string, BankOverlay, TestMail, readonly string[]])[] = [
  ["nothing found", {}, {}, ["CC_CLEAN,0"]],
  ["an encrypted part", {}, { content: encrypted }, ["CC_UNCHECKED,1", "CC_UNCHECKED,0", "CC_CLEAN,0"]],
  ["limits exceeded", {}, { content: partly("over-limits") }, ["CC_UNCHECKED,2", "CC_UNCHECKED,0", "CC_CLEAN,0"]],
  [
    "ambiguous, for who has no virus check",
    { bypass_virus_checks_maps: [true] },
    { content: partly("ambiguous") },
    ["CC_UNCHECKED,3", "CC_UNCHECKED,0", "CC_CLEAN,0"],
  ],
  [
    "ambiguous, for who has no check of contents at all",
    { bypass_virus_checks_maps: [true], bypass_banned_checks_maps: [true] },
    { content: partly("ambiguous") },
    ["CC_CLEAN,0"],
  ],
  ["no scanner answered", {}, { content: noScanner }, ["CC_UNCHECKED,0", "CC_CLEAN,0"]],
  ["a missing field", {}, { content: noDate }, ["CC_BADH,7", "CC_BADH,0", "CC_CLEAN,0"]],
  ["a test that is off", { allowed_header_tests: { missing: false } }, { content: noDate }, ["CC_CLEAN,0"]],
  [
    "a fault of the MIME structure",
    {},
    { content: mimeFault },
    [...unchecked3, "CC_BADH,1", "CC_BADH,0", "CC_CLEAN,0"],
  ],
  [
    "the same where the test is off",
    { allowed_header_tests: { mime: false } },
    { content: mimeFault },
    [...unchecked3, "CC_CLEAN,0"],
  ],
  [
    "the same for who has no header check",
    { bypass_header_checks_maps: [true] },
    { content: mimeFault },
    [...unchecked3, "CC_CLEAN,0"],
  ],
  [
    "a mail of just the limit",
    { message_size_limit_maps: [{ "ann@here.example": 1000 }] },
    { sizeBytes: 1000 },
    ["CC_CLEAN,0"],
  ],
  [
    "a larger one",
    { message_size_limit_maps: [{ "ann@here.example": 1000 }] },
    { sizeBytes: 1001 },
    ["CC_OVERSIZED,0", "CC_CLEAN,0"],
  ],
  ["no limit", { message_size_limit_maps: [0] }, { sizeBytes: 1001 }, ["CC_CLEAN,0"]],
];
for (const [title, base, mail, all] of cells) {
  test(`contents: ${title}`, () => assert.deepEqual(shown(base, mail), all));
}

test("a fault of the MIME structure is told with its part", () => {
  assert.deepEqual(found({}, { content: mimeFault }).headerFaults, ["MIME error: two boundaries (part 1.2)"]);
});

test("of one field the first fault that is tested for counts", () => {
  const content: ContentFacts = {
    headerFaults: [
      { test: "long", text: "long", field: 3 },
      { test: "control", text: "control", field: 3 },
      { test: "utf8", text: "utf8", field: 4 },
    ],
  };
  const tests = (allowed: Readonly<Record<string, boolean>>, isSmtpUtf8 = false) =>
    found({ allowed_header_tests: allowed }, { content, isSmtpUtf8 }).headerFaults;
  assert.deepEqual(tests({ long: true, control: true }), ["long"]);
  assert.deepEqual(tests({ control: true }), ["control"]);
  assert.deepEqual(tests({ utf8: true }), ["utf8"]);
  assert.deepEqual(tests({ utf8: true }, true), []);
});
