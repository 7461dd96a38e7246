// Octets on shared memory: a job that carries views on it crosses to a worker without being copied.
import { asBuffer } from "./header.ts";

/** The pieces one after the other in one shared block. */
export function concatShared(pieces: readonly Uint8Array[]): Uint8Array {
  let size = 0;
  for (const piece of pieces) size += piece.length;
  const octets = Buffer.from(new SharedArrayBuffer(size));
  let at = 0;
  for (const piece of pieces) {
    // Into shared memory Buffer.copy is many times faster than Uint8Array.set.
    asBuffer(piece).copy(octets, at);
    at += piece.length;
  }
  return octets;
}
