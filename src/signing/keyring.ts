// The private keys that are there, found by signing domain. Which one a mail gets is chosen in choose.ts; where they
// come from is read in load-keyring.ts. They are held packed: of a hundred thousand keys few are used at a time, and
// whoever read them may have been another process.
import { openRows, type PackedRows } from "../lookup/packed-rows.ts";
import { type DomainPattern, domainPattern, type PatternKind } from "./domain-pattern.ts";
import { type KeyOptions, noOptions } from "./key-options.ts";
import { keyForms, StoredKey } from "./private-key.ts";
import { openSigningTable, type PackedSigningTable } from "./signing-names.ts";
import type { SigningTableEntry } from "./signing-table.ts";

/** One declared key: normally one record in the DNS. */
export interface SigningKey {
  /** Place in the order of declaration, from 1, as `showkeys` counts. */
  readonly number: number;
  /** A-labels; of a wildcard key the pattern as declared. */
  readonly domain: string;
  readonly selector: string;
  /** Set for keys of a wildcard or regexp domain: they sign for the address's own domain. */
  readonly pattern?: DomainPattern;
  /** The file, or "(inline)". */
  readonly source: string;
  readonly options: KeyOptions;
  /** Undefined when the key cannot be had; `trouble` then says why, and mail that needs it is deferred. */
  readonly key: StoredKey | undefined;
  readonly trouble?: string;
  /** Where it was declared, "KeyTable:3"; undefined for dkim_keys. */
  readonly origin?: string;
}

/** OpenDKIM's signing table: who signs for which sender. */
export interface SigningTable {
  /**
   * Entries for an address (domain in lower-case A-labels), the one that counts first; only that one unless the
   * table was made for several signatures.
   */
  match(localPart: string, domain: string): readonly SigningTableEntry[];
  /** What an entry's key name stands for: one key with its d=, or why there is none. */
  keyFor(entry: SigningTableEntry, domain: string): NamedKey;
}

export type NamedKey = { readonly domain: string; readonly key: SigningKey } | { readonly missing: string };

/** Keys are made when they are asked for, by `at` anew each time unless a mail was signed with it. */
export interface KeyList extends Iterable<SigningKey> {
  readonly length: number;
  at(index: number): SigningKey | undefined;
  /** How many of them can be had. */
  readonly usable: number;
  /** By index a number that the same key has after a reload, 0 for a key without a place of its own in the DNS. */
  readonly identities: Float64Array;
}

export interface Keyring {
  /** All keys that are found by domain, in order of declaration, then those of key tables that are found by name. */
  readonly keys: KeyList;
  /** Keys that may sign for a domain (A-labels), first declared first. */
  find(domain: string): readonly SigningKey[];
  /** Where one is configured it has the first word on who signs for whom. */
  readonly signingTable?: SigningTable;
}

/** A keyring as plain data: survives a structured clone. */
export interface PackedKeyring {
  /** A row for each key, by domain where it is found by it: see `KeyRow`. */
  readonly keys: PackedRows<KeyRow>;
  /** Rows of keys of a domain pattern. */
  readonly patterns: readonly number[];
  readonly usable: number;
  readonly identities: Float64Array;
  /** The DER of all private keys, as many in each array as were read together; a file that several keys share is there once. */
  readonly der: readonly Uint8Array[];
  /** Five for each: index in `keyForms`, bits, index in `der`, start and end there. */
  readonly stored: Uint32Array;
  readonly signingTable?: PackedSigningTable;
}

export const storedColumns = 5;

/** The value of a row: what a SigningKey has, in order; `stored` is -1 for a key that cannot be had. */
export type KeyRow = readonly [
  number: number,
  domain: string,
  selector: string,
  source: string,
  stored: number,
  rest: {
    readonly options?: KeyOptions;
    readonly pattern?: PatternKind;
    readonly trouble?: string;
    readonly origin?: string;
  },
];

/** No domain: what keys stand by that are not found by theirs. */
export const notByDomain = "\0";

const none: readonly SigningKey[] = [];

export function openKeyring(packed: PackedKeyring): Keyring {
  const { der, stored, identities, usable } = packed;
  const rows = openRows(packed.keys);
  /** Those that mail was signed with: their key objects are made once, and workers know them by identity. */
  const kept = new Map<number, SigningKey>();
  const keptStored = new Map<number, StoredKey>();
  const byDomain = new Map<string, readonly SigningKey[]>();
  const patterns = packed.patterns.map(keep);

  function readStored(index: number): StoredKey | undefined {
    if (index < 0) return undefined;
    const [form = 0, bits = 0, at = 0, start = 0, end = 0] = stored.subarray(storedColumns * index);
    const keyForm = keyForms[form];
    const array = der[at];
    return keyForm === undefined || array === undefined
      ? undefined
      : new StoredKey(keyForm, bits, { array, start, end });
  }

  function read(row: number, storedAt: (index: number) => StoredKey | undefined): SigningKey {
    const [number, domain, selector, source, index, more] = rows.valueOf(row);
    const { options = noOptions, pattern, ...rest } = more;
    const key = { number, domain, selector, source, options, key: storedAt(index), ...rest };
    return pattern === undefined ? key : { ...key, pattern: domainPattern(pattern, domain) };
  }

  function keepStored(index: number): StoredKey | undefined {
    const known = keptStored.get(index) ?? readStored(index);
    if (known !== undefined) keptStored.set(index, known);
    return known;
  }

  function keep(row: number): SigningKey {
    const known = kept.get(row) ?? read(row, keepStored);
    kept.set(row, known);
    return known;
  }

  function at(row: number): SigningKey {
    return kept.get(row) ?? read(row, (index) => keptStored.get(index) ?? readStored(index));
  }

  function findExact(domain: string): readonly SigningKey[] {
    const known = byDomain.get(domain);
    if (known !== undefined) return known;
    const found = rows.find(domain);
    if (found.length === 0) return none;
    const keys = found.map(keep);
    byDomain.set(domain, keys);
    return keys;
  }

  return {
    keys: {
      length: rows.length,
      usable,
      identities,
      at: (index) => (index >= 0 && index < rows.length ? at(index) : undefined),
      *[Symbol.iterator]() {
        for (let row = 0; row < rows.length; row += 1) yield at(row);
      },
    },
    find(domain) {
      const found = findExact(domain);
      if (patterns.length === 0) return found;
      const matching = patterns.filter((key) => key.pattern?.matches(domain));
      if (matching.length === 0) return found;
      return [...found, ...matching].sort((a, b) => a.number - b.number);
    },
    ...(packed.signingTable === undefined ? {} : { signingTable: openSigningTable(packed.signingTable, keep) }),
  };
}
