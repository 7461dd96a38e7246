// The private keys that are there, found by signing domain. Which one a mail gets is chosen in choose.ts; where they
// come from is read in load-keyring.ts.
import type { KeyOptions } from "./key-options.ts";
import type { StoredKey } from "./private-key.ts";
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

export interface DomainPattern {
  /** As declared, for messages. */
  readonly text: string;
  matches(domain: string): boolean;
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

export interface Keyring {
  /** All keys that are found by domain, in order of declaration, then those of key tables that are found by name. */
  readonly keys: readonly SigningKey[];
  /** Keys that may sign for a domain (A-labels), first declared first. */
  find(domain: string): readonly SigningKey[];
  /** Where one is configured it has the first word on who signs for whom. */
  readonly signingTable?: SigningTable;
}

const none: readonly SigningKey[] = [];

/** @param named keys that only a signing table may choose */
export function createKeyring(
  byDomain: readonly SigningKey[],
  named: readonly SigningKey[] = [],
  signingTable?: SigningTable,
): Keyring {
  const exact = new Map<string, SigningKey[]>();
  const patterns: SigningKey[] = [];
  for (const key of byDomain) {
    if (key.pattern !== undefined) {
      patterns.push(key);
      continue;
    }
    const others = exact.get(key.domain);
    if (others === undefined) exact.set(key.domain, [key]);
    else others.push(key);
  }

  return {
    keys: [...byDomain, ...named],
    find(domain) {
      const found = exact.get(domain) ?? none;
      const matching = patterns.filter((key) => key.pattern?.matches(domain));
      if (matching.length === 0) return found;
      return [...found, ...matching].sort((a, b) => a.number - b.number);
    },
    ...(signingTable === undefined ? {} : { signingTable }),
  };
}
