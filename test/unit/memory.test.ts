import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { runInNewContext } from "node:vm";
import { settleMemory } from "../../src/memory.ts";

test("what starting left behind is collected at once, and nobody else is handed the collector", async () => {
  const left = new WeakRef({ text: "nobody holds it" });
  // A reference that was just made, or asked, holds it until the turn ends.
  await turn();
  settleMemory();
  assert.equal(left.deref(), undefined);
  assert.equal(runInNewContext("typeof gc"), "undefined");
});
