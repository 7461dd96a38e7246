// The same part measured on several daemons: of each number the one in the middle. Two daemons at the same work differ by a
// tenth and more for as long as they run, by what V8 made of their code and how their memory lies.
import { quantile } from "../load/source.ts";
import type { Growth, Points } from "./curve.ts";

/** Each of `parts` has the same curves, facts and checks in the same order. Throws without any. */
export function middleOf(parts: readonly Growth[]): Growth {
  const [first] = parts;
  if (first === undefined) throw new Error("nothing was measured");
  const { curves, facts, checks } = first;
  const middle: Growth = {
    ...first,
    curves: curves.map((curve, at) => ({
      ...curve,
      points: middlePoints(curve.points, (point) => parts.map((part) => part.curves[at]?.points[point]?.[1])),
    })),
    facts: facts.map((fact, at) => ({ ...fact, value: middleNumber(parts.map((part) => part.facts[at]?.value)) })),
  };
  if (checks === undefined) return middle;
  const all = checks.map((_, at) => parts.flatMap((part) => part.checks?.[at] ?? []));
  // A check stays whole: its figures belong together.
  return { ...middle, checks: all.flatMap((each) => middleBy(each, ({ measured }) => measured) ?? []) };
}

function middlePoints(points: Points, valuesAt: (point: number) => readonly (number | undefined)[]): Points {
  return points.map(([x], point) => [x, middleNumber(valuesAt(point))] as const);
}

function middleNumber(values: readonly (number | undefined)[]): number {
  const known = values.filter((value) => value !== undefined);
  return quantile(
    known.sort((a, b) => a - b),
    0.5,
  );
}

function middleBy<T>(all: readonly T[], read: (each: T) => number): T | undefined {
  return all.toSorted((a, b) => read(a) - read(b))[Math.floor(all.length / 2)];
}
