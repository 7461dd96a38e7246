import assert from "node:assert/strict";
import { test } from "node:test";
import { noObjection } from "../../../src/policy/objection.ts";

test("who has no objection objects to nobody", () => {
  assert.equal(noObjection("a@b.example"), undefined);
});
