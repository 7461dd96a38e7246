// Tables of banned names and types (amavisd: banned_rules, banned_filename_re, banned_namepath_re), compiled. Patterns
// are tried in order; the first that fits a text says what becomes of it.
import { contextBelow } from "../lookup/context.ts";
import { isFileTable, isRegexpTable } from "../lookup/map.ts";
import { compileRegexp, maxSubjectChars, RegexpError } from "../lookup/regexp.ts";
import type { Origin, RawTable, TableContext, TablePath } from "../lookup/table.ts";
import { isMapping, type ValueType } from "../lookup/value.ts";

/** One line of a table. */
export interface BannedPattern {
  /** As configured. */
  readonly key: string;
  readonly origin?: Origin;
  /** amavisd's (?#comment): what the log calls the rule. */
  readonly comment?: string;
  /** "" = allowed; "DISCARD…" = and the sender gets no notice; undefined = the next table is asked. */
  readonly value: string | undefined;
  test(text: string): boolean;
}

/** Each table is one object however many recipients have it: what was found by it is remembered. */
export interface BannedTable {
  readonly patterns: readonly BannedPattern[];
}

/** A name of banned_rules with its tables, or tables that stand in the map itself (no name). */
export interface BannedRule {
  readonly name?: string;
  readonly tables: readonly BannedTable[];
}

/** The part of a configuration that names rules. */
export interface BannedSource {
  readonly banned_rules?: Readonly<Record<string, readonly RawTable[]>>;
  readonly banned_filename_re?: RawTable;
}

/** Every rule by its name; DEFAULT is banned_filename_re unless it is defined. */
export function compileBannedRules(
  { banned_rules = {}, banned_filename_re = null }: BannedSource,
  context: TableContext,
): ReadonlyMap<string, BannedRule> {
  const rules = new Map<string, BannedRule>();
  const standard = compileBannedTable(banned_filename_re, contextBelow(context, ["banned_filename_re"]), []);
  rules.set("DEFAULT", { name: "DEFAULT", tables: standard === undefined ? [] : [standard] });
  for (const [name, tables] of Object.entries(banned_rules)) {
    const at = contextBelow(context, ["banned_rules", name]);
    rules.set(name, { name, tables: tables.flatMap((table, index) => compileBannedTable(table, at, [index]) ?? []) });
  }
  return rules;
}

/** What a table of banned_filename_maps yields: rules by name, with commas or blanks between, or a list of tables. */
export function bannedRulesValue(
  rules: ReadonlyMap<string, BannedRule>,
  context: TableContext,
): ValueType<readonly BannedRule[]> {
  return {
    expected: "names of banned_rules, or a list of tables",
    read(raw, path) {
      const list: readonly unknown[] = Array.isArray(raw) ? raw : [raw];
      const found: BannedRule[] = [];
      for (const [index, item] of list.entries()) {
        // Names that do not exist ban nothing; lint says so.
        if (typeof item === "string")
          found.push(...namesIn(item).map((name) => rules.get(name) ?? { name, tables: [] }));
        else if (isMapping(item)) {
          const table = compileBannedTable(item, context, Array.isArray(raw) ? [...path, index] : path);
          if (table !== undefined) found.push({ tables: [table] });
        } else return undefined;
      }
      return found;
    },
  };
}

function namesIn(text: string): readonly string[] {
  return text.split(/[, ]+/).filter((name) => name !== "");
}

/** Undefined for a table without a pattern. What is wrong is reported and left out. */
export function compileBannedTable(raw: RawTable, context: TableContext, path: TablePath): BannedTable | undefined {
  if (raw === null) return undefined;
  const say = (message: string, at: TablePath = path) => context.problem({ severity: "error", path: at, message });
  if (typeof raw !== "object") {
    const value = meaningOf(raw);
    return { patterns: [{ key: "(constant)", value, test: () => true, ...originAt(context, path) }] };
  }
  if (isMapping(raw) && isFileTable(raw)) {
    say("banned names cannot be read from a file");
    return undefined;
  }
  if (isMapping(raw) && isRegexpTable(raw)) {
    const patterns = raw.regexp.flatMap((rule: unknown, index): BannedPattern[] => {
      const at = [...path, "regexp", index];
      const [pattern, value]: readonly unknown[] = Array.isArray(rule) ? rule : [rule, 1];
      if (typeof pattern !== "string") return [];
      try {
        const regexp = compileRegexp(pattern);
        return [
          {
            key: pattern,
            value: meaningOf(value),
            test: (text) => ends(text).some((part) => regexp.test(part)),
            ...commentOf(pattern),
            ...originAt(context, at),
          },
        ];
      } catch (error) {
        if (!(error instanceof RegexpError)) throw error;
        say(error.message, at);
        return [];
      }
    });
    return { patterns };
  }
  // Names and types as they are, in lower case.
  const entries: readonly (readonly [string | number, string, unknown])[] = Array.isArray(raw)
    ? raw.map((key: unknown, index) => [index, String(key).replace(/^!+/, ""), !String(key).startsWith("!")])
    : Object.entries(raw).map(([key, value]) => [key, key, value]);
  return {
    patterns: entries.map(([step, key, value]) => {
      const folded = key.toLowerCase();
      return {
        key,
        value: meaningOf(value),
        test: (text) => text.toLowerCase() === folded,
        ...originAt(context, [...path, step]),
      };
    }),
  };
}

/** A regexp sees no longer text: of such a name, which nobody needs, it sees either end. */
function ends(text: string): readonly string[] {
  return text.length <= maxSubjectChars ? [text] : [text.slice(0, maxSubjectChars), text.slice(-maxSubjectChars)];
}

function meaningOf(value: unknown): string | undefined {
  if (value === null || value === undefined) return undefined;
  if (value === false || value === 0 || value === "0") return "";
  return value === true ? "1" : String(value);
}

function originAt(context: TableContext, path: TablePath): Pick<BannedPattern, "origin"> {
  const origin = context.origin?.(path);
  return origin === undefined ? {} : { origin };
}

function commentOf(pattern: string): Pick<BannedPattern, "comment"> {
  const comments = [...pattern.matchAll(/\(\?#\s*([^)]*?)\s*\)/g)].map(([, words = ""]) => words);
  return comments.length === 0 ? {} : { comment: comments.join(" ") };
}
