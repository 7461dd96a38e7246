// A signing table with what its key names stand for.
import type { NamedKey, SigningKey, SigningTable } from "./signing-key.ts";
import {
  createNameSearch,
  createWildcardSearch,
  hasWildcard,
  type SigningTableEntry,
  type SigningTableLines,
} from "./signing-table.ts";

/** What a key name stands for: one key, a key per sender's domain, or a line that gave none. */
export type Named = SigningKey | Map<string, SigningKey> | { readonly fault: string };

/** A signing table as it was read. */
export interface SigningNames {
  /** "refile" has wildcards. */
  readonly form: "file" | "refile";
  /** Every line that matches makes a signature. */
  readonly multiple: boolean;
  readonly entries: readonly SigningTableEntry[];
  readonly names: ReadonlyMap<string, Named>;
}

export function createSigningTable({ form, multiple, entries, names }: SigningNames): SigningTable {
  const matches = multiple ? "all" : "first";
  const search = form === "refile" ? createWildcardSearch : createNameSearch;

  function keyOf(name: string, domain: string): NamedKey {
    const named = names.get(name);
    if (named === undefined) return { missing: `the key table has no key "${name}"` };
    if ("fault" in named) return { missing: named.fault };
    if (!(named instanceof Map)) return { domain: named.pattern === undefined ? named.domain : domain, key: named };
    const key = named.get(domain);
    return key === undefined ? { missing: `there is no key file for ${domain}` } : { domain, key };
  }

  return {
    match: search(linesOf(entries, form), matches),
    keyFor: ({ keyName }, domain) => keyOf(keyName === "%" ? domain : keyName, domain),
  };
}

function linesOf(entries: readonly SigningTableEntry[], form: "file" | "refile"): SigningTableLines {
  /** A list where a pattern stands on several lines, which is rare. */
  const byPattern = new Map<string, number | number[]>();
  const wildcards: (readonly [number, string])[] = [];
  for (const [index, { pattern }] of entries.entries()) {
    if (form === "refile" && hasWildcard(pattern)) wildcards.push([index, pattern]);
    const others = byPattern.get(pattern);
    if (others === undefined) byPattern.set(pattern, index);
    else if (typeof others === "number") byPattern.set(pattern, [others, index]);
    else others.push(index);
  }
  return {
    wildcards,
    find(pattern) {
      const found = byPattern.get(pattern) ?? none;
      return typeof found === "number" ? [found] : found;
    },
    at(index) {
      const entry = entries[index];
      if (entry === undefined) throw new RangeError(`there is no line ${index}`);
      return entry;
    },
  };
}

const none: readonly number[] = [];
