import assert from "node:assert/strict";
import { test } from "node:test";
import type { Shape } from "../../../src/settings/shape.ts";
import {
  destiny,
  envelopeSender,
  fieldCounts,
  file,
  logTarget,
  mailbox,
  ownName,
  template,
  upperCase,
} from "../../../src/settings/text-shape.ts";
import { readValue } from "./read-value.ts";

const taken: readonly (readonly [string, Shape<unknown>, unknown, unknown])[] = [
  ["ownName", ownName, "mail.bücher.example", "mail.xn--bcher-kva.example"],
  ["destiny", destiny, -3, "D_REJECT"],
  ["destiny", destiny, "pass", "D_PASS"],
  ["file", file, "a/b", "a/b"],
  ["logTarget", logTarget, "syslog:/run/log", "syslog:/run/log"],
  ["logTarget", logTarget, "syslog:[::1]:514", "syslog:[::1]:514"],
  ["logTarget", logTarget, "./x.log", "./x.log"],
  ["template", template, { file: "x" }, { file: "x" }],
  ["template", template, null, null],
  ["mailbox", mailbox, "Filter <f@example.com>", "Filter <f@example.com>"],
  ["envelopeSender", envelopeSender, "", ""],
  ["upperCase", upperCase, "chunking", "CHUNKING"],
  ["fieldCounts", fieldCounts, { From: 7, To: true, REPLACE: 1 }, { from: 2, to: 1, REPLACE: 1 }],
];
const refused: readonly (readonly [string, Shape<unknown>, unknown, RegExp])[] = [
  ["destiny", destiny, "D_MAYBE", /one of D_PASS/],
  ["file", file, "", /the name of a file/],
  ["logTarget", logTarget, "x.log", /stderr, syslog/],
  ["logTarget", logTarget, "syslog:host", /stderr, syslog/],
  ["template", template, { file: "x", more: 1 }, /the text of a template/],
  ["mailbox", mailbox, "no address", /a mailbox/],
  ["upperCase", upperCase, 5, /text/],
  ["fieldCounts", fieldCounts, { From: "all" }, /0, 1 or 2/],
];

for (const [name, shape, given, value] of taken) {
  test(`${name} takes ${JSON.stringify(given)}, and what it made of it`, () => {
    assert.deepEqual(readValue(shape, given), { value });
    assert.deepEqual(readValue(shape, value), { value });
  });
}

for (const [name, shape, given, fault] of refused) {
  test(`${name} refuses ${JSON.stringify(given)}`, () => assert.match(String(readValue(shape, given)), fault));
}
