// The measurements of growth as text and as a picture.

import { type LineChart, page } from "../line-chart.ts";
import { referenceRsaMs } from "../load/bare.ts";
import { type About, table } from "../table.ts";
import { type Curve, type Growth, isStep, type Neighbours, neighbours, tooSteep } from "./curve.ts";
import { type Model, modelOf } from "./model.ts";
import { digits, modelTexts, predictionTable } from "./model-text.ts";

export type Parts = Readonly<Record<string, Growth>>;

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

function findingOf(curve: Curve, step: Neighbours | undefined): string {
  if (step === undefined) return "";
  if (isStep(curve, step)) return "a step";
  return tooSteep(curve).some(({ to }) => to === step.to) ? `worse than ${curve.bound}` : "";
}

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
        findingOf(curve, step),
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
    ...(predictions.length === 0 ? [] : [predictionTable(predictions)]),
  ];
}

function modelText(model: Model): readonly string[] {
  const { costs, further, site } = modelTexts(model, []);
  return [
    "## The model: CPU ms of a mail, and of them the main thread's",
    "Between two sizes on the straight line from one to the other. For `sign` the main thread has what it alone can do.",
    costs,
    further,
    "## Ten thousand mails a second",
    "30 % signed, 70 % verified; cores that the filters keep busy, main threads that are full, machines at 70 % and one more.",
    site,
  ];
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
