import assert from "node:assert/strict";
import { test } from "node:test";
import type { SpamScan } from "../../../src/scanners/spam-question.ts";
import { scoreBySpamScanners } from "../../../src/scanners/spam-score.ts";
import type { ScannerTrouble } from "../../../src/scanners/trouble.ts";

const down: ScannerTrouble = { trouble: "down", detail: "not asked" };
const asked = (name: string, outcome: SpamScan | ScannerTrouble, factor = 1) => ({
  name,
  factor,
  ask: async () => outcome,
});
const assassin: SpamScan = {
  score: 0.1,
  required: 5,
  tests: [{ name: "A", score: 0.1 }, { name: "B" }],
  autolearn: "no",
};
const rspamd: SpamScan = { score: 8, required: 15, tests: [{ name: "C", score: 8 }], action: "add header" };

test("one scanner: its word as it is", async () => {
  assert.deepEqual(await scoreBySpamScanners([asked("S", assassin)]), {
    found: { score: 0.1, tests: assassin.tests, scanner: "S", autolearn: "no", cached: false },
    required: 5,
    isWhole: true,
  });
  assert.equal((await scoreBySpamScanners([asked("R", rspamd)])).found.action, "add header");
});

test("several: scores are added, each by its factor", async () => {
  const { found, required, isWhole } = await scoreBySpamScanners([asked("S", assassin), asked("R", rspamd, 0.4)]);
  assert.deepEqual([found.score, found.scanner, required, isWhole], [3.3, "S, R", 11, true]);
  assert.deepEqual(found.tests, [...assassin.tests, { name: "C", score: 3.2 }]);
});

test("one that does not answer is left out and named, and the sum is not whole", async () => {
  const { found, isWhole } = await scoreBySpamScanners([asked("S", assassin), asked("R", down)]);
  assert.deepEqual([found.score, found.scanner, found.failure, isWhole], [0.1, "S", undefined, false]);
  assert.deepEqual(found.unanswered, [{ scanner: "R", result: "failed", detail: ["down: not asked"] }]);
});

test("no answer: no score, and why", async () => {
  assert.deepEqual(await scoreBySpamScanners([asked("S", down)]), {
    found: { tests: [], scanner: "S", failure: "down: not asked", cached: false },
    isWhole: false,
  });
  const { found } = await scoreBySpamScanners([asked("S", down), asked("R", down)]);
  assert.equal(found.failure, "S: down: not asked; R: down: not asked");
  assert.equal((await scoreBySpamScanners([])).found.failure, "no spam scanner is configured");
});
