// Gathers what is wrong with a configuration: nothing twice, and everything with its place.
import type { Place, Problem, SettingPath } from "../config/source.ts";

export interface Telling {
  readonly problems: readonly Problem[];
  tell(problem: Problem): void;
}

/** @param first what the compiler found: nothing more is said of those places, since it knew best what was meant */
export function createTelling(first: readonly Problem[], locate: (path: SettingPath) => Place | undefined): Telling {
  const problems = [...first];
  const told = new Set(problems.flatMap((problem) => placeOf(problem) ?? []));
  return {
    problems,
    tell(problem) {
      const place = placeOf(problem);
      if (place !== undefined) {
        if (told.has(place) || told.has(`${place}\0${problem.message}`)) return;
        told.add(`${place}\0${problem.message}`);
      }
      problems.push(placed(problem, locate));
    },
  };
}

function placed(problem: Problem, locate: (path: SettingPath) => Place | undefined): Problem {
  if (problem.place !== undefined || problem.path === undefined) return problem;
  const place = locate(problem.path);
  return place === undefined ? problem : { ...problem, place };
}

function placeOf({ severity, path }: Problem): string | undefined {
  return path === undefined ? undefined : [severity, ...path].join("\0");
}
