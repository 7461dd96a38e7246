// A signing table with what its key names stand for, packed like the keys themselves: of a hundred thousand lines few are
// asked for at a time.
import { openRows, type PackedRows, packRows, type Row } from "../lookup/packed-rows.ts";
import type { NamedKey, SigningKey, SigningTable } from "./keyring.ts";
import {
  createNameSearch,
  createWildcardSearch,
  hasWildcard,
  type SigningTableEntry,
  type SigningTableLines,
} from "./signing-table.ts";

/** What a key name stands for: one key, a key per sender's domain, or a line that gave none. */
export type Named =
  | { readonly key: SigningKey }
  | { readonly perDomain: ReadonlyMap<string, SigningKey> }
  | { readonly fault: string };

/** A signing table as it was read. */
export interface SigningNames {
  /** "refile" has wildcards. */
  readonly form: "file" | "refile";
  /** Every line that matches makes a signature. */
  readonly multiple: boolean;
  readonly entries: readonly SigningTableEntry[];
  readonly names: ReadonlyMap<string, Named>;
}

/** Plain data: survives a structured clone. */
export interface PackedSigningTable {
  readonly form: "file" | "refile";
  readonly multiple: boolean;
  /** Lines by pattern: see `LineRow`. */
  readonly lines: PackedRows<LineRow>;
  /** Rows of lines whose patterns are to be tried one by one. */
  readonly wildcards: readonly number[];
  /** By key name: see `NameRow`. */
  readonly names: PackedRows<NameRow>;
  /** Rows of keys by key name and the sender's domain. */
  readonly perDomain: PackedRows<number>;
}

type LineRow = readonly [line: number, keyName: string, signer?: string];
/** The row of a key, what is wrong with the name's line, or nothing for a name that stands for a key per domain. */
type NameRow = number | string | null;

export function packSigningTable(
  { form, multiple, entries, names }: SigningNames,
  rowOf: (key: SigningKey) => number,
): PackedSigningTable {
  const wildcards: number[] = [];
  const lines = entries.map(({ line, pattern, keyName, signer }, row): Row<LineRow> => {
    if (form === "refile" && hasWildcard(pattern)) wildcards.push(row);
    const value: LineRow = signer === undefined ? [line, keyName] : [line, keyName, signer];
    return [pattern, value];
  });
  const perDomain: Row<number>[] = [];
  const nameRows = [...names].map(([name, named]): Row<NameRow> => {
    const value: NameRow = "key" in named ? rowOf(named.key) : "fault" in named ? named.fault : null;
    if ("perDomain" in named) {
      for (const [domain, key] of named.perDomain) perDomain.push([domainOf(name, domain), rowOf(key)]);
    }
    return [name, value];
  });
  return {
    form,
    multiple,
    lines: packRows(lines),
    wildcards,
    names: packRows(nameRows),
    perDomain: packRows(perDomain),
  };
}

/** @param keyAt a key by its row */
export function openSigningTable(packed: PackedSigningTable, keyAt: (row: number) => SigningKey): SigningTable {
  const matches = packed.multiple ? "all" : "first";
  const search = packed.form === "refile" ? createWildcardSearch : createNameSearch;
  const names = openRows(packed.names);
  const perDomain = openRows(packed.perDomain);

  const kept = new Map<string, NamedKey>();

  function keyOf(name: string, domain: string): NamedKey {
    const known = kept.get(name);
    if (known !== undefined) return known;
    const [row] = names.find(name);
    if (row === undefined) return { missing: `the key table has no key "${name}"` };
    const value = names.valueOf(row);
    if (value === null) return keyInDomain(name, domain);
    if (typeof value === "string") return { missing: value };
    const key = keyAt(value);
    if (key.pattern !== undefined) return { domain, key };
    const named = { domain: key.domain, key };
    kept.set(name, named);
    return named;
  }

  function keyInDomain(name: string, domain: string): NamedKey {
    const [row] = perDomain.find(domainOf(name, domain));
    return row === undefined
      ? { missing: `there is no key file for ${domain}` }
      : { domain, key: keyAt(perDomain.valueOf(row)) };
  }

  return {
    match: search(openLines(packed), matches),
    keyFor: ({ keyName }, domain) => keyOf(keyName === "%" ? domain : keyName, domain),
  };
}

function openLines({ lines, wildcards }: PackedSigningTable): SigningTableLines {
  const rows = openRows(lines);
  const kept = new Map<number, SigningTableEntry>();
  return {
    find: rows.find,
    wildcards: wildcards.map((row) => [row, rows.nameOf(row)]),
    at(row) {
      const known = kept.get(row);
      if (known !== undefined) return known;
      const [line, keyName, signer] = rows.valueOf(row);
      const entry = { line, pattern: rows.nameOf(row), keyName, ...(signer === undefined ? {} : { signer }) };
      kept.set(row, entry);
      return entry;
    },
  };
}

function domainOf(name: string, domain: string): string {
  return `${name}\0${domain}`;
}
