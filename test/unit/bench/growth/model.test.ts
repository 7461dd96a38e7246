import assert from "node:assert/strict";
import { test } from "node:test";
import { type Growth, neighbours, offBy, tooSteep } from "../../../../bench/growth/curve.ts";
import type { Work } from "../../../../bench/growth/mail.ts";
import {
  between,
  costOf,
  type Model,
  machinesFor,
  madeFrom,
  modelOf,
  mostPerSecond,
  names,
  needOf,
  predictionsOf,
  slopeOf,
} from "../../../../bench/growth/model.ts";
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

test("a step that is known is no finding, what is steep on either side of it is", () => {
  const points = [
    [1, 1],
    [10, 1000],
    [20, 8000],
  ] as const;
  const found = (step: number) =>
    tooSteep({ label: "", unit: "ms", bound: "linear", steps: [step], points }).map(({ from, to }) => [from, to]);
  assert.deepEqual(found(5), [[10, 20]]);
  assert.deepEqual(found(12), [[1, 10]]);
  assert.deepEqual(found(30), [
    [1, 10],
    [10, 20],
  ]);
});

test("between two sizes a cost lies on the straight line from one to the other, beyond the last it goes on", () => {
  const points = [
    [1000, 0.2],
    [11_000, 1.2],
    [21_000, 4.2],
  ] as const;
  const rows = [
    [1000, 0.2],
    [6000, 0.7],
    [11_000, 1.2],
    [16_000, 2.7],
    [31_000, 7.2],
    [0, 0.1],
  ] as const;
  for (const [x, y] of rows) assert.ok(Math.abs(between(points, x) - y) < 1e-9, `${x}: ${between(points, x)}`);
});

test("before the first size a cost does not fall below nothing, and a single one holds everywhere", () => {
  const steep = [
    [10, 1],
    [20, 11],
  ] as const;
  assert.equal(between(steep, 1), 0);
  assert.equal(between([[10, 1]], 500), 1);
  assert.ok(Number.isNaN(between([], 1)));
});

test("a slope finds what made the points, minds small values as much as large ones, and is never negative", () => {
  const line = [1, 2, 10, 1000].map((x) => [x, 0.4 + 0.003 * x] as const);
  assert.ok(Math.abs(slopeOf(line) - 0.003) < 1e-12);
  // Absolute errors alone would make of this nearly the slope of the last two points, 0.16.
  const steps = [
    [1, 1],
    [10, 1],
    [1000, 40],
    [10_000, 1500],
  ] as const;
  assert.ok(slopeOf(steps) < 0.1);
  const falling = [
    [1, 4],
    [2, 2],
  ] as const;
  assert.equal(slopeOf(falling), 0);
  assert.equal(slopeOf([[1, 4]]), 0);
});

/** A cost at 0 and at 100 kB; half of it is the main thread's. */
function bySize(at0: number, at100k: number) {
  const points = (part: number) =>
    [
      [0, part * at0],
      [100_000, part * at100k],
    ] as const;
  return { process: points(1), main: points(0.5) };
}

const model: Model = {
  bySize: {
    pass: bySize(0.2, 0.3),
    sign: bySize(1, 1.2),
    verify: bySize(0.5, 0.7),
  },
  scans: { nothing: bySize(0.2, 0.4), walk: bySize(0.3, 0.6), "clamd and spamd": bySize(1, 2.4) },
  further: {
    verified: { process: 0.1, main: 0.01 },
    made: { process: 0.4, main: 0.02 },
    recipient: { process: 0.01, main: 0.005 },
    connection: { process: 0.3, main: 0.2 },
  },
  inUse: { sign: 0.9, verify: 0.6 },
};

const near = (found: number, wanted: number) => assert.ok(Math.abs(found - wanted) < 1e-9, `${found}, not ${wanted}`);

test("a mail costs what its size does and what it has more of than one", () => {
  const rows = [
    [{ work: "pass", octets: 50_000 }, 0.25, 0.125],
    [{ work: "verify", octets: 50_000, signatures: 3 }, 0.8, 0.32],
    [{ work: "sign", octets: 0, signatures: 2, recipients: 11 }, 1.5, 0.57],
    [{ work: "pass", octets: 0, signatures: 3 }, 0.2, 0.1],
    // What is looked into costs what it did above the same mail that was not.
    [{ work: "pass", octets: 50_000, scan: "walk" }, 0.25 + 0.15, 0.125 + 0.075],
    [{ work: "verify", octets: 100_000, scan: "clamd and spamd", signatures: 2 }, 0.7 + 2 + 0.1, 0.35 + 1 + 0.01],
    [{ work: "pass", octets: 0, mailsPerConnection: 2 }, 0.35, 0.2],
  ] as const;
  for (const [mail, process, main] of rows) {
    near(costOf(model, mail).process, process);
    near(costOf(model, mail).main, main);
  }
});

test("a site needs what its shares of the work cost", () => {
  const need = needOf(model, 100, [
    { mail: { work: "sign", octets: 100_000 }, share: 0.5 },
    { mail: { work: "verify", octets: 100_000 }, share: 0.3 },
    { mail: { work: "pass", octets: 100_000 }, share: 0.2 },
  ]);
  near(need.process, (0.5 * 1.2 + 0.3 * 0.7 + 0.2 * 0.3) / 10);
  near(need.main, need.process / 2);
});

test("mails a second are as many as the cores can do, or the main threads", () => {
  const kinds = [{ mail: { work: "sign", octets: 0 }, share: 1 }] as const;
  const rows = [
    // 90 % of two cores, 1 ms of the filter's and 0.2 of others.
    [{ cores: 2, processes: 1, otherMs: 0.2, slower: 1 }, 1500],
    // The filter takes twice as long there, the others' CPU is as it was measured.
    [{ cores: 2, processes: 1, otherMs: 0.2, slower: 2 }, 1800 / 2.2],
    [{ cores: 16, processes: 1, otherMs: 0, slower: 1 }, 2000],
    [{ cores: 16, processes: 4, otherMs: 0, slower: 1 }, 8000],
  ] as const;
  for (const [machine, wanted] of rows) near(mostPerSecond(model, kinds, machine), wanted);
});

test("of the cores a mix can have what each kind has, by what it costs", () => {
  const machine = { cores: 2, processes: 1, otherMs: 0, slower: 1 };
  const perSecond = (...kinds: readonly (readonly [Work, number])[]) =>
    mostPerSecond(
      model,
      kinds.map(([work, share]) => ({ mail: { work, octets: 0 }, share })),
      machine,
    );
  near(perSecond(["verify", 1]), (0.6 * 2000) / 0.5);
  // Passing on keeps the main thread busy, as verifying does.
  near(perSecond(["pass", 1]), (0.6 * 2000) / 0.2);
  // Half of the mails and two thirds of the CPU time are signing.
  near(perSecond(["sign", 0.5], ["verify", 0.5]), (0.8 * 2000) / 0.75);
});

test("a check is told what the model says of it: a mail's CPU, or the mails a second of a mix", () => {
  const mail = { work: "verify", octets: 50_000, signatures: 3 } as const;
  const kinds = [{ mail, share: 1 }];
  const machine = { cores: 2, processes: 1, otherMs: 0.1, slower: 1.2 };
  const found = predictionsOf(model, [
    { what: "three", measured: 7, mail },
    { what: "full", measured: 8, kinds, machine },
  ]);
  assert.deepEqual(found, [
    { what: "three", predicted: costOf(model, mail).process, measured: 7, unit: "CPU ms" },
    { what: "full", predicted: mostPerSecond(model, kinds, machine), measured: 8, unit: "mails/s" },
  ]);
});

test("machines are as many as do the work at 70 %, and one more", () => {
  const rows = [
    [{ process: 11, main: 1 }, 2],
    [{ process: 12, main: 1 }, 3],
    [{ process: 12, main: 12 }, 6],
  ] as const;
  for (const [need, wanted] of rows) assert.equal(machinesFor(need, { cores: 16, listeners: 4 }), wanted);
});

function growth(labels: readonly string[], facts: readonly string[] = []): Growth {
  return {
    title: "",
    against: "",
    curves: labels.map((label, index) => ({
      label,
      unit: "CPU ms",
      bound: "linear",
      points: [
        [1, 1 + index],
        [2, 2 + 2 * index],
      ],
    })),
    facts: facts.map((what, index) => ({ what, value: 10 + index, unit: "" })),
  };
}

const parts: Readonly<Record<(typeof madeFrom)[number], Growth>> = {
  size: growth([
    ...["pass", "sign", "verify"].flatMap((work) => [`${work}: process`, `${work}: main thread`]),
    names.signMain,
  ]),
  scanning: growth(
    ["nothing", "walk", "clamd and spamd"].flatMap((work) => [`${work}: process`, `${work}: main thread`]),
  ),
  signatures: growth(["verify", "sign"].flatMap((work) => [`${work}: process`, `${work}: main thread`])),
  recipients: growth(["process", "main thread"]),
  connections: growth([], [names.connectionProcess, names.connectionMain]),
  cores: growth([], [names.inUse("RSA-2048"), names.inUse("verify")]),
};

test("a model is made of the parts that were measured", () => {
  const made = modelOf(parts);
  assert.ok(made !== undefined);
  // What the main thread does for a signature when others make it.
  assert.deepEqual(made.bySize.sign.main[0], [1, 7]);
  assert.deepEqual(made.bySize.sign.process[0], [1, 3]);
  assert.deepEqual(made.inUse, { sign: 0.1, verify: 0.11 });
  assert.deepEqual(made.further.connection, { process: 10, main: 11 });
  near(made.further.made.process, 3);
});

test("there is no model without all of its parts, and none of parts that lack what it needs", () => {
  for (const name of madeFrom) {
    const { [name]: _, ...others } = parts;
    assert.equal(modelOf(others), undefined, name);
    if (name === "cores" || name === "connections") continue;
    assert.throws(() => modelOf({ ...parts, [name]: growth([]) }), /has no curve/);
  }
  assert.throws(() => modelOf({ ...parts, cores: growth([]) }), /has no fact/);
});

test("a prediction is off by a part of what came, above 0 where it was too high", () => {
  near(offBy(1.1, 1), 0.1);
  near(offBy(80, 100), -0.2);
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
