// Lookup tables as the configuration writes them: plain data, whichever front (YAML, amavisd.conf) read it.
// What a map yields and from where is said by `Match`; compiling and searching is in `map.ts`.

export type Scalar = string | number | boolean | null;

/**
 * One table of a lookup map (amavisd's "lookup table"):
 * a scalar is a constant; a list of strings an access list ("!" negates); `{ regexp: [[pattern, value], pattern, …] }`
 * tries patterns in order; `{ file: path }` is a hash read from a file; any other mapping is a hash by address.
 */
export type RawTable = Scalar | readonly string[] | RegexpTable | FileTable | HashTable;
export interface RegexpTable {
  readonly regexp: readonly (string | readonly [pattern: string, value: unknown])[];
}
export interface FileTable {
  readonly file: string;
}
export interface HashTable {
  readonly [key: string]: unknown;
}

/** Where in the configuration something stands, for messages and for `check`: "signpost.yaml:12:5". */
export type Origin = string;

export interface Match<V> {
  readonly value: V;
  /** The key, pattern or list element that matched, as configured; "(constant)" for a constant. */
  readonly key: string;
  readonly origin?: Origin;
}

/** A compiled map: tables in order, the first that yields a defined value wins. */
export interface LookupMap<V> {
  /**
   * First match by amavisd's rules for one address (latin1 text of the path, domain in any form). A suffix
   * ("/@signer.example") is appended to every key that is tried.
   */
  first(address: string, suffix?: string): Match<V> | undefined;
  /** All matches, table after table, each table's most specific first. */
  all(address: string, suffix?: string): readonly Match<V>[];
}

/** One step into a map as configured: the index of a table, a key of it, … */
export type TablePath = readonly (string | number)[];

/** What is wrong with a map as configured, by its place within the map. */
export interface TableProblem {
  readonly severity: "error" | "warning";
  readonly path: TablePath;
  readonly message: string;
}

/** What the caller, who knows the configuration, hands in for compiling. Nothing here opens a file. */
export interface TableContext {
  /** The text of a `{ file: path }` table; throws when it cannot be read. */
  readFile(path: string): string;
  /** Where something of the map stands in the configuration. Asked at the first match, then remembered. */
  origin?(path: TablePath): Origin | undefined;
  problem(problem: TableProblem): void;
}

/** The two settings that say what a key is: amavisd's $recipient_delimiter and $localpart_is_case_sensitive. */
export interface LookupSettings {
  readonly recipient_delimiter: string | null;
  readonly localpart_is_case_sensitive: boolean;
}

/** A compiled list of networks ("10.0.0.0/8", "10.", "[fe80::]/10", "!net"); the first match decides. */
export interface NetworkList {
  contains(address: string): Match<boolean> | undefined;
}

/** One compiled table, searched by the keys of an address. */
export interface Table<Keys, V> {
  /** The table's first match; undefined when the next table is to be asked. */
  find(keys: Keys, suffix: string): Match<V> | undefined;
  /** Adds all matches to `found`, most specific first. */
  findAll(keys: Keys, suffix: string, found: Match<V>[]): void;
}

export function isListTable(raw: RawTable): raw is readonly string[] {
  return Array.isArray(raw);
}
