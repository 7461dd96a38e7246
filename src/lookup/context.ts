// Places within places: the context for tables that stand somewhere inside a larger setting.
import type { TableContext, TablePath } from "./table.ts";

/** A context whose paths start at `at`; the first `skip` steps of an inner path are not in the settings. */
export function contextBelow(context: TableContext, at: TablePath, skip = 0): TableContext {
  const origin = context.origin?.bind(context);
  return {
    readFile: (path) => context.readFile(path),
    ...(origin === undefined ? {} : { origin: (path) => origin([...at, ...path.slice(skip)]) }),
    problem: (problem) => context.problem({ ...problem, path: [...at, ...problem.path.slice(skip)] }),
  };
}
