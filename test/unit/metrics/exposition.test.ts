import assert from "node:assert/strict";
import { test } from "node:test";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { chooseFormat, collect, printMetrics } from "../../../src/metrics/exposition.ts";

function registry(): Registry {
  const registry = new Registry();
  const registers = [registry];
  const counter = new Counter({
    name: "mails_total",
    help: 'All "mails"\nand \\',
    labelNames: ["bank"],
    registers,
  });
  counter.inc({ bank: 'a"b\\c\nd' }, 2);
  counter.inc({ bank: "(base)" }, 0);
  const histogram = new Histogram({ name: "time_seconds", help: "Time.", buckets: [0.1, 1], registers });
  for (const value of [0.05, 0.1, 0.5, 7]) histogram.observe(value);
  new Gauge({ name: "free_bytes", help: "Free.", registers }).set(Number.NaN);
  return registry;
}

test("Prometheus' text has every sample, escaped, with buckets that add up", async () => {
  assert.deepEqual((await printMetrics(await collect(registry()), "prometheus")).split("\n"), [
    '# HELP mails_total All "mails"\\nand \\\\',
    "# TYPE mails_total counter",
    'mails_total{bank="a\\"b\\\\c\\nd"} 2',
    'mails_total{bank="(base)"} 0',
    "",
    "# HELP time_seconds Time.",
    "# TYPE time_seconds histogram",
    'time_seconds_bucket{le="0.1"} 2',
    'time_seconds_bucket{le="1"} 3',
    'time_seconds_bucket{le="+Inf"} 4',
    "time_seconds_sum 7.65",
    "time_seconds_count 4",
    "",
    "# HELP free_bytes Free.",
    "# TYPE free_bytes gauge",
    "free_bytes Nan",
    "",
  ]);
});

test("OpenMetrics names the family of a counter without _total and ends with EOF, time after time", async () => {
  const same = registry();
  await printMetrics(await collect(same), "openmetrics");
  const lines = (await printMetrics(await collect(same), "openmetrics")).split("\n");
  assert.ok(lines.includes("# TYPE mails counter"));
  assert.ok(lines.includes('mails_total{bank="(base)"} 0'));
  assert.deepEqual(lines.slice(-2), ["# EOF", ""]);
  assert.ok((await printMetrics(await collect(same), "prometheus")).includes("# TYPE mails_total counter"));
});

const accepts: readonly (readonly [string | undefined, string])[] = [
  [undefined, "prometheus"],
  ["", "prometheus"],
  ["*/*", "prometheus"],
  ["text/html", "prometheus"],
  ["application/openmetrics-text", "openmetrics"],
  ["application/openmetrics-text; version=1.0.0; charset=utf-8", "openmetrics"],
  ["text/plain, application/openmetrics-text;q=0.5", "prometheus"],
  [
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
    "openmetrics",
  ],
  ["application/openmetrics-text;q=0", "prometheus"],
  ["application/openmetrics-text;q=x", "prometheus"],
];

for (const [accept, format] of accepts) {
  test(`Accept "${accept}" gets ${format}`, () => assert.equal(chooseFormat(accept), format));
}
