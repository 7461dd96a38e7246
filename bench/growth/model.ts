// What a mail costs, from what was measured: CPU = a + b per kB for each kind of work, and from that the cores that a
// site needs. The figures in docs/scaling.md come from here.
import type { Curve, Growth } from "./curve.ts";

/** y = base + slope * x. */
export interface Line {
  readonly base: number;
  readonly slope: number;
}

/**
 * The line closest to the points in relative terms, so that small mails count as much as large ones; neither part is
 * negative, because nothing costs less than nothing.
 */
export function fitLine(points: readonly (readonly [x: number, y: number])[]): Line {
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
  const slope = determinant === 0 ? 0 : (s * sxy - sx * sy) / determinant;
  const base = (sy - slope * sx) / s;
  if (slope < 0) return { base: sy / s, slope: 0 };
  if (base < 0) return { base: 0, slope: sxy / sxx };
  return { base, slope };
}

/** The largest distance between the line and a point, as a part of the point. */
export function misfit(line: Line, points: readonly (readonly [number, number])[]): number {
  return Math.max(...points.map(([x, y]) => Math.abs(line.base + line.slope * x - y) / y));
}

/** CPU ms of a mail: x in kB. */
export interface Cost {
  readonly process: Line;
  readonly main: Line;
}

/** Kinds of work, by the names that the curves of size.ts have. */
export type Model = Readonly<Record<"pass" | "sign" | "verify", Cost>>;

export interface Site {
  readonly mailsPerSecond: number;
  readonly kB: number;
  /** Parts of the mail; what is left over is passed on. */
  readonly signed: number;
  readonly verified: number;
}

export interface Need {
  /** Cores' worth of CPU in all. */
  readonly process: number;
  /** Of it the main thread's: one process is full at 1. */
  readonly main: number;
}

/** What a site asks of the filter. */
export function needOf(model: Model, { mailsPerSecond, kB, signed, verified }: Site): Need {
  const shares = { sign: signed, verify: verified, pass: 1 - signed - verified };
  const sum = (read: (cost: Cost) => Line) => {
    let ms = 0;
    for (const work of ["sign", "verify", "pass"] as const) {
      const { base, slope } = read(model[work]);
      ms += shares[work] * (base + slope * kB);
    }
    return (ms * mailsPerSecond) / 1000;
  };
  return { process: sum((cost) => cost.process), main: sum((cost) => cost.main) };
}

/** Undefined where a curve is not there. */
export function modelOf({ curves }: Growth): Model | undefined {
  const line = (label: string) => {
    const found = curves.find((curve) => curve.label === label);
    return found === undefined ? undefined : fitLine(inKb(found));
  };
  const cost = (work: string): Cost | undefined => {
    const process = line(`${work}: process`);
    const main = line(`${work}: main thread`);
    return process === undefined || main === undefined ? undefined : { process, main };
  };
  const [pass, sign, verify] = [cost("pass"), cost("sign"), cost("verify")];
  if (pass === undefined || sign === undefined || verify === undefined) return undefined;
  return { pass, sign, verify };
}

export function inKb({ points }: Pick<Curve, "points">): readonly (readonly [number, number])[] {
  return points.map(([octets, ms]) => [octets / 1000, ms]);
}
