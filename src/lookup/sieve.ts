// Says of most keys that a large hash does not have them, without going to the hash: its memory is too large for the
// processor's caches, and every key that is not there would be looked for in it (a Bloom filter of one hash).

export interface Sieve {
  /** False: the key is not among those the sieve was made of. */
  mayHave(key: string): boolean;
}

/** Smaller hashes stay in the caches anyway. */
const minKeys = 2000;
const bitsPerKey = 16;

/** Undefined where it would not pay. */
export function createSieve(keys: ReadonlyMap<string, unknown>): Sieve | undefined {
  if (keys.size < minKeys) return undefined;
  const bits = 2 ** Math.ceil(Math.log2(keys.size * bitsPerKey));
  const mask = bits - 1;
  const words = new Uint32Array(bits / 32);
  for (const key of keys.keys()) {
    const bit = hashOf(key) & mask;
    words[bit >>> 5] = (words[bit >>> 5] ?? 0) | (1 << (bit & 31));
  }
  return {
    mayHave(key) {
      const bit = hashOf(key) & mask;
      return ((words[bit >>> 5] ?? 0) & (1 << (bit & 31))) !== 0;
    },
  };
}

/** FNV-1a, its upper bits mixed into the lower ones. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash ^ (hash >>> 15);
}
