import assert from "node:assert/strict";
import { test } from "node:test";
import { Histogram } from "prom-client";
import { MailHistogram } from "../../../src/metrics/mail-histogram.ts";

const configuration = { name: "time_seconds", help: "Time.", buckets: [0.1, 1], labelNames: ["stage"], registers: [] };
const observed: readonly (readonly [stage: string, value: number])[] = [
  ["check", 0.1],
  ["sign", 0.5],
  ["check", 0],
  ["sign", 1.0001],
  ["sign", 70],
];

test("what was observed by series is what prom-client's own histogram says of the same values", async () => {
  const own = new MailHistogram(configuration);
  const theirs = new Histogram(configuration);
  for (const stage of ["check", "sign", "relay"]) {
    own.series({ stage });
    theirs.zero({ stage });
  }
  for (const [stage, value] of observed) {
    own.series({ stage }).observe(value);
    theirs.observe({ stage }, value);
  }
  const plain = ({ values }: Awaited<ReturnType<typeof theirs.get>>) =>
    values.map(({ metricName, labels, value }) => ({ metricName, labels, value }));
  assert.deepEqual(plain(await own.get()), plain(await theirs.get()));
});

test("without labels there is one series, at zero from the beginning", async () => {
  const own = new MailHistogram({ ...configuration, labelNames: [] });
  const { values } = await own.get();
  assert.deepEqual(
    values.map(({ value }) => value),
    [0, 0, 0, 0, 0],
  );
});
