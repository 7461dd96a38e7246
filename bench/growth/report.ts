// The measurements of growth as text and as a picture.

import { type LineChart, page } from "../line-chart.ts";
import { referenceRsaMs } from "../load/bare.ts";
import { type About, table } from "../table.ts";
import { type Growth, neighbours, offBy, tooSteep } from "./curve.ts";
import { type Cost, costOf, type Kind, type Model, modelOf, needOf, works } from "./model.ts";

export type Parts = Readonly<Record<string, Growth>>;

/** The site of docs/scaling.md. */
const example: { readonly mailsPerSecond: number; readonly kinds: readonly Kind[] } = {
  mailsPerSecond: 200,
  kinds: [
    { mail: { work: "sign", octets: 50_000 }, share: 0.3 },
    { mail: { work: "verify", octets: 50_000 }, share: 0.7 },
  ],
};

export function growthText(about: About, parts: Parts): string {
  const model = modelOf(parts);
  return [
    `# How cost grows: signpost ${about["version"]}`,
    Object.entries(about)
      .map(([name, value]) => `${name} ${value}`)
      .join(", "),
    `CPU of the whole process and of its main thread, as a machine would use it that makes a bare RSA-2048 signature in ${referenceRsaMs} ms; of the cores as it was.`,
    "`power` is that of x by which y grows from the point before: 0 is constant, 1 linear.",
    ...Object.values(parts).flatMap(partText),
    ...(model === undefined ? [] : modelText(model)),
    "",
  ].join("\n\n");
}

/** What a prediction may be off by. */
const allowedOff = 0.15;

function partText({ title, against, curves, facts, predictions = [] }: Growth): readonly string[] {
  const rows = curves.flatMap((curve) => {
    const before = neighbours(curve);
    return curve.points.map(([x, y], index) => {
      const step = before[index - 1];
      return [
        index === 0 ? `${curve.label} (${curve.unit})` : "",
        String(x),
        digits(y),
        step === undefined ? "" : step.ratio.toFixed(2),
        step === undefined ? "" : step.power.toFixed(2),
        step !== undefined && tooSteep(curve).includes(step) ? `worse than ${curve.bound}` : "",
      ];
    });
  });
  return [
    `## ${title}`,
    ...(rows.length === 0 ? [] : [table(["curve", against, "y", "x the one before", "power", "finding"], rows)]),
    ...(facts.length === 0
      ? []
      : [
          table(
            ["what", "value", "unit"],
            facts.map(({ what, value, unit }) => [what, digits(value), unit]),
          ),
        ]),
    ...(predictions.length === 0
      ? []
      : [
          table(
            ["mail", "predicted", "measured", "unit", "off by", "finding"],
            predictions.map(({ what, predicted, measured, unit }) => {
              const off = offBy(predicted, measured);
              const finding = Math.abs(off) > allowedOff ? `more than ${100 * allowedOff} %` : "";
              return [what, digits(predicted), digits(measured), unit, `${(100 * off).toFixed(0)} %`, finding];
            }),
          ),
        ]),
  ];
}

function modelText(model: Model): readonly string[] {
  const octets = [...new Set(works.flatMap((work) => model.bySize[work].process.map(([x]) => roundSize(x))))].toSorted(
    (a, b) => a - b,
  );
  const cell = (work: (typeof works)[number], at: number) => {
    const { process, main } = costOf(model, { work, octets: at });
    return `${digits(process)} (${digits(main)})`;
  };
  const further = (what: string, { process, main }: Cost) => [what, process.toFixed(3), main.toFixed(3)];
  const { verified, made, recipient, connection } = model.further;
  const need = needOf(model, example.mailsPerSecond, example.kinds);
  return [
    "## The model: CPU ms of a mail, of them the main thread's",
    "Straight lines between neighbours. `sign` has of the main thread what it alone can do.",
    table(
      ["octets", ...works],
      octets.map((at) => [String(at), ...works.map((work) => cell(work, at))]),
    ),
    table(
      ["for each", "process", "main thread"],
      [
        further("further signature that is verified", verified),
        further("further signature that is made", made),
        further("further recipient", recipient),
        further("connection", connection),
      ],
    ),
    `At full load ${(100 * model.inUse).toFixed(0)} % of the cores are in use.`,
    `${example.mailsPerSecond} mails/s of 50 kB, 30 % signed, 70 % verified: ${need.process.toFixed(2)} cores busy, ${need.main.toFixed(2)} of them the main thread's.`,
  ];
}

/** Mails with an attachment are of no round size: the first two digits are enough for a table. */
function roundSize(octets: number): number {
  const unit = 10 ** Math.floor(Math.log10(octets));
  return Math.round(octets / unit) * unit;
}

export function growthPicture(parts: Parts): string {
  return page(Object.values(parts).flatMap(chartsOf));
}

/** A chart for each unit. */
function chartsOf({ title, against, curves }: Growth): readonly LineChart[] {
  const units = [...new Set(curves.map(({ unit }) => unit))];
  return units.map((unit) => ({
    title,
    x: against,
    y: unit,
    guide: curves.some((curve) => curve.unit === unit && curve.bound === "linear")
      ? ("linear" as const)
      : ("none" as const),
    lines: curves
      .filter((curve) => curve.unit === unit)
      .map(({ label, points }) => {
        const group = label.split(":")[0];
        return group === undefined ? { label, points } : { label, group, points };
      }),
  }));
}

function digits(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(3);
}
