// The header section of a part, gathered line by line within its bound.
import { type HeaderSplit, splitHeader } from "../mail/header.ts";

/** Octets of one header section that are read. */
export const maxSectionBytes = 256 * 1024;

export interface HeaderSection {
  /** Keeps a copy, up to the bound. */
  add(octets: Buffer): void;
  readonly sizeBytes: number;
  fields(): HeaderSplit;
}

export function createHeaderSection(): HeaderSection {
  const pieces: Buffer[] = [];
  let sizeBytes = 0;
  return {
    add(octets) {
      if (sizeBytes <= maxSectionBytes) pieces.push(Buffer.from(octets.subarray(0, maxSectionBytes + 1 - sizeBytes)));
      sizeBytes += octets.length;
    },
    get sizeBytes() {
      return sizeBytes;
    },
    fields: () => splitHeader(Buffer.concat(pieces)),
  };
}
