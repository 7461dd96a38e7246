import assert from "node:assert/strict";
import { test } from "node:test";
import { explainOutcome } from "../../../../src/flow/outcome/explain.ts";
import { explanationLines } from "../../../../src/flow/outcome/explain-text.ts";
import { noSurroundings } from "../../../../src/flow/outcome/surroundings.ts";
import type { ContentFound } from "../../../../src/policy/decision.ts";
import { outcomeWith, recipient } from "../../../support/outcomes.ts";
import { setUp } from "../../policy/setup.ts";

const { base } = setUp({ base: { score_sender_maps: [{ ".": [{ "alice@example.com": -3 }] }] } });

function scoreLines(content?: ContentFound): readonly string[] {
  const outcome = outcomeWith({
    recipients: [recipient("bob@example.com", undefined, content === undefined ? {} : { content })],
    evidence: { bank: base, from: [], candidates: [] },
  });
  const lines = explanationLines(explainOutcome(outcome), { surroundings: noSurroundings });
  return lines.slice(lines.findIndex((line) => line.startsWith("spam score")));
}

test("what lists did is explained from the score that was found", () => {
  const score = { score: 2.5, tests: ["BAYES_99=5.5", "AM.WBL=-3"], isTagged: true };
  const content = { all: [], viruses: [], headerFaults: [], score };
  const [first, step] = scoreLines(content);
  assert.equal(first, "spam score for bob@example.com, 5.5 before lists and reputation, 2.5 after:");
  assert.match(step ?? "", /^ {2}AM\.WBL=-3 \(alice@example\.com: -3 by /);
});

test("where there was no score, it is said what lists would do", () => {
  assert.equal(scoreLines()[0], "spam score for bob@example.com, if there were one:");
});
