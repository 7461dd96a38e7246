// The model as tables and an example worked out, for the results and for docs/scaling.md.
import { sizeText } from "../suite.ts";
import { table } from "../table.ts";
import { offBy, type Points, type Prediction } from "./curve.ts";
import { type Kind, type Mail, scans, works } from "./mail.ts";
import { type Cost, costOf, type Model, machinesFor, needOf, scanCost } from "./model.ts";

/** What docs/scaling.md works out. */
const example = { perSecond: 200, octets: 50_000, signed: 0.3 };

/** The large site of docs/scaling.md. */
const site = {
  mailsPerSecond: 10_000,
  cores: 16,
  listeners: 6,
  mails: [
    ["10 kB", { octets: 10_000 }],
    ["50 kB", { octets: 50_000 }],
    ["50 kB, walk", { octets: 50_000, scan: "walk" }],
    ["50 kB, clamd and spamd", { octets: 50_000, scan: "clamd and spamd" }],
  ] as const satisfies readonly (readonly [string, Omit<Mail, "work">])[],
};

/** Texts in Markdown by the names that docs/scaling.md has for their places. */
export type ModelTexts = Readonly<Record<"costs" | "further" | "example" | "predictions" | "site", string>>;

export function modelTexts(model: Model, predictions: readonly Prediction[]): ModelTexts {
  return {
    costs: costTable(model),
    further: furtherTable(model),
    example: exampleText(model),
    predictions: predictionTable(predictions),
    site: siteTable(model),
  };
}

function costTable(model: Model): string {
  /** Nothing where no mail as large was measured. */
  const cells = (measured: Points, read: (octets: number) => Cost) => (octets: number) => {
    if (octets > (measured.at(-1)?.[0] ?? 0)) return ["", ""];
    const { process, main } = read(octets);
    return [digits(process), digits(main)];
  };
  const columns = [
    ...works.map((work) => cells(model.bySize[work].process, (octets) => costOf(model, { work, octets }))),
    ...scans.map((scan) => cells(model.scans[scan].process, (octets) => scanCost(model, scan, octets))),
  ];
  return table(
    ["size", ...works.flatMap((work) => [work, "main"]), ...scans.flatMap((scan) => [`+ ${scan}`, "main"])],
    model.bySize.pass.process.map(([octets]) => [sizeText(octets), ...columns.flatMap((column) => column(octets))]),
  );
}

function furtherTable({ further, inUse }: Model): string {
  const row = (what: string, { process, main }: Cost) => [what, process.toFixed(3), main.toFixed(3)];
  const rows = table(
    ["for each", "process", "main"],
    [
      row("further signature that is verified", further.verified),
      row("further signature that is made", further.made),
      row("further recipient of the same mail", further.recipient),
      row("connection", further.connection),
    ],
  );
  const [sign, verify] = [inUse.sign, inUse.verify].map((part) => (100 * part).toFixed(0));
  return `${rows}\n\nOf all cores ${sign} % are in use when mail to sign never ends, ${verify} % when it is mail to verify.`;
}

/** Products are of the figures as they are printed, so that a reader gets the same. */
function exampleText(model: Model): string {
  const { perSecond, octets, signed } = example;
  const row = (name: string, work: Mail["work"], rate: number) => {
    const { process, main } = costOf(model, { work, octets });
    const terms = [process, main].map((ms) => ({ ms: ms.toFixed(2), all: Math.round(rate * Number(ms.toFixed(2))) }));
    const text = terms.map(({ ms, all }) => `${String(rate).padStart(4)}/s x ${ms} ms = ${String(all).padStart(4)} ms`);
    return { line: `    ${name.padEnd(12)}${text.join("     ")}`, all: terms.map((term) => term.all) };
  };
  const rows = [row("signed", "sign", perSecond * signed), row("verified", "verify", perSecond * (1 - signed))];
  const sum = (at: number) => `${String(rows.reduce((ms, { all }) => ms + (all[at] ?? 0), 0)).padStart(4)} ms`;
  return [
    `    ${" ".repeat(12)}${"process".padEnd(28)}main thread`,
    ...rows.map(({ line }) => line),
    `    ${"each second".padEnd(12)}${" ".repeat(16)}${sum(0)}${" ".repeat(21)}${sum(1)}`,
  ].join("\n");
}

/** What a prediction may be off by. */
const allowedOff = 0.15;

export function predictionTable(predictions: readonly Prediction[]): string {
  return table(
    ["mail", "predicted", "measured", "unit", "off by", "finding"],
    predictions.map(({ what, predicted, measured, unit }) => {
      const off = offBy(predicted, measured);
      const finding = Math.abs(off) > allowedOff ? `more than ${100 * allowedOff} %` : "";
      return [what, digits(predicted), digits(measured), unit, `${(100 * off).toFixed(0)} %`, finding];
    }),
  );
}

function siteTable(model: Model): string {
  const kinds = (mail: Omit<Mail, "work">): readonly Kind[] => [
    { mail: { ...mail, work: "sign" }, share: example.signed },
    { mail: { ...mail, work: "verify" }, share: 1 - example.signed },
  ];
  return table(
    ["mail", "cores busy", "main threads full", `machines: ${site.cores} cores, listeners: ${site.listeners}`],
    site.mails.map(([what, mail]) => {
      const need = needOf(model, site.mailsPerSecond, kinds(mail));
      return [what, need.process.toFixed(1), need.main.toFixed(1), String(machinesFor(need, site))];
    }),
  );
}

export function digits(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(3);
}
