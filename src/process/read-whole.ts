// Files read whole, many small ones among them, with what their permissions are. A hundred thousand keys read one by
// one by readFileSync and then looked at by statSync cost a second more: a path is walked twice, a buffer made each time.
import { closeSync, fstatSync, openSync, readFileSync, readSync } from "node:fs";

export interface WholeFile {
  /** Good until the next call: a small file stands where the last small one stood. */
  readonly octets: Uint8Array;
  readonly mode: number;
  readonly uid: number;
}

const smallBytes = 64 * 1024;
let small: Buffer | undefined;

/** Throws as node:fs does. */
export function readWhole(path: string): WholeFile {
  const file = openSync(path, "r");
  try {
    const stats = fstatSync(file);
    const { mode, uid, size } = stats;
    // What is no regular file, or says that it is empty (as those of /proc do), is read until it ends.
    if (!stats.isFile() || size === 0 || size >= smallBytes) return { octets: readFileSync(file), mode, uid };
    small ??= Buffer.allocUnsafeSlow(smallBytes);
    const length = readSync(file, small, 0, smallBytes, 0);
    // Longer meanwhile than it was: somebody writes to it.
    if (length !== size) return { octets: readFileSync(path), mode, uid };
    return { octets: small.subarray(0, length), mode, uid };
  } finally {
    closeSync(file);
  }
}
