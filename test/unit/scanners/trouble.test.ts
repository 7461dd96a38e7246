import assert from "node:assert/strict";
import { test } from "node:test";
import { troubleText } from "../../../src/scanners/trouble.ts";

test("says the word and what happened", () => {
  assert.equal(troubleText({ trouble: "timeout", detail: "no answer within 30 s" }), "timeout: no answer within 30 s");
});
