import assert from "node:assert/strict";
import { test } from "node:test";
import { testName } from "../../../src/scanners/spam-question.ts";

test("names of tests are words that a header field and a log line can hold", () => {
  for (const name of ["BAYES_99", "R_DKIM_ALLOW", "FUZZY-1.2", "x".repeat(80)]) assert.equal(testName(name), name);
  for (const text of ["", "a b", "a,b", "a=b", "é", "a\r\nb", "x".repeat(81)]) assert.equal(testName(text), undefined);
});
