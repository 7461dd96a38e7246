// Octets on shared memory: a job that carries views on it crosses to a worker without being copied.

/** The pieces one after the other in one shared block. */
export function concatShared(pieces: readonly Uint8Array[]): Uint8Array {
  let size = 0;
  for (const piece of pieces) size += piece.length;
  const octets = new Uint8Array(new SharedArrayBuffer(size));
  let at = 0;
  for (const piece of pieces) {
    octets.set(piece, at);
    at += piece.length;
  }
  return octets;
}
