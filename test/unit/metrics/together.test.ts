import assert from "node:assert/strict";
import { test } from "node:test";
import { declareMetrics } from "../../../src/metrics/declared.ts";
import { collect, type Family, printMetrics } from "../../../src/metrics/exposition.ts";
import { addEnded, together } from "../../../src/metrics/together.ts";

function family(name: string, type: string, ...values: readonly (readonly [labels: object, value: number])[]): Family {
  return {
    name,
    help: name,
    type,
    aggregator: "sum",
    values: values.map(([labels, value]) => ({ labels: Object.fromEntries(Object.entries(labels)), value })),
  };
}

const none = new Map<string, readonly Family[]>();

async function sum(parent: Family, one: Family, two: Family, ended: ReadonlyMap<string, readonly Family[]> = none) {
  const living = new Map([
    ["1", [one]],
    ["2", [two]],
  ]);
  const [made] = await together({ parent: [parent], living, ended });
  return made?.values.map(({ labels, value, metricName }) => [metricName ?? "", labels, value]);
}

test("counters are added up by their labels, what ended processes had counted included", async () => {
  const of = (...values: Parameters<typeof family>[2][]) => family("signpost_messages_total", "counter", ...values);
  const ended = new Map([["2", [of([{ bank: "A" }, 100])]]]);
  assert.deepEqual(await sum(of(), of([{ bank: "A" }, 1], [{ bank: "B" }, 5]), of([{ bank: "A" }, 10]), ended), [
    ["", { bank: "A" }, 111],
    ["", { bank: "B" }, 5],
  ]);
});

test("buckets, sums and counts of a histogram are added up each for itself", async () => {
  const of = (below: number, all: number, total: number): Family => ({
    name: "signpost_pool_run_seconds",
    help: "",
    type: "histogram",
    aggregator: "sum",
    values: [
      { metricName: "signpost_pool_run_seconds_bucket", labels: { le: 0.1 }, value: below },
      { metricName: "signpost_pool_run_seconds_bucket", labels: { le: "+Inf" }, value: all },
      { metricName: "signpost_pool_run_seconds_sum", labels: {}, value: total },
      { metricName: "signpost_pool_run_seconds_count", labels: {}, value: all },
    ],
  });
  assert.deepEqual(
    (await sum(of(0, 0, 0), of(1, 2, 0.5), of(3, 5, 1.25)))?.map(([, , value]) => value),
    [4, 7, 1.75, 7],
  );
});

test("a gauge is put together by its aggregator, and what only the supervising process knows is its value", async () => {
  const told = { parent: declareMetrics(), one: declareMetrics(), two: declareMetrics() };
  for (const [declared, value] of [
    [told.parent, 9],
    [told.one, 3],
    [told.two, 4],
  ] as const) {
    declared.poolQueued.set(value);
    declared.dnsCircuitOpen.set(value);
    declared.spoolFree.set(value);
    declared.generation.set(value);
    declared.reloads.inc({ result: "success" }, value);
    declared.eventLoopDelay.set({ percentile: 50 }, value);
  }
  const [parent, one, two] = await Promise.all(
    Object.values(told).map(({ registry }) => collect(registry, (name) => name.startsWith("signpost_"))),
  );
  assert.ok(parent !== undefined && one !== undefined && two !== undefined);
  const living = new Map([
    ["1", one],
    ["2", two],
  ]);
  const page = await printMetrics(await together({ parent, living, ended: none }), "prometheus");
  assert.match(page, /^signpost_pool_queued 7$/m);
  assert.match(page, /^signpost_dns_circuit_open 4$/m);
  assert.match(page, /^signpost_spool_free_bytes 3$/m);
  assert.match(page, /^signpost_config_generation 9$/m);
  assert.match(page, /^signpost_config_reloads_total\{result="success"\} 9$/m);
  assert.deepEqual(page.match(/^signpost_event_loop_delay_seconds.*$/gm), [
    'signpost_event_loop_delay_seconds{process="parent",percentile="50"} 9',
    'signpost_event_loop_delay_seconds{process="1",percentile="50"} 3',
    'signpost_event_loop_delay_seconds{process="2",percentile="50"} 4',
  ]);
});

test("what Node says of a process is said of each, its version once", async () => {
  const version = family("nodejs_version_info", "gauge", [{ version: "v1" }, 1]);
  const heap = (value: number) => family("nodejs_heap_size_used_bytes", "gauge", [{}, value]);
  const first = { ...version, aggregator: "first" as const };
  assert.deepEqual(await sum(first, first, first), [["", { version: "v1" }, 1]]);
  assert.deepEqual(await sum(heap(9), heap(3), heap(4)), [
    ["", { process: "parent" }, 9],
    ["", { process: "1" }, 3],
    ["", { process: "2" }, 4],
  ]);
});

test("what a place had counted before grows with each process that ends there, and gauges are forgotten", async () => {
  const told = (value: number) => [
    family("signpost_dsn_total", "counter", [{ result: "sent" }, value]),
    family("signpost_pool_busy", "gauge", [{}, value]),
  ];
  const twice = await addEnded(await addEnded([], told(3)), told(4));
  assert.deepEqual(twice, [family("signpost_dsn_total", "counter", [{ result: "sent" }, 7])]);
});
