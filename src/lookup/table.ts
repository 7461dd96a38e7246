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
  /** First match by amavisd's rules for one address (latin1 text of the path, domain in any form). */
  first(address: string): Match<V> | undefined;
  /** All matches, table after table, each table's most specific first. */
  all(address: string): readonly Match<V>[];
}

/** A compiled list of networks ("10.0.0.0/8", "10.", "[fe80::]/10", "!net"); the first match decides. */
export interface NetworkList {
  contains(address: string): Match<boolean> | undefined;
}
