import assert from "node:assert/strict";
import { test } from "node:test";
import type { CostBySize, Model } from "../../../../bench/growth/model.ts";
import { modelTexts } from "../../../../bench/growth/model-text.ts";

/** As much at each size; half of it is the main thread's. */
function always(ms: number): CostBySize {
  const points = (y: number) =>
    [
      [1000, y],
      [100_000, y],
    ] as const;
  return { process: points(ms), main: points(ms / 2) };
}

const model: Model = {
  bySize: { pass: always(0.1), sign: always(0.6), verify: always(0.3) },
  scans: { nothing: always(0.1), walk: always(0.3), "clamd and spamd": always(1.1) },
  further: {
    verified: { process: 0.07, main: 0.01 },
    made: { process: 0.28, main: 0.02 },
    recipient: { process: 0.01, main: 0.005 },
    connection: { process: 0.3, main: 0.2 },
  },
  inUse: { sign: 0.92, verify: 0.8 },
};

const rowsOf = (text: string) =>
  text
    .split("\n")
    .filter((line) => line.startsWith("|"))
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );

test("costs are told by size, and what looking into a mail adds to them", () => {
  const [head, , first, ...others] = rowsOf(modelTexts(model, []).costs);
  const columns = ["size", "pass", "main", "sign", "main", "verify", "main", "+ walk", "main", "+ clamd and spamd"];
  assert.deepEqual(head, [...columns, "main"]);
  const costs = ["0.100", "0.050", "0.600", "0.300", "0.300", "0.150", "0.200", "0.100", "1.000", "0.500"];
  assert.deepEqual(first, ["1 kB", ...costs]);
  assert.deepEqual(others, [["100 kB", ...costs]]);
  // Scanned mail was not measured at that size, and nobody knows.
  const scans = { ...model.scans, walk: { process: [[1000, 1] as const], main: [[1000, 1] as const] } };
  assert.deepEqual(rowsOf(modelTexts({ ...model, scans }, []).costs)[3]?.slice(7, 10), ["", "", "1.000"]);
});

test("what is further costs as much each time, and so much of the cores is in use", () => {
  const { further } = modelTexts(model, []);
  assert.deepEqual(rowsOf(further)[3], ["further signature that is made", "0.280", "0.020"]);
  assert.match(further, /Of all cores 92 % .* to sign .*, 80 % .* to verify/);
});

test("the example is worked out with the figures that it shows", () => {
  const lines = modelTexts(model, [])
    .example.split("\n")
    .map((line) => line.trim().replaceAll(/ +/g, " "));
  assert.deepEqual(lines, [
    "process main thread",
    "signed 60/s x 0.60 ms = 36 ms 60/s x 0.30 ms = 18 ms",
    "verified 140/s x 0.30 ms = 42 ms 140/s x 0.15 ms = 21 ms",
    "each second 78 ms 39 ms",
  ]);
});

test("a large site is told in cores, main threads and machines", () => {
  const rows = rowsOf(modelTexts(model, []).site).slice(2);
  // 0.3 x 0.6 + 0.7 x 0.3 ms, ten thousand times; of 16 cores and 6 main threads 70 %, and one machine more.
  assert.deepEqual(rows[0], ["10 kB", "3.9", "1.9", "2"]);
  assert.deepEqual(rows[3], ["50 kB, clamd and spamd", "13.9", "6.9", "3"]);
});
