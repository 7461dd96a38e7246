import assert from "node:assert/strict";
import { test } from "node:test";
import type { Growth } from "../../../../bench/growth/curve.ts";
import { growthPicture, growthText } from "../../../../bench/growth/report.ts";

const about = { version: "1.2.3", commit: "abc", node: "v26", machine: "one" };
const part: Growth = {
  title: "Size of a mail",
  against: "octets",
  curves: [
    {
      label: "steep",
      unit: "CPU ms",
      bound: "linear",
      points: [
        [1, 1],
        [10, 100],
      ],
    },
    {
      label: "flat",
      unit: "CPU ms",
      bound: "constant",
      points: [
        [1, 1],
        [10, 1.1],
      ],
    },
  ],
  facts: [{ what: "delay", value: 12.34, unit: "ms" }],
  predictions: [
    { what: "near", predicted: 1.1, measured: 1, unit: "ms" },
    { what: "far", predicted: 80, measured: 100, unit: "mails/s" },
  ],
};

test("what grows by more than it may is named, and nothing else", () => {
  const lines = growthText(about, { size: part }).split("\n");
  assert.deepEqual(
    lines.filter((line) => line.includes("worse than")).map((line) => line.split("|").map((cell) => cell.trim())),
    [["", "", "10", "100", "100.00", "2.00", "worse than linear", ""]],
  );
  assert.ok(lines.some((line) => /\| delay \|\s+12\.3 \|\s+ms \|/.test(line)));
});

test("a prediction says how far off it was, and whether that is too far", () => {
  const lines = growthText(about, { size: part }).split("\n");
  assert.ok(lines.some((line) => /\| near +\|.* 10 % \|\s+\|/.test(line)));
  assert.ok(lines.some((line) => /\| far +\|.* -20 % \|\s+more than 15 % \|/.test(line)));
});

test("there is a chart for each unit, and none for a part without curves", () => {
  assert.equal(growthPicture({ size: part }).split("Size of a mail").length - 1, 1);
  assert.equal(growthPicture({ size: { ...part, curves: [] } }).split("Size of a mail").length - 1, 0);
});
