// Compiles a lookup map (amavisd: a list of lookup tables) and searches it. Compiled once, when a configuration is
// loaded; a search is a handful of Map lookups whatever the size of the tables.
import { encodeUtf8 } from "../mail/domain.ts";
import { parseHashFile } from "./hash-file.ts";
import { createKeyExpander, foldKey, type LookupKeys } from "./keys.ts";
import { compileRegexp, type Regexp, RegexpError } from "./regexp.ts";
import type {
  LookupMap,
  LookupSettings,
  Match,
  Origin,
  RawTable,
  RegexpTable,
  TableContext,
  TablePath,
  TableProblem,
} from "./table.ts";
import { isMapping, type ValueType } from "./value.ts";

/** One compiled table. `find` gives the table's first match, undefined when the next table is to be asked. */
interface Table<V> {
  find(keys: LookupKeys, suffix: string): Match<V> | undefined;
  findAll(keys: LookupKeys, suffix: string, found: Match<V>[]): void;
}

/** Compiles maps of one configuration: addresses are expanded once for all of them. */
export interface MapCompiler {
  compile<V>(tables: readonly RawTable[], value: ValueType<V>, context: TableContext): LookupMap<V>;
}

export function createMapCompiler(settings: LookupSettings): MapCompiler {
  const expand = createKeyExpander(settings);
  return {
    compile(tables, value, context) {
      const compiled = tables.flatMap((raw, index) => compileTable(raw, value, settings, context, [index]) ?? []);
      return createMap(compiled, expand);
    },
  };
}

function createMap<V>(tables: readonly Table<V>[], expand: (address: string) => LookupKeys): LookupMap<V> {
  const head = tables[0];
  // Most maps of most banks are one constant or nothing: no keys are made for them.
  if (head === undefined) return { first: () => undefined, all: () => [] };
  if (isConstant(head)) {
    const match = head.find();
    if (tables.length === 1) return { first: () => match, all: () => [match] };
    return { first: () => match, all: createMapOf(tables, expand).all };
  }
  return createMapOf(tables, expand);
}

function createMapOf<V>(tables: readonly Table<V>[], expand: (address: string) => LookupKeys): LookupMap<V> {
  return {
    first(address, suffix = "") {
      const keys = expand(address);
      for (const table of tables) {
        const match = table.find(keys, suffix);
        if (match !== undefined) return match;
      }
      return undefined;
    },
    all(address, suffix = "") {
      const keys = expand(address);
      const found: Match<V>[] = [];
      for (const table of tables) table.findAll(keys, suffix, found);
      return found;
    },
  };
}

interface Constant<V> extends Table<V> {
  readonly constant: true;
  find(): Match<V>;
}

function isConstant<V>(table: Table<V>): table is Constant<V> {
  return "constant" in table;
}

function compileTable<V>(
  raw: RawTable,
  value: ValueType<V>,
  settings: LookupSettings,
  context: TableContext,
  path: TablePath,
): Table<V> | undefined {
  if (raw === null) return undefined;
  if (isList(raw)) return compileAccessList(raw, value, settings, context, path);
  if (typeof raw !== "object") return compileConstant(raw, value, context, path);
  if (isRegexpTable(raw)) return compileRegexps(raw, value, context, path);
  if (isFileTable(raw)) return compileFile(raw.file, value, settings, context, path);
  return compileHash(raw, value, settings, context, path);
}

function isList(raw: RawTable): raw is readonly string[] {
  return Array.isArray(raw);
}

export function isRegexpTable(raw: object): raw is RegexpTable {
  return "regexp" in raw && Array.isArray(raw.regexp);
}

export function isFileTable(raw: object): raw is { readonly file: string } {
  return "file" in raw && typeof raw.file === "string" && Object.keys(raw).length === 1;
}

function compileConstant<V>(
  raw: string | number | boolean,
  value: ValueType<V>,
  context: TableContext,
  path: TablePath,
): Table<V> | undefined {
  const read = readValue(raw, value, context, path);
  if (read === undefined) return undefined;
  const match = withOrigin({ value: read, key: "(constant)" }, context.origin?.(path));
  const constant: Constant<V> = {
    constant: true,
    find: () => match,
    findAll: (_keys, _suffix, found) => found.push(match),
  };
  return constant;
}

function compileHash<V>(
  raw: Readonly<Record<string, unknown>>,
  value: ValueType<V>,
  settings: LookupSettings,
  context: TableContext,
  path: TablePath,
): Table<V> {
  const entries = Object.entries(raw).map(([key, member]) => {
    const at = [...path, key];
    return { key, entry: compileEntry(member, key, value, context, at, () => context.origin?.(at)), path: at };
  });
  return hashTable(entries, settings, context);
}

function compileFile<V>(
  file: string,
  value: ValueType<V>,
  settings: LookupSettings,
  context: TableContext,
  path: TablePath,
): Table<V> | undefined {
  let text: string;
  try {
    text = context.readFile(file);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    context.problem({ severity: "error", path, message: `cannot read the table ${file}: ${reason}` });
    return undefined;
  }
  const { entries, bad } = parseHashFile(text);
  for (const line of bad) context.problem({ severity: "error", path, message: `${file}:${line}: not "key value"` });
  // A problem of an entry is told by its line in the file; the place in the settings is that of the file's name.
  const inFile = (line: number): TableContext => ({
    ...context,
    problem: (problem: TableProblem) =>
      context.problem({ ...problem, path, message: `${file}:${line}: ${problem.message}` }),
  });
  return hashTable(
    entries.map(({ key, value: member, line }) => ({
      key,
      entry: compileEntry(member, key, value, inFile(line), path, () => `${file}:${line}`),
      path,
    })),
    settings,
    context,
  );
}

/** A value waiting to be found; undefined = undef, which ends the search of this table. */
type Entry<V> = (replacements: readonly string[]) => Match<V> | undefined;

const nothing: Entry<never> = () => undefined;

function compileEntry<V>(
  raw: unknown,
  key: string,
  value: ValueType<V>,
  context: TableContext,
  path: TablePath,
  origin: () => Origin | undefined,
): Entry<V> {
  if (raw === null || raw === undefined) return nothing;
  if (typeof raw === "string" && hasReplacement.test(raw)) {
    return (replacements) => {
      const read = value.read(replace(raw, replacements), path);
      return read === undefined ? undefined : withOrigin({ value: read, key }, origin());
    };
  }
  const read = readValue(raw, value, context, path);
  if (read === undefined) return nothing;
  let match: Match<V> | undefined;
  return () => {
    match ??= withOrigin({ value: read, key }, origin());
    return match;
  };
}

const hasReplacement = /\$(?:[1-9]|\{[1-9]\d?\})/;
const everyReplacement = /\$(?:([1-9])|\{([1-9]\d?)\})/g;

function replace(template: string, replacements: readonly string[]): string {
  return template.replace(
    everyReplacement,
    (_all, digit: string | undefined, braced: string | undefined) => replacements[Number(digit ?? braced) - 1] ?? "",
  );
}

interface HashEntry<V> {
  readonly key: string;
  readonly entry: Entry<V>;
  readonly path: TablePath;
}

function hashTable<V>(list: readonly HashEntry<V>[], settings: LookupSettings, context: TableContext): Table<V> {
  const entries = new Map<string, Entry<V>>();
  // A key counts as it is written first, for those who tell "Joe@" from "joe@", then in its folded form.
  for (const { key, entry } of list) entries.set(encodeUtf8(key), entry);
  for (const { key, entry, path } of list) {
    const folded = foldKey(key, settings);
    if (folded === undefined) {
      context.problem({
        severity: "warning",
        path,
        message: `the key ${JSON.stringify(key)} has no host name: it never matches`,
      });
    } else if (!entries.has(folded)) entries.set(folded, entry);
  }
  return {
    find({ hash, replacements }, suffix) {
      for (const key of hash) {
        const entry = entries.get(suffix === "" ? key : key + suffix);
        if (entry !== undefined) return entry(replacements);
      }
      return undefined;
    },
    findAll({ hash, replacements }, suffix, found) {
      for (const key of hash) {
        const match = entries.get(suffix === "" ? key : key + suffix)?.(replacements);
        if (match !== undefined) found.push(match);
      }
    },
  };
}

function compileAccessList<V>(
  raw: readonly string[],
  value: ValueType<V>,
  settings: LookupSettings,
  context: TableContext,
  path: TablePath,
): Table<V> | undefined {
  const yes = readValue(1, value, context, path);
  const no = readValue(0, value, context, path);
  if (yes === undefined || no === undefined) return undefined;
  const matches: (() => Match<V>)[] = [];
  const places = new Map<string, number>();
  for (const [index, element] of raw.entries()) {
    const at = [...path, index];
    if (typeof element !== "string") {
      context.problem({ severity: "error", path: at, message: "expected an address or a domain" });
      continue;
    }
    const bare = element.replace(/^!+/, "");
    const folded = foldKey(bare, settings);
    if (folded === undefined) {
      context.problem({
        severity: "warning",
        path: at,
        message: `${JSON.stringify(element)} has no host name: it never matches`,
      });
      continue;
    }
    const read = (element.length - bare.length) % 2 === 0 ? yes : no;
    if (!places.has(folded)) places.set(folded, matches.length);
    let match: Match<V> | undefined;
    matches.push(() => {
      match ??= withOrigin({ value: read, key: element }, context.origin?.(at));
      return match;
    });
  }
  const find = ({ accessList }: LookupKeys, suffix: string): Match<V> | undefined => {
    let best: number | undefined;
    for (const key of accessList) {
      const place = places.get(suffix === "" ? key : key + suffix);
      if (place !== undefined && (best === undefined || place < best)) best = place;
    }
    return best === undefined ? undefined : matches[best]?.();
  };
  return {
    find,
    findAll(keys, suffix, found) {
      const match = find(keys, suffix);
      if (match !== undefined) found.push(match);
    },
  };
}

function compileRegexps<V>(raw: RegexpTable, value: ValueType<V>, context: TableContext, path: TablePath): Table<V> {
  const rules: { readonly regexp: Regexp; readonly entry: Entry<V>; readonly groups: boolean }[] = [];
  for (const [index, rule] of raw.regexp.entries()) {
    const at = [...path, "regexp", index];
    const [pattern, member]: readonly unknown[] = typeof rule === "string" ? [rule, 1] : rule;
    if (typeof pattern !== "string") {
      context.problem({ severity: "error", path: at, message: "expected [pattern, value]" });
      continue;
    }
    try {
      rules.push({
        regexp: compileRegexp(pattern),
        entry: compileEntry(member, pattern, value, context, at, () => context.origin?.(at)),
        groups: typeof member === "string" && hasReplacement.test(member),
      });
    } catch (error) {
      if (!(error instanceof RegexpError)) throw error;
      context.problem({ severity: "error", path: at, message: error.message });
    }
  }
  const matchOf = (
    { regexp, entry, groups }: (typeof rules)[number],
    text: string,
  ): Entry<V> | Match<V> | undefined => {
    if (!groups) return regexp.test(text) ? (entry([]) ?? nothing) : undefined;
    const found = regexp.groups(text);
    return found === undefined ? undefined : (entry(found) ?? nothing);
  };
  return {
    find({ text }, suffix) {
      for (const rule of rules) {
        const match = matchOf(rule, text + suffix);
        if (match !== undefined) return typeof match === "function" ? undefined : match;
      }
      return undefined;
    },
    findAll({ text }, suffix, found) {
      for (const rule of rules) {
        const match = matchOf(rule, text + suffix);
        if (match !== undefined && typeof match !== "function") found.push(match);
      }
    },
  };
}

function readValue<V>(raw: unknown, value: ValueType<V>, context: TableContext, path: TablePath): V | undefined {
  const read = value.read(raw, path);
  if (read === undefined) {
    context.problem({ severity: "error", path, message: `expected ${value.expected}, found ${describe(raw)}` });
    return undefined;
  }
  const fault = value.fault?.(read);
  if (fault !== undefined) context.problem({ severity: "error", path, message: fault });
  return read;
}

function describe(raw: unknown): string {
  if (Array.isArray(raw)) return "a list";
  return isMapping(raw) ? "a mapping" : (JSON.stringify(raw) ?? String(raw));
}

function withOrigin<V>(match: Match<V>, origin: Origin | undefined): Match<V> {
  return origin === undefined ? match : { ...match, origin };
}
