// The header section of a part, gathered line by line within its bound.

/** Octets of one header section that are read. */
export const maxSectionBytes = 256 * 1024;

export interface HeaderSection {
  /** Keeps a copy, up to the bound. */
  add(octets: Buffer): void;
  sizeBytes(): number;
  /** What was added, and `last` behind it; one octet more than the bound where there is more. Keeps nothing. */
  with(last: Buffer): Buffer;
}

export function createHeaderSection(): HeaderSection {
  const pieces: Buffer[] = [];
  let sizeBytes = 0;
  const withinBound = (octets: Buffer) => octets.subarray(0, Math.max(0, maxSectionBytes + 1 - sizeBytes));
  return {
    add(octets) {
      if (sizeBytes <= maxSectionBytes) pieces.push(Buffer.from(withinBound(octets)));
      sizeBytes += octets.length;
    },
    sizeBytes: () => sizeBytes,
    with(last) {
      if (pieces.length === 0 && last.length <= maxSectionBytes) return last;
      return Buffer.concat([...pieces, withinBound(last)]);
    },
  };
}
