import assert from "node:assert/strict";
import { test } from "node:test";
import { Registry } from "prom-client";
import { MailCounter } from "../../../src/metrics/mail-counter.ts";

function scene() {
  const registry = new Registry();
  const counter = new MailCounter({ name: "lookups_total", help: "x", labelNames: ["kind"], registers: [registry] });
  const lines = async () => (await registry.metrics()).split("\n").filter((line) => line.startsWith("lookups_total"));
  return { counter, lines };
}

test("a series stands at zero before anything is counted", async () => {
  const { counter, lines } = scene();
  counter.series({ kind: "virus" });
  assert.deepEqual(await lines(), ['lookups_total{kind="virus"} 0']);
});

test("what is counted is there at each scrape, once, whoever asked for the series", async () => {
  const { counter, lines } = scene();
  const [virus, again, spam] = [
    counter.series({ kind: "virus" }),
    counter.series({ kind: "virus" }),
    counter.series({ kind: "spam" }),
  ];
  virus.inc();
  again.inc();
  spam.inc();
  assert.deepEqual(await lines(), ['lookups_total{kind="virus"} 2', 'lookups_total{kind="spam"} 1']);
  virus.inc();
  counter.inc({ kind: "spam" });
  assert.deepEqual(await lines(), ['lookups_total{kind="virus"} 3', 'lookups_total{kind="spam"} 2']);
});
