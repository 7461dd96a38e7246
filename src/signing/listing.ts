// What all sources of keys share while they are listed: which keys there are so far, and what is wrong with them.
import type { KeyFiles, KeyProblem } from "./key-settings.ts";
import type { KeyLook } from "./look-at-keys.ts";
import type { KeyPlace, SigningKey } from "./signing-key.ts";

export interface KeyListing {
  readonly files: KeyFiles;
  readonly problems: KeyProblem[];
  readonly exposures: KeyProblem[];
  /** Keys that are found by domain, in order. */
  readonly keys: readonly SigningKey[];
  readonly byDomain: ReadonlyMap<string, readonly SigningKey[]>;
  readonly patterns: readonly SigningKey[];
  look(place: KeyPlace): KeyLook;
  /** Takes a key in; returns whether its domain and selector were free. */
  add(key: Omit<SigningKey, "number">): boolean;
}

export function createListing(files: KeyFiles, look: KeyListing["look"]): KeyListing {
  const keys: SigningKey[] = [];
  const byDomain = new Map<string, SigningKey[]>();
  const patterns: SigningKey[] = [];
  const usedByPatterns = new Set<string>();

  function addPattern(key: SigningKey): boolean {
    const name = `${key.selector} ${key.domain}`;
    if (usedByPatterns.has(name)) return false;
    usedByPatterns.add(name);
    patterns.push(key);
    return true;
  }

  function addDomain(key: SigningKey): boolean {
    const others = byDomain.get(key.domain);
    if (others === undefined) byDomain.set(key.domain, [key]);
    else if (others.some(({ selector }) => selector === key.selector)) return false;
    else others.push(key);
    return true;
  }

  return {
    files,
    problems: [],
    exposures: [],
    keys,
    byDomain,
    patterns,
    look,
    add(given) {
      const key = { ...given, number: keys.length + 1 };
      const isFree = key.pattern === undefined ? addDomain(key) : addPattern(key);
      if (isFree) keys.push(key);
      return isFree;
    },
  };
}
