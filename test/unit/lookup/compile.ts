// Compiles a map for a test: problems are collected, files come from a record, origins are the path within the map.
import { createMapCompiler } from "../../../src/lookup/map.ts";
import type { LookupMap, LookupSettings, RawTable, TableContext, TableProblem } from "../../../src/lookup/table.ts";
import { anyValue, type ValueType } from "../../../src/lookup/value.ts";

export const plainSettings: LookupSettings = { recipient_delimiter: null, localpart_is_case_sensitive: false };

export interface Compiled<V> {
  readonly map: LookupMap<V>;
  readonly problems: readonly TableProblem[];
}

export function collectingContext(
  files: Readonly<Record<string, string>> = {},
): TableContext & { readonly problems: TableProblem[] } {
  const problems: TableProblem[] = [];
  return {
    problems,
    problem: (problem) => problems.push(problem),
    origin: (path) => path.join("."),
    readFile(path) {
      const text = files[path];
      if (text === undefined) throw new Error("no such file");
      return text;
    },
  };
}

export function compileAny(tables: readonly RawTable[], settings: Partial<LookupSettings> = {}): Compiled<unknown> {
  return compileAs(tables, anyValue, settings);
}

export function compileAs<V>(
  tables: readonly RawTable[],
  value: ValueType<V>,
  settings: Partial<LookupSettings> = {},
  files: Readonly<Record<string, string>> = {},
): Compiled<V> {
  const context = collectingContext(files);
  const map = createMapCompiler({ ...plainSettings, ...settings }).compile(tables, value, context);
  return { map, problems: context.problems };
}
