// What all sources of keys share while they are listed: which keys there are so far, and what is wrong with them.
import { ownCopy } from "../mail/own-copy.ts";
import { createNumbering } from "./folder-key.ts";
import type { KeyFiles, KeyProblem } from "./key-settings.ts";
import type { KeyLook } from "./look-at-keys.ts";
import type { KeyPlace, SigningKey } from "./signing-key.ts";

/** Most domains have one key: a list for each would take as much memory as its key. */
export type KeysByDomain = ReadonlyMap<string, SigningKey | readonly SigningKey[]>;

export interface KeyListing {
  readonly files: KeyFiles;
  readonly problems: KeyProblem[];
  readonly exposures: KeyProblem[];
  /** Keys that are found by domain, in order. */
  readonly keys: readonly SigningKey[];
  readonly byDomain: KeysByDomain;
  readonly patterns: readonly SigningKey[];
  look(place: KeyPlace): KeyLook;
  /** Returns one and the same string for equal texts, which saves memory: most keys have the selector of others. */
  shared(text: string): string;
  /** A key in the form in which it is kept. */
  numbered(key: Omit<SigningKey, "number">, number: number): SigningKey;
  /** Takes a key in; returns whether its domain and selector were free. */
  add(key: Omit<SigningKey, "number">): boolean;
}

export function createListing(files: KeyFiles, look: KeyListing["look"]): KeyListing {
  const keys: SigningKey[] = [];
  const byDomain = new Map<string, SigningKey | SigningKey[]>();
  const patterns: SigningKey[] = [];
  const usedByPatterns = new Set<string>();
  const texts = new Map<string, string>();
  const numbered = createNumbering();

  function addPattern(key: SigningKey): boolean {
    const name = `${key.selector} ${key.domain}`;
    if (usedByPatterns.has(name)) return false;
    usedByPatterns.add(name);
    patterns.push(key);
    return true;
  }

  function addDomain(key: SigningKey): boolean {
    const others = byDomain.get(key.domain);
    if (others === undefined) byDomain.set(key.domain, key);
    else if (keysIn(others).some(({ selector }) => selector === key.selector)) return false;
    else if (Array.isArray(others)) others.push(key);
    else byDomain.set(key.domain, [others, key]);
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
    shared(text) {
      const same = texts.get(text);
      if (same !== undefined) return same;
      const own = ownCopy(text);
      texts.set(own, own);
      return own;
    },
    numbered,
    add(given) {
      const key = numbered(given, keys.length + 1);
      const isFree = key.pattern === undefined ? addDomain(key) : addPattern(key);
      if (isFree) keys.push(key);
      return isFree;
    },
  };
}

/** All keys of a domain, first declared first. */
export function keysIn(found: SigningKey | readonly SigningKey[] | undefined): readonly SigningKey[] {
  if (found === undefined) return none;
  return isList(found) ? found : [found];
}

function isList(found: SigningKey | readonly SigningKey[]): found is readonly SigningKey[] {
  return Array.isArray(found);
}

const none: readonly SigningKey[] = [];
