import assert from "node:assert/strict";
import { test } from "node:test";
import { neighbours, tooSteep } from "../../../../bench/growth/curve.ts";
import { fitLine, misfit, modelOf, needOf } from "../../../../bench/growth/model.ts";
import { guideStart, spread, ticks } from "../../../../bench/line-chart.ts";

test("neighbours tell the power by which a curve grows", () => {
  const rows = [
    { points: [[1, 2] as const, [10, 20] as const], ratio: 10, power: 1 },
    { points: [[1, 2] as const, [10, 2] as const], ratio: 1, power: 0 },
    { points: [[10, 1] as const, [100, 100] as const], ratio: 100, power: 2 },
  ];
  for (const { points, ratio, power } of rows) {
    const [only, ...others] = neighbours({ points });
    assert.deepEqual(others, []);
    assert.ok(Math.abs((only?.ratio ?? 0) - ratio) < 1e-9);
    assert.ok(Math.abs((only?.power ?? 9) - power) < 1e-9);
  }
});

test("a curve is too steep where it grows by more than it may, and only there", () => {
  const points = [
    [1, 1],
    [10, 10],
    [100, 1000],
  ] as const;
  const found = (bound: "linear" | "constant") =>
    tooSteep({ label: "", unit: "ms", bound, points }).map(({ from, to }) => [from, to]);
  assert.deepEqual(found("linear"), [[10, 100]]);
  assert.deepEqual(found("constant"), [
    [1, 10],
    [10, 100],
  ]);
});

test("a fitted line finds what made the points again", () => {
  const points = [1, 10, 100, 1000, 50_000].map((x) => [x, 0.4 + 0.003 * x] as const);
  const line = fitLine(points);
  assert.ok(Math.abs(line.base - 0.4) < 1e-9 && Math.abs(line.slope - 0.003) < 1e-12);
  assert.ok(misfit(line, points) < 1e-9);
});

test("a fitted line minds small values as much as large ones", () => {
  // Absolute errors alone would let the last point decide, and give the first a multiple of what it is.
  const points = [
    [1, 1],
    [10, 1],
    [1000, 40],
    [10_000, 200],
  ] as const;
  assert.ok(misfit(fitLine(points), points) < 1);
});

test("a fitted line has no negative part", () => {
  assert.deepEqual(
    fitLine([
      [1, 4],
      [2, 2],
      [4, 1],
    ]).slope,
    0,
  );
  assert.equal(
    fitLine([
      [1, 1],
      [2, 4],
      [3, 9],
    ]).base,
    0,
  );
});

test("a site needs what its shares of the work cost", () => {
  const cost = (base: number, slope: number) => ({ process: { base, slope }, main: { base: base / 2, slope: 0 } });
  const model = { pass: cost(0.2, 0.001), sign: cost(1, 0.002), verify: cost(0.5, 0.002) };
  const need = needOf(model, { mailsPerSecond: 100, kB: 100, signed: 0.5, verified: 0.3 });
  assert.ok(Math.abs(need.process - (0.5 * 1.2 + 0.3 * 0.7 + 0.2 * 0.3) / 10) < 1e-12);
  assert.ok(Math.abs(need.main - (0.5 * 0.5 + 0.3 * 0.25 + 0.2 * 0.1) / 10) < 1e-12);
});

test("there is no model without all of its curves", () => {
  assert.equal(modelOf({ title: "", against: "", curves: [], facts: [] }), undefined);
});

test("ticks enclose the values with round numbers", () => {
  const rows = [
    { values: [1, 1000], ticks: [1, 10, 100, 1000] },
    { values: [0.42, 0.55], ticks: [0.2, 0.5, 1] },
    { values: [3, 70], ticks: [2, 5, 10, 20, 50, 100] },
    { values: [5, 5], ticks: [5, 10] },
    { values: [0.3, 90], ticks: [0.1, 1, 10, 100] },
  ];
  for (const row of rows) assert.deepEqual(ticks(row.values), row.ticks);
});

test("labels stay near their lines and out of each other's way", () => {
  const rows = [
    { wanted: [10, 50, 90], placed: [10, 50, 90] },
    { wanted: [50, 10, 52], placed: [50, 10, 65] },
    { wanted: [99, 98], placed: [100, 85] },
    { wanted: [0, 0, 0], placed: [5, 20, 35] },
  ];
  for (const { wanted, placed } of rows) assert.deepEqual(spread(wanted, 15, [5, 100]), placed);
});

test("a guide has a slope of one and begins at the edge of the chart", () => {
  assert.deepEqual(guideStart([1000, 20], [1, 0.5]), [25, 0.5]);
  assert.deepEqual(guideStart([1000, 20_000], [10, 0.5]), [10, 200]);
});
