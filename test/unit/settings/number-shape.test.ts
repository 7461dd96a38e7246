import assert from "node:assert/strict";
import { test } from "node:test";
import { duration, integer, mode, number, size, sizeUpTo } from "../../../src/settings/number-shape.ts";
import type { Shape } from "../../../src/settings/shape.ts";
import { readValue } from "./read-value.ts";

const taken: readonly (readonly [string, Shape<number>, unknown, number])[] = [
  ["number", number(), "6.31", 6.31],
  ["number", number(), "1e3", 1000],
  ["number", number(), "0x1F", 31],
  ["number", number(0, 1), 1, 1],
  ["integer", integer(1, 9), "9", 9],
  ["duration", duration, 90, 90],
  ["duration", duration, "1.5h", 5400],
  ["duration", duration, "21d", 1_814_400],
  ["size", size, "256k", 262_144],
  ["size", size, "1.5M", 1_572_864],
  ["sizeUpTo", sizeUpTo(1024, "1k"), "1k", 1024],
  ["mode", mode, "0660", 0o660],
  ["mode", mode, "0o660", 0o660],
  ["mode", mode, 0o600, 0o600],
];
const refused: readonly (readonly [string, Shape<number>, unknown, RegExp])[] = [
  ["number", number(), "six", /expected a number, found "six"/],
  ["number", number(0, 1), 1.5, /from 0 to 1/],
  ["number", number(), Number.POSITIVE_INFINITY, /expected a number/],
  ["number", number(), "9".repeat(50), /expected a number/],
  ["integer", integer(1, 9), 2.5, /a whole number from 1 to 9/],
  ["integer", integer(1), 0, /a whole number of 1 or more/],
  ["duration", duration, "21y", /a duration/],
  ["duration", duration, -1, /a duration/],
  ["size", size, "64MB", /a size/],
  ["sizeUpTo", sizeUpTo(1024, "1k"), "2k", /at most 1k/],
  ["mode", mode, "0999", /file permissions/],
  ["mode", mode, 0o1777, /file permissions/],
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
