import assert from "node:assert/strict";
import { test } from "node:test";
import { atOnce, inSlices } from "../../../src/process/slices.ts";

function* counting(steps: number): Generator<void, number> {
  for (let step = 0; step < steps; step += 1) yield;
  return steps;
}

test("what is done at once is done when it returns", () => {
  assert.equal(atOnce(counting(1000)), 1000);
});

test("in slices others have their turn in between", async () => {
  let turns = 0;
  const turn = setInterval(() => {
    turns += 1;
  }, 1);
  /** Ends once somebody else had a turn: at once it would not. */
  function* until(): Generator<void, string> {
    while (turns < 2) yield;
    return "done";
  }
  try {
    assert.equal(await inSlices(until()), "done");
  } finally {
    clearInterval(turn);
  }
});

test("what the work throws rejects", async () => {
  function* broken(): Generator<void, void> {
    yield;
    throw new Error("no");
  }
  await assert.rejects(inSlices(broken()), /^Error: no$/);
  assert.throws(() => atOnce(broken()), /^Error: no$/);
});
