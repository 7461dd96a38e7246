import assert from "node:assert/strict";
import { test } from "node:test";
import { keptWords, scoreWords } from "../../../../src/flow/words/score-words.ts";
import { declareMetrics } from "../../../../src/metrics/declared.ts";
import { createObservers } from "../../../../src/metrics/observers.ts";
import { bounceStep, penPalStep } from "../../../../src/policy/scores.ts";

test("what a step calls itself has a meaning", () => {
  const steps = [
    bounceStep({ bounce_killer_score: 5 }, "<x@y>", 0),
    penPalStep({ penpals_bonus_score: 5, penpals_halflife: 1 }, "a@b", 0, 0),
  ];
  for (const { test: name } of steps) assert.match(scoreWords[name][0], /\.$/);
});

test("each label of the metric of copies has a meaning, and no other word is there", async () => {
  const declared = declareMetrics();
  createObservers(declared, []);
  const { values } = await declared.kept.get();
  assert.deepEqual(values.map(({ labels }) => labels.result).sort(), Object.keys(keptWords).sort());
});
