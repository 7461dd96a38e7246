import assert from "node:assert/strict";
import { test } from "node:test";
import { isUnfinished, releaseMarkOf, unfinishedName } from "../../../src/mail/quarantine-names.ts";

test("what is no copy begins with a dot, beside the copy", () => {
  assert.equal(releaseMarkOf("t/virus-t1.gz"), "t/.virus-t1.gz.released");
  assert.equal(releaseMarkOf("virus-t1"), ".virus-t1.released");
  assert.equal(unfinishedName("t1", 3), ".new-t1-3");
  assert.ok(isUnfinished(unfinishedName("t1", 3)));
  assert.ok(!isUnfinished(".virus-t1.released"));
});
