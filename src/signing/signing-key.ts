// A declared key and what a signing table makes of it. A key is what configuration says of it; the private key itself is
// read when it first signs (keyring.ts).
import type { DomainPattern } from "./domain-pattern.ts";
import type { KeyOptions } from "./key-options.ts";
import type { SigningTableEntry } from "./signing-table.ts";

/** Where a private key is. */
export interface KeyPlace {
  /** The file, or "(inline)". */
  readonly source: string;
  /** The key itself, where it stands in the configuration or in a table. */
  readonly text?: string;
}

/** One declared key: normally one record in the DNS. */
export interface SigningKey extends KeyPlace {
  /** Place in the order of declaration, from 1, as `showkeys` counts. */
  readonly number: number;
  /** A-labels; of a wildcard key the pattern as declared. */
  readonly domain: string;
  /** "" for a folder that cannot be read: it may hold any. */
  readonly selector: string;
  /** Set for keys of a wildcard or regexp domain: they sign for the address's own domain. */
  readonly pattern?: DomainPattern;
  readonly options: KeyOptions;
  /** Why it cannot be had, as it was when the configuration was loaded; mail that needs it is deferred. */
  readonly trouble?: string;
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
