// What a measurement of growth gives: curves with the growth that is allowed to them, and single figures beside them.
import type { Check } from "./mail.ts";

/** x ascending. */
export type Points = readonly (readonly [x: number, y: number])[];

export interface Curve {
  readonly label: string;
  /** Of the y axis: "ms", "MB". Curves of one unit share a chart. */
  readonly unit: string;
  /** How y may grow with x. */
  readonly bound: "constant" | "linear";
  /** The x of steps that are known, as where mail goes to the disk: the curve is held to its bound on either side of them. */
  readonly steps?: readonly number[];
  readonly points: Points;
}

export interface Fact {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
}

/** What was said before, and what came. */
export interface Prediction {
  readonly what: string;
  readonly predicted: number;
  readonly measured: number;
  readonly unit: string;
}

/** One part of the whole. */
export interface Growth {
  readonly title: string;
  /** What grows, for the x axis. */
  readonly against: string;
  readonly curves: readonly Curve[];
  readonly facts: readonly Fact[];
  /** Measured beside the curves, of other mail. */
  readonly checks?: readonly Check[];
  readonly predictions?: readonly Prediction[];
}

export interface Neighbours {
  readonly from: number;
  readonly to: number;
  /** y at `to` over y at `from`. */
  readonly ratio: number;
  /** The power of x by which y grows between the two: 0 constant, 1 linear. */
  readonly power: number;
}

/** Each point against the one before it. */
export function neighbours({ points }: Pick<Curve, "points">): readonly Neighbours[] {
  return points.slice(1).map(([to, y], index) => {
    const [from, before] = points[index] ?? [Number.NaN, Number.NaN];
    const ratio = y / before;
    return { from, to, ratio, power: Math.log(ratio) / Math.log(to / from) };
  });
}

/**
 * A constant may waver, and a line may have a step in it, as where mail goes to the disk because it is too large for
 * memory; what grows by more than this does neither.
 */
const allowed = { constant: 0.15, linear: 1.25 } as const;

/** The neighbours between which a curve grows by more than it may. */
export function tooSteep(curve: Curve): readonly Neighbours[] {
  return neighbours(curve).filter((each) => each.power > allowed[curve.bound] && !isStep(curve, each));
}

/** Whether the curve is known to have a step between the two. */
export function isStep({ steps = [] }: Pick<Curve, "steps">, { from, to }: Neighbours): boolean {
  return steps.some((step) => from < step && step <= to);
}

/** How far a prediction is from what came, as a part of that: above 0 it was too high. */
export function offBy(predicted: number, measured: number): number {
  return (predicted - measured) / measured;
}
