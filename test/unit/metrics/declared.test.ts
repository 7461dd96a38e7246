import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { declareMetrics } from "../../../src/metrics/declared.ts";

const root = join(import.meta.dirname, "../../..");
const docs = readFileSync(join(root, "docs/metrics.md"), "utf8");

interface Described {
  readonly type: string;
  readonly labels: readonly string[];
}

/** Name to type and labels, as the docs have it. */
function documented(): Map<string, Described> {
  const rows = docs.matchAll(/^\| `(signpost_\w+)` \| (\w+) \| ([^|]*)\|/gm);
  return new Map(
    [...rows].map(([, name = "", type = "", labels = ""]) => [
      name,
      { type, labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label = ""]) => label) },
    ]),
  );
}

async function declared(): Promise<Map<string, Described>> {
  const { registry } = declareMetrics();
  const found = new Map<string, Described>();
  const types = new Map((await registry.getMetricsAsJSON()).map(({ name, type }) => [name, String(type)]));
  for (const metric of registry.getMetricsAsArray()) {
    if (!metric.name.startsWith("signpost_")) continue;
    const labels = "labelNames" in metric && Array.isArray(metric.labelNames) ? metric.labelNames.map(String) : [];
    found.set(metric.name, { type: types.get(metric.name) ?? "", labels });
  }
  return found;
}

function sorted(metrics: Map<string, Described>) {
  return [...metrics].sort(([a], [b]) => (a < b ? -1 : 1));
}

test("docs/metrics.md has every metric with its type and labels, and no other", async () => {
  assert.deepEqual(sorted(documented()), sorted(await declared()));
});

test("names are in base units, and counters alone end in _total", async () => {
  for (const [name, { type }] of await declared()) {
    assert.equal(name.endsWith("_total"), type === "counter", name);
    assert.doesNotMatch(name, /_(ms|milliseconds|kb|percent)(_|$)/, name);
    if (/timestamp|duration|_time/.test(name)) assert.match(name, /_seconds$/, name);
  }
});
