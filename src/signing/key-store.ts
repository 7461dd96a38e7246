// Private keys as they are used: read when somebody asks, and kept while they are in use. A file that several keys share
// is one KeyObject, since workers know keys by identity.
import { LRUCache } from "lru-cache";
import { permissionDenied, systemError } from "../mail/error-text.ts";
import { type PrivateKey, type ReadKey, readPrivateKey } from "./private-key.ts";
import type { KeyPlace } from "./signing-key.ts";

export interface KeyStore {
  /** Never throws; what was read is kept until others were used more lately. */
  open(place: KeyPlace): ReadKey;
  /** The same, but what was not kept before is not kept now. */
  look(place: KeyPlace): ReadKey;
  isKept(place: KeyPlace): boolean;
}

/** A kept key takes some 5 kB, most of it OpenSSL's. */
const keptAtMost = 4096;

/** @param readFile throws as node:fs does */
export function createKeyStore(readFile: (path: string) => Uint8Array, most: number = keptAtMost): KeyStore {
  const kept = new LRUCache<string, PrivateKey>({ max: most });

  function read({ source, text }: KeyPlace): ReadKey {
    if (text !== undefined) return readPrivateKey(Buffer.from(text, "latin1"));
    try {
      return readPrivateKey(readFile(source));
    } catch (error) {
      return { trouble: systemError(error) };
    }
  }

  return {
    open(place) {
      const name = nameOf(place);
      const key = kept.get(name);
      if (key !== undefined) return { key };
      const found = read(place);
      if ("key" in found) kept.set(name, found.key);
      return found;
    },
    look(place) {
      const key = kept.peek(nameOf(place));
      return key === undefined ? read(place) : { key };
    },
    isKept: (place) => kept.has(nameOf(place)),
  };
}

/** No file has a name that begins so. */
function nameOf({ source, text }: KeyPlace): string {
  return text === undefined ? source : `\0${text}`;
}

/** Marks a problem that is one of rights. */
export function deniedBy(trouble: string): { readonly denied?: true } {
  return trouble === permissionDenied ? { denied: true } : {};
}

/** "Can't open PEM file …: Permission denied" or "PEM file … is damaged". */
export function unreadable(source: string, trouble: string): string {
  return /^[A-Z]/.test(trouble) ? `Can't open PEM file ${source}: ${trouble}` : `PEM file ${source} ${trouble}`;
}
