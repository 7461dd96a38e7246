// What stands behind a key of a table: its value, and the match it becomes when it is found.
import type { Match, Origin, TableContext, TablePath } from "./table.ts";
import { isMapping, type ValueType } from "./value.ts";

/** Kept small: a table may have a hundred thousand of them. */
export interface Entry<V> {
  /** As configured. */
  readonly key: string;
  /** undefined = undef: the search of this table ends, the next one is asked. */
  readonly value: V | undefined;
  /** A value with "$1" in it, read anew for every match. */
  readonly template: string | undefined;
  /** Where it stands in its table: a key, an index, a line. */
  readonly step: string | number;
  /** Made at the first match; most entries never have one. */
  match: Match<V> | undefined;
}

/** Makes the entries of one table, and their matches. */
export interface Entries<V> {
  /** An entry from a value as configured; one that cannot be read is reported and stands for undef. */
  make(raw: unknown, key: string, step: string | number): Entry<V>;
  match(entry: Entry<V>, replacements: () => readonly string[]): Match<V> | undefined;
}

/** How a step of the table leads to its place. */
export interface Steps {
  path(step: string | number): TablePath;
  origin(step: string | number): Origin | undefined;
}

export function createEntries<V>(type: ValueType<V>, context: TableContext, steps: Steps): Entries<V> {
  return {
    make(raw, key, step) {
      const template = hasReplacement(raw) ? raw : undefined;
      const undef = raw === null || raw === undefined || template !== undefined;
      const value = undef ? undefined : readValue(raw, type, context, steps.path(step));
      return { key, value, template, step, match: undefined };
    },
    match(entry, replacements) {
      if (entry.match !== undefined) return entry.match;
      const { key, value, template, step } = entry;
      if (template !== undefined) {
        const read = type.read(replace(template, replacements()), steps.path(step));
        return read === undefined ? undefined : withOrigin({ value: read, key }, steps.origin(step));
      }
      if (value === undefined) return undefined;
      entry.match = withOrigin({ value, key }, steps.origin(step));
      return entry.match;
    },
  };
}

/** Steps that are keys or indices below one place of the settings. */
export function stepsBelow(context: TableContext, path: TablePath): Steps {
  return {
    path: (step) => [...path, step],
    origin: (step) => context.origin?.([...path, step]),
  };
}

const replacement = /\$(?:\d+|\{\d+\}|\(\d+\))/;
const everyReplacement = /\$(?:(\d+)|\{(\d+)\}|\((\d+)\))/g;

/** Whether a value takes "$1", "${1}" or "$(1)" from what was matched. */
export function hasReplacement(raw: unknown): raw is string {
  return typeof raw === "string" && replacement.test(raw);
}

function replace(template: string, replacements: readonly string[]): string {
  return template.replace(
    everyReplacement,
    (_all, bare: string | undefined, braced: string | undefined, round: string | undefined) =>
      replacements[Number(bare ?? braced ?? round) - 1] ?? "",
  );
}

/** Brings a value to its type; a value that does not fit is reported, and undefined returned. */
export function readValue<V>(raw: unknown, type: ValueType<V>, context: TableContext, path: TablePath): V | undefined {
  const value = type.read(raw, path);
  if (value === undefined) {
    context.problem({ severity: "error", path, message: `expected ${type.expected}, found ${describe(raw)}` });
    return undefined;
  }
  const fault = type.fault?.(value);
  if (fault !== undefined) context.problem({ severity: "error", path, message: fault });
  return value;
}

function describe(raw: unknown): string {
  if (Array.isArray(raw)) return "a list";
  return isMapping(raw) ? "a mapping" : (JSON.stringify(raw) ?? String(raw));
}

export function withOrigin<V>(match: Match<V>, origin: Origin | undefined): Match<V> {
  return origin === undefined ? match : { ...match, origin };
}
