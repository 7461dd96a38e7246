import assert from "node:assert/strict";
import { test } from "node:test";
import type { ScanRecord } from "../../../../src/flow/outcome/scan-record.ts";
import { scanLines } from "../../../../src/flow/outcome/scan-text.ts";

const cases: readonly (readonly [string, ScanRecord | undefined, readonly string[]])[] = [
  ["nobody looked", undefined, []],
  ["only parts, and nothing is wrong with them", { parts: 3 }, []],
  [
    "why it is unchecked",
    {
      unchecked: [
        { reason: "ambiguous", path: "1.2", detail: "two\u202e boundaries" },
        { reason: "over-limits", detail: "x" },
      ],
    },
    [
      "unchecked, ambiguous: two? boundaries (part 1.2)",
      "  Mail programs differ over what this mail holds, so no single reading of it can be called clean.",
      "  Next: Do not trust it unless you know the program that made it.",
      "unchecked, over-limits: x",
      "  The mail has more parts, levels or octets than are looked at, or took too long.",
      "  Next: MAXLEVELS, MAXFILES and MAX_EXPANSION_QUOTA are the limits.",
    ],
  ],
  [
    "virus scanners, one remembered",
    {
      virus: { answers: [{ scanner: "ClamAV", result: "infected", detail: ["A", "B"] }], failed: false, cached: true },
    },
    ["virus scan by ClamAV: infected, A, B (cached)"],
  ],
  [
    "no virus scanner",
    {
      virus: {
        answers: [{ scanner: "ClamAV", result: "failed", detail: ["connect: refused"] }],
        failed: true,
        cached: false,
      },
    },
    ["virus scan by ClamAV: failed, connect: refused", "no virus scanner answered: the mail is unchecked"],
  ],
  [
    "a score",
    { spam: { scanner: "SA, rspamd", score: 1.23456, action: "add header", cached: true } },
    ["spam scan by SA, rspamd: 1.235, add header (cached)"],
  ],
  [
    "no score",
    { spam: { scanner: "SA", failure: "SA: timeout", cached: false } },
    ["spam scan by SA: no score, SA: timeout"],
  ],
];

for (const [what, record, lines] of cases) {
  test(what, () => assert.deepEqual(scanLines(record), lines));
}
