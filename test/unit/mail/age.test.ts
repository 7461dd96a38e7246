import assert from "node:assert/strict";
import { test } from "node:test";
import { formatAge } from "../../../src/mail/age.ts";

test("days, hours, minutes, seconds", () => {
  assert.equal(formatAge(((3 * 24 + 4) * 3600 + 5 * 60 + 6) * 1000 + 999), "3 04:05:06");
  assert.equal(formatAge(-5), "0 00:00:00");
});
