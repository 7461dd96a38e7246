// The measurements of growth as text and as a picture.
import { type LineChart, page } from "../line-chart.ts";
import { type About, table } from "../table.ts";
import { type Growth, neighbours, tooSteep } from "./curve.ts";
import { inKb, type Line, type Model, misfit, modelOf, needOf, type Site } from "./model.ts";

export type Parts = Readonly<Record<string, Growth>>;

/** The site of docs/scaling.md. */
const example: Site = { mailsPerSecond: 200, kB: 50, signed: 0.3, verified: 0.7 };

export function growthText(about: About, parts: Parts): string {
  const { size } = parts;
  const model = size === undefined ? undefined : modelOf(size);
  return [
    `# How cost grows: signpost ${about["version"]}`,
    Object.entries(about)
      .map(([name, value]) => `${name} ${value}`)
      .join(", "),
    "CPU of the whole process and of its main thread. `power` is that of x by which y grows from the point before: 0 is constant, 1 linear.",
    ...Object.values(parts).flatMap(partText),
    ...(size === undefined || model === undefined ? [] : modelText(model, size)),
    "",
  ].join("\n\n");
}

function partText({ title, against, curves, facts }: Growth): readonly string[] {
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
  ];
}

function modelText(model: Model, size: Growth): readonly string[] {
  const row = (work: keyof Model, what: string, label: string, { base, slope }: Line) => {
    const curve = size.curves.find((each) => each.label === label);
    const off = curve === undefined ? Number.NaN : misfit({ base, slope }, inKb(curve));
    return [`${work}: ${what}`, base.toFixed(3), slope.toFixed(5), `${(off * 100).toFixed(0)} %`];
  };
  const need = needOf(model, example);
  const { mailsPerSecond, kB, signed, verified } = example;
  return [
    "## The model: CPU ms of a mail = a + b x kB",
    table(
      ["work", "a", "b", "off at most"],
      (["pass", "sign", "verify"] as const).flatMap((work) => [
        row(work, "process", `${work}: process`, model[work].process),
        row(work, "main", `${work}: main thread`, model[work].main),
      ]),
    ),
    `${mailsPerSecond} mails/s of ${kB} kB, ${signed * 100} % signed, ${verified * 100} % verified: ${need.process.toFixed(2)} cores busy, ${need.main.toFixed(2)} of them the main thread's.`,
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

function digits(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(3);
}
