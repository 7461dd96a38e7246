// The declared keys, found by signing domain. Which one a mail gets is chosen in choose.ts; how they are listed is in
// load-keyring.ts. A private key is read when it first signs: of a hundred thousand domains few send mail at a time.

import type { KeyStore } from "./key-store.ts";
import { type KeysByDomain, keysIn } from "./listing.ts";
import type { ReadKey } from "./private-key.ts";
import type { SigningKey, SigningTable } from "./signing-key.ts";

export interface Keyring {
  /** All keys that are found by domain, in order of declaration, then those of key tables that are found by name. */
  readonly keys: readonly SigningKey[];
  /** Keys that may sign for a domain (A-labels), first declared first. */
  find(domain: string): readonly SigningKey[];
  /** The private key, read from its file unless it was used lately; or why it cannot be had. Never throws. */
  open(key: SigningKey): ReadKey;
  /** The same for one look at many keys: it is not kept. */
  look(key: SigningKey): ReadKey;
  /** Whether it was read lately. */
  isKept(key: SigningKey): boolean;
  /** Where one is configured it has the first word on who signs for whom. */
  readonly signingTable?: SigningTable;
}

export interface KeyringParts {
  /** Keys that are found by their domain, in order of declaration. */
  readonly byDomain: KeysByDomain;
  /** Those of a domain pattern, in order of declaration. */
  readonly patterns: readonly SigningKey[];
  readonly keys: readonly SigningKey[];
  readonly signingTable?: SigningTable;
  readonly store: KeyStore;
}

export function createKeyring({ byDomain, patterns, keys, signingTable, store }: KeyringParts): Keyring {
  return {
    keys,
    find(domain) {
      const found = keysIn(byDomain.get(domain));
      if (patterns.length === 0) return found;
      const matching = patterns.filter(({ pattern }) => pattern?.matches(domain));
      if (matching.length === 0) return found;
      return [...found, ...matching].sort((a, b) => a.number - b.number);
    },
    open: (key) => (key.trouble === undefined ? store.open(key) : { trouble: key.trouble }),
    look: (key) => (key.trouble === undefined ? store.look(key) : { trouble: key.trouble }),
    isKept: store.isKept,
    ...(signingTable === undefined ? {} : { signingTable }),
  };
}
