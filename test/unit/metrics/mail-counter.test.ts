import assert from "node:assert/strict";
import { test } from "node:test";
import { Counter, Registry } from "prom-client";
import { MailCounter } from "../../../src/metrics/mail-counter.ts";

const configuration = { name: "lookups_total", help: "x", labelNames: ["kind", "result"] as const };

function scene() {
  const registry = new Registry();
  const counter = new MailCounter({ ...configuration, registers: [registry] });
  const lines = async () => (await registry.metrics()).split("\n").filter((line) => line.startsWith("lookups_total"));
  return { counter, lines };
}

test("a series is there from the first time it counts, or at zero where that was asked for", async () => {
  const { counter, lines } = scene();
  assert.deepEqual(await lines(), []);
  counter.inc({ kind: "virus", result: "hit" }, 0);
  assert.deepEqual(await lines(), ['lookups_total{kind="virus",result="hit"} 0']);
});

test("what is counted is there at each scrape, once, in whichever way it was counted", async () => {
  const { counter, lines } = scene();
  counter.count("virus", "hit");
  counter.count("virus", "hit");
  counter.count("spam", "hit");
  assert.deepEqual(await lines(), [
    'lookups_total{kind="virus",result="hit"} 2',
    'lookups_total{kind="spam",result="hit"} 1',
  ]);
  counter.count("virus", "hit");
  counter.inc({ kind: "spam", result: "hit" });
  assert.deepEqual(await lines(), [
    'lookups_total{kind="virus",result="hit"} 3',
    'lookups_total{kind="spam",result="hit"} 2',
  ]);
});

test("series with some equal labels stay apart, and look as those of a counter without this", async () => {
  const { counter, lines } = scene();
  const registry = new Registry();
  const plain = new Counter({ ...configuration, registers: [registry] });
  for (const [kind, result] of [
    ["virus", "hit"],
    ["hit", "virus"],
    ["virus", 'a"b\n'],
    ["", "virus hit"],
    ["virus", ""],
    ["__proto__", "constructor"],
    ["virus", "hit"],
  ] as const) {
    counter.count(kind, result);
    plain.inc({ kind, result });
  }
  assert.deepEqual(
    new Set(await lines()),
    new Set((await registry.metrics()).split("\n").filter((line) => line.startsWith("lookups_total"))),
  );
});

test("a number is the same label as its digits", async () => {
  const { counter, lines } = scene();
  counter.count("minor", 0);
  counter.count("minor", "0");
  assert.deepEqual(await lines(), ['lookups_total{kind="minor",result="0"} 2']);
});
