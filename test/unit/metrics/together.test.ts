import assert from "node:assert/strict";
import { test } from "node:test";
import { declareMetrics } from "../../../src/metrics/declared.ts";
import type { Family } from "../../../src/metrics/exposition.ts";
import { addEnded, together, type Way, ways } from "../../../src/metrics/together.ts";

function family(name: string, type: string, ...values: readonly (readonly [labels: object, value: number])[]): Family {
  const samples = values.map(([labels, value]) => ({ labels: Object.fromEntries(Object.entries(labels)), value }));
  return { name, help: name, type, samples };
}

const none = new Map<string, readonly Family[]>();

function sum(parent: Family, one: Family, two: Family, ended: ReadonlyMap<string, readonly Family[]> = none) {
  const living = new Map([
    ["1", [one]],
    ["2", [two]],
  ]);
  const [made] = together({ parent: [parent], living, ended });
  return made?.samples.map(({ labels, value, metricName }) => [metricName ?? "", labels, value]);
}

test("counters are added up by their labels, what ended processes had counted included", () => {
  const of = (...values: Parameters<typeof family>[2][]) => family("signpost_messages_total", "counter", ...values);
  const ended = new Map([["2", [of([{ bank: "A" }, 100])]]]);
  assert.deepEqual(sum(of(), of([{ bank: "A" }, 1], [{ bank: "B" }, 5]), of([{ bank: "A" }, 10]), ended), [
    ["", { bank: "A" }, 111],
    ["", { bank: "B" }, 5],
  ]);
});

test("buckets, sums and counts of a histogram are added up each for itself", () => {
  const of = (below: number, all: number, total: number): Family => ({
    name: "signpost_pool_run_seconds",
    help: "",
    type: "histogram",
    samples: [
      { metricName: "signpost_pool_run_seconds_bucket", labels: { le: 0.1 }, value: below },
      { metricName: "signpost_pool_run_seconds_bucket", labels: { le: "+Inf" }, value: all },
      { metricName: "signpost_pool_run_seconds_sum", labels: {}, value: total },
      { metricName: "signpost_pool_run_seconds_count", labels: {}, value: all },
    ],
  });
  assert.deepEqual(
    sum(of(0, 0, 0), of(1, 2, 0.5), of(3, 5, 1.25))?.map(([, , value]) => value),
    [4, 7, 1.75, 7],
  );
});

const gauges: readonly (readonly [Way, string, readonly unknown[]])[] = [
  ["sum", "signpost_pool_queued", [["", {}, 7]]],
  ["max", "signpost_dns_circuit_open", [["", {}, 4]]],
  ["min", "signpost_spool_free_bytes", [["", {}, 3]]],
  ["first", "nodejs_version_info", [["", {}, 3]]],
  ["parent", "signpost_config_generation", [["", {}, 9]]],
  [
    "each",
    "signpost_event_loop_delay_seconds",
    [
      ["", { process: "1" }, 3],
      ["", { process: "2" }, 4],
      ["", { process: "parent" }, 9],
    ],
  ],
];

for (const [way, name, expected] of gauges) {
  test(`a gauge told by ${way}: ${name}`, () => {
    assert.equal(ways[name], way);
    const of = (value: number) => family(name, "gauge", [{}, value]);
    assert.deepEqual(sum(of(9), of(3), of(4)), expected);
  });
}

test("every gauge of ours has its way, and no metric has one that is not there", () => {
  const declared = new Map(
    declareMetrics()
      .registry.getMetricsAsArray()
      .map((metric) => [metric.name, metric.constructor.name]),
  );
  const missing = [...declared].filter(
    ([name, kind]) => kind === "Gauge" && /^signpost_/.test(name) && !(name in ways),
  );
  assert.deepEqual(missing, []);
  assert.deepEqual(
    Object.keys(ways).filter((name) => !declared.has(name)),
    [],
  );
});

test("what a place had counted before grows with each process that ends there, and gauges are forgotten", () => {
  const told = (value: number) => [
    family("signpost_dsn_total", "counter", [{ result: "sent" }, value]),
    family("signpost_pool_busy", "gauge", [{}, value]),
  ];
  const twice = addEnded(addEnded([], told(3)), told(4));
  assert.deepEqual(twice, [family("signpost_dsn_total", "counter", [{ result: "sent" }, 7])]);
});
