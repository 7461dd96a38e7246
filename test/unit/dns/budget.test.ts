import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { withinBudget } from "../../../src/dns/budget.ts";
import type { Resolve } from "../../../src/rr/answer.ts";

const found: Resolve = async () => ({ status: "nodata", ttlSeconds: 1, secure: false });
const never: Resolve = () => new Promise(() => {});

test("after so many questions the answer is trouble, and nobody is asked", async () => {
  let asked = 0;
  const counting: Resolve = (name, type) => {
    asked += 1;
    return found(name, type);
  };
  const resolve = withinBudget(counting, { lookups: 2, timeMs: 10_000, lookupMs: 5000 });
  const answers = [await resolve("a", "A"), await resolve("b", "A"), await resolve("c", "A"), await resolve("d", "A")];
  assert.deepEqual(
    answers.map(({ status }) => status),
    ["nodata", "nodata", "trouble", "trouble"],
  );
  assert.equal(asked, 2);
});

test("the time runs from the first question; after it the answer is trouble at once", async () => {
  let nowMs = 1000;
  const resolve = withinBudget(found, { lookups: 9, timeMs: 100, lookupMs: 50 }, () => nowMs);
  nowMs = 5000;
  assert.equal((await resolve("a", "A")).status, "nodata");
  nowMs = 5099;
  assert.equal((await resolve("b", "A")).status, "nodata");
  nowMs = 5100;
  assert.deepEqual(await resolve("c", "A"), { status: "trouble", trouble: "timeout" });
});

test("a question asked near the end is given up at the end", async (t) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  t.after(() => mock.timers.reset());
  let nowMs = 0;
  const resolve = withinBudget(never, { lookups: 9, timeMs: 100, lookupMs: 50 }, () => nowMs);
  void resolve("a", "A");
  nowMs = 70;
  const answer = resolve("b", "A");
  mock.timers.tick(30);
  assert.deepEqual(await answer, { status: "trouble", trouble: "timeout" });
});

test("each mail has its own budget", async () => {
  const budget = { lookups: 1, timeMs: 100, lookupMs: 50 };
  const [one, other] = [withinBudget(found, budget), withinBudget(found, budget)];
  assert.equal((await one("a", "A")).status, "nodata");
  assert.equal((await other("a", "A")).status, "nodata");
});
