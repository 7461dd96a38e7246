// Octets that come piece by piece, kept in blocks: a million pieces of one octet are no million objects.

export interface Gathering {
  /** Keeps a copy. */
  add(octets: Buffer): void;
  /** All of it in one piece. */
  whole(): Buffer;
}

const firstBlockBytes = 1024;
const maxBlockBytes = 1024 * 1024;

/** Memory: at most twice what was added, and what `whole` makes. */
export function createGathering(): Gathering {
  const full: Buffer[] = [];
  let block = Buffer.alloc(0);
  let fill = 0;
  return {
    add(octets) {
      const at = octets.copy(block, fill);
      fill += at;
      if (at === octets.length) return;
      full.push(block);
      block = Buffer.allocUnsafeSlow(
        Math.max(octets.length - at, firstBlockBytes, Math.min(block.length * 2, maxBlockBytes)),
      );
      fill = octets.copy(block, 0, at);
    },
    whole: () => Buffer.concat([...full, block.subarray(0, fill)]),
  };
}
