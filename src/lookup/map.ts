// Compiles a lookup map (amavisd: a list of lookup tables) and searches it. Compiled once, when a configuration is
// loaded; a search is a handful of Map lookups whatever the size of the tables.
import { compileAccessList } from "./access-list.ts";
import { readValue, withOrigin } from "./entry.ts";
import { compileHash, compileHashFile } from "./hash.ts";
import { createKeyExpander, type LookupKeys } from "./keys.ts";
import { compileRegexpTable } from "./regexp-table.ts";
import {
  type FileTable,
  isListTable,
  type LookupMap,
  type LookupSettings,
  type Match,
  type RawTable,
  type RegexpTable,
  type Table,
  type TableContext,
  type TablePath,
} from "./table.ts";
import type { ValueType } from "./value.ts";

/** Compiles maps that share the two settings of lookups: an address is expanded to its keys once for all of them. */
export interface MapCompiler {
  /**
   * Compiles a map. What is wrong goes to `context.problem`, with its path within the map, and is left out; nothing
   * throws.
   */
  compile<V>(tables: readonly RawTable[], type: ValueType<V>, context: TableContext): LookupMap<V>;
}

export function createMapCompiler(settings: LookupSettings): MapCompiler {
  const expand = createKeyExpander(settings);
  return {
    compile<V>(tables: readonly RawTable[], type: ValueType<V>, context: TableContext): LookupMap<V> {
      const compiled: Table<LookupKeys, V>[] = [];
      // Most maps of most banks are one constant or nothing: for those no keys are made.
      let head: Match<V> | undefined;
      for (const [index, raw] of tables.entries()) {
        if (raw === null) continue;
        if (isListTable(raw)) compiled.push(compileAccessList(raw, type, settings, context, [index]));
        else if (typeof raw === "object") compiled.push(...compileMapping(raw, type, settings, context, [index]));
        else {
          const value = readValue(raw, type, context, [index]);
          if (value === undefined) continue;
          const match = withOrigin({ value, key: "(constant)" }, context.origin?.([index]));
          if (compiled.length === 0) head = match;
          compiled.push({ find: () => match, findAll: (_keys, _suffix, found) => found.push(match) });
        }
      }
      return createMap(compiled, head, expand);
    },
  };
}

function compileMapping<V>(
  raw: Exclude<RawTable, readonly string[] | null | string | number | boolean>,
  type: ValueType<V>,
  settings: LookupSettings,
  context: TableContext,
  path: TablePath,
): readonly Table<LookupKeys, V>[] {
  if (isRegexpTable(raw)) return [compileRegexpTable(raw, type, context, path)];
  if (!isFileTable(raw)) return [compileHash(raw, type, settings, context, path)];
  const table = compileHashFile(raw.file, type, settings, context, path);
  return table === undefined ? [] : [table];
}

/** Every map without a table is this one. */
export const emptyMap: LookupMap<never> = { first: () => undefined, all: () => [] };

function createMap<V>(
  tables: readonly Table<LookupKeys, V>[],
  head: Match<V> | undefined,
  expand: (address: string) => LookupKeys,
): LookupMap<V> {
  function first(address: string, suffix = ""): Match<V> | undefined {
    const keys = expand(address);
    for (const table of tables) {
      const match = table.find(keys, suffix);
      if (match !== undefined) return match;
    }
    return undefined;
  }
  function all(address: string, suffix = ""): readonly Match<V>[] {
    const keys = expand(address);
    const found: Match<V>[] = [];
    for (const table of tables) table.findAll(keys, suffix, found);
    return found;
  }
  if (tables.length === 0) return emptyMap;
  if (head === undefined) return { first, all };
  return { first: () => head, all: tables.length === 1 ? () => [head] : all };
}

export function isRegexpTable(raw: object): raw is RegexpTable {
  return "regexp" in raw && Array.isArray(raw.regexp);
}

export function isFileTable(raw: object): raw is FileTable {
  return "file" in raw && typeof raw.file === "string" && Object.keys(raw).length === 1;
}
