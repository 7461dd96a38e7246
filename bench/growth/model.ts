// What a mail costs, from what was measured: by kind of work and size a table with straight lines between its neighbours,
// and what each further signature, recipient and connection adds. From that the cores that a site needs, and how many
// mails a second cores can do. The figures in docs/scaling.md come from here.
import type { Growth, Points, Prediction } from "./curve.ts";
import type { Check, Kind, Machine, Mail, Scan, Work } from "./mail.ts";

/** y at x, on the straight lines between neighbours; beyond the ends the lines there go on, but never below 0. */
export function between(points: Points, x: number): number {
  const last = points.length - 1;
  if (last < 0) return Number.NaN;
  const next = points.findIndex(([each]) => each >= x);
  const to = Math.max(1, next === -1 ? last : next);
  const [left, right] = [points[to - 1], points[to]];
  if (left === undefined || right === undefined) return points[0]?.[1] ?? Number.NaN;
  return Math.max(0, left[1] + ((x - left[0]) * (right[1] - left[1])) / (right[0] - left[0]));
}

/** The slope of the line closest to the points in relative terms: small values count as much as large ones. */
export function slopeOf(points: Points): number {
  let [s, sx, sy, sxx, sxy] = [0, 0, 0, 0, 0];
  for (const [x, y] of points) {
    const weight = 1 / (y * y);
    s += weight;
    sx += weight * x;
    sy += weight * y;
    sxx += weight * x * x;
    sxy += weight * x * y;
  }
  const determinant = s * sxx - sx * sx;
  return determinant === 0 ? 0 : Math.max(0, (s * sxy - sx * sy) / determinant);
}

/** CPU ms; of the process, and of its main thread alone where other threads do what they can. */
export interface Cost {
  readonly process: number;
  readonly main: number;
}

/** Tables by size in octets. */
export interface CostBySize {
  readonly process: Points;
  readonly main: Points;
}

export interface Model {
  readonly bySize: Readonly<Record<Work, CostBySize>>;
  /** Of mail with an attachment that is passed on; `nothing`: the same mail, not looked into. */
  readonly scans: Readonly<Record<"nothing" | Scan, CostBySize>>;
  /** For each more of them. */
  readonly further: Readonly<Record<"verified" | "made" | "recipient" | "connection", Cost>>;
  /** The part of all cores, 0 to 1, that is in use when mail of this kind never ends. */
  readonly inUse: Readonly<Record<"sign" | "verify", number>>;
}

/** What the facts and curves are called that a model is made of, by those that measure them. */
export const names = {
  inUse: (load: string) => `… ${load}: of all cores in use`,
  connectionProcess: "a connection for each mail adds: process",
  connectionMain: "… main thread",
  /** Beside "sign: main thread", in which signatures are that the worker could not begin soon. */
  signMain: "sign, pool.in_place: false: main thread",
} as const;

/** What looking into a mail of so many octets adds, CPU ms. */
export function scanCost({ scans }: Model, scan: Scan, octets: number): Cost {
  const added = (part: keyof Cost) =>
    Math.max(0, between(scans[scan][part], octets) - between(scans.nothing[part], octets));
  return { process: added("process"), main: added("main") };
}

/** CPU ms of a mail. */
export function costOf(model: Model, mail: Mail): Cost {
  const { work, octets, scan, signatures = 1, recipients = 1, mailsPerConnection = Number.POSITIVE_INFINITY } = mail;
  const { verified, made, recipient, connection } = model.further;
  const scanning = scan === undefined ? { process: 0, main: 0 } : scanCost(model, scan, octets);
  const sum = (part: keyof Cost) => {
    const signature = work === "verify" ? verified[part] : work === "sign" ? made[part] : 0;
    return (
      between(model.bySize[work][part], octets) +
      scanning[part] +
      (signatures - 1) * signature +
      (recipients - 1) * recipient[part] +
      connection[part] / mailsPerConnection
    );
  };
  return { process: sum("process"), main: sum("main") };
}

/** CPU ms of the mail in the middle. */
export function meanCost(model: Model, kinds: readonly Kind[]): Cost {
  const sum = (part: keyof Cost) => kinds.reduce((ms, { mail, share }) => ms + share * costOf(model, mail)[part], 0);
  return { process: sum("process"), main: sum("main") };
}

/** Cores that a site keeps busy; a process is full when its main thread's are 1. */
export function needOf(model: Model, mailsPerSecond: number, kinds: readonly Kind[]): Cost {
  const { process, main } = meanCost(model, kinds);
  return { process: (process * mailsPerSecond) / 1000, main: (main * mailsPerSecond) / 1000 };
}

/** Of all cores, by what each kind of mail has of the CPU time; passing on is the main thread's, as most of verifying is. */
function inUseBy(model: Model, kinds: readonly Kind[]): number {
  let [used, all] = [0, 0];
  for (const { mail, share } of kinds) {
    const ms = share * costOf(model, mail).process;
    used += ms * model.inUse[mail.work === "sign" ? "sign" : "verify"];
    all += ms;
  }
  return used / all;
}

/** Mails a second that never end: as many as the cores can do, or the main threads. */
export function mostPerSecond(model: Model, kinds: readonly Kind[], machine: Machine): number {
  const { cores, processes, otherMs, slower } = machine;
  const { process, main } = meanCost(model, kinds);
  const byCores = (inUseBy(model, kinds) * cores * 1000) / (process * slower + otherMs);
  const byMainThreads = (processes * 1000) / (main * slower);
  return Math.min(byCores, byMainThreads);
}

/** What the model says of each, beside what came. */
export function predictionsOf(model: Model, checks: readonly Check[]): readonly Prediction[] {
  return checks.map((check) => {
    const { what, measured } = check;
    return "mail" in check
      ? { what, predicted: costOf(model, check.mail).process, measured, unit: "CPU ms" }
      : { what, predicted: mostPerSecond(model, check.kinds, check.machine), measured, unit: "mails/s" };
  });
}

/** Of what a machine can do: above that latency grows faster than mail does. */
const comfortable = 0.7;

/** Machines that do it at 70 %, their cores and their main threads, and one more, which may be away. */
export function machinesFor(
  need: Cost,
  { cores, listeners }: { readonly cores: number; readonly listeners: number },
): number {
  return 1 + Math.ceil(Math.max(need.process / cores, need.main / listeners) / comfortable);
}

/** The parts that a model is made from. */
export const madeFrom = ["size", "scanning", "signatures", "recipients", "connections", "cores"] as const;

/** Undefined where a part was not measured. */
export function modelOf(parts: Readonly<Record<string, Growth>>): Model | undefined {
  const { size, scanning, signatures, recipients, connections, cores } = parts;
  if (!size || !scanning || !signatures || !recipients || !connections || !cores) return undefined;
  const bySize = (part: Growth, work: string, main = `${work}: main thread`): CostBySize => ({
    process: curveOf(part, `${work}: process`),
    main: curveOf(part, main),
  });
  const slopes = (part: Growth, before = ""): Cost => ({
    process: slopeOf(curveOf(part, `${before}process`)),
    main: slopeOf(curveOf(part, `${before}main thread`)),
  });
  return {
    bySize: {
      pass: bySize(size, "pass"),
      sign: bySize(size, "sign", names.signMain),
      verify: bySize(size, "verify"),
    },
    scans: {
      nothing: bySize(scanning, "nothing"),
      walk: bySize(scanning, "walk"),
      "clamd and spamd": bySize(scanning, "clamd and spamd"),
    },
    further: {
      verified: slopes(signatures, "verify: "),
      made: slopes(signatures, "sign: "),
      recipient: slopes(recipients),
      connection: {
        process: factOf(connections, names.connectionProcess),
        main: factOf(connections, names.connectionMain),
      },
    },
    inUse: {
      sign: factOf(cores, names.inUse("RSA-2048")) / 100,
      verify: factOf(cores, names.inUse("verify")) / 100,
    },
  };
}

function curveOf({ title, curves }: Growth, label: string): Points {
  const found = curves.find((curve) => curve.label === label);
  if (found === undefined) throw new Error(`"${title}" has no curve "${label}"`);
  return found.points;
}

function factOf({ title, facts }: Growth, what: string): number {
  const found = facts.find((fact) => fact.what === what);
  if (found === undefined) throw new Error(`"${title}" has no fact "${what}"`);
  return found.value;
}
