// Problems of a configuration as lines of text: "file:line:column: error: what is wrong".
import type { Problem } from "./source.ts";

export function problemLine({ place, severity, message }: Problem): string {
  return `${place === undefined ? "" : `${place.file}:${place.line}:${place.column}: `}${severity}: ${message}`;
}

const order: Readonly<Record<Problem["severity"], number>> = { error: 0, warning: 1, note: 2 };

/** By file and line; what stands nowhere comes last. */
export function sortProblems(problems: readonly Problem[]): Problem[] {
  return problems.toSorted((one, other) => {
    if (one.place === undefined || other.place === undefined) {
      return Number(one.place === undefined) - Number(other.place === undefined);
    }
    return (
      Number(one.place.file > other.place.file) - Number(one.place.file < other.place.file) ||
      one.place.line - other.place.line ||
      one.place.column - other.place.column ||
      order[one.severity] - order[other.severity]
    );
  });
}
