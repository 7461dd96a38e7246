// What readers of tar see differently: what stands behind the two empty blocks that end it, and a name that is given to all members at
// once (pax, global header). libarchive stops at the first and passes over the second.

const blockBytes = 512;
/** Headers that are read; more than MAXFILES lets through. */
const maxHeaders = 20_000;
const zero = Buffer.alloc(blockBytes);

/** Undefined where readers agree, or where the file cannot be followed. Never throws; linear in the file. */
export function tarDoubt(octets: Buffer): string | undefined {
  /** Of the next member, by a header of its own in front of it. */
  let paxSize: number | undefined;
  let at = 0;
  for (let headers = 0; headers < maxHeaders && at + blockBytes <= octets.length; headers += 1) {
    const header = octets.subarray(at, at + blockBytes);
    if (header.equals(zero)) return isZero(octets, at) ? undefined : "octets behind its end";
    const type = String.fromCharCode(header[156] ?? 0);
    const bytes = ownSize(header, type, paxSize);
    if (bytes === undefined) return undefined;
    const data = octets.subarray(at + blockBytes, at + blockBytes + bytes);
    if (type === "g" && recordOf(data, "path") !== undefined) return "one name for all its members";
    const stated = type === "x" ? recordOf(data, "size") : undefined;
    paxSize = stated === undefined ? undefined : Number(stated);
    at += blockBytes * (1 + Math.ceil(bytes / blockBytes));
  }
  return undefined;
}

/** Links, devices and folders have no content, whatever size they state. */
function ownSize(header: Buffer, type: string, paxSize: number | undefined): number | undefined {
  if ("123456".includes(type)) return 0;
  if (paxSize !== undefined) return Number.isSafeInteger(paxSize) && paxSize >= 0 ? paxSize : undefined;
  if (((header[124] ?? 0) & 0x80) !== 0) return header.readUIntBE(130, 6);
  const digits = /^ *([0-7]+)/.exec(header.toString("latin1", 124, 136))?.[1];
  return digits === undefined ? undefined : Number.parseInt(digits, 8);
}

/** "27 path=...\n" (POSIX pax). */
function recordOf(data: Buffer, key: string): string | undefined {
  const text = data.toString("latin1", 0, Math.min(data.length, 64 * 1024));
  return new RegExp(`(?:^|\\n)\\d+ ${key}=([^\\n]*)`).exec(text)?.[1];
}

function isZero(octets: Buffer, from: number): boolean {
  for (let at = from; at < octets.length; at += blockBytes) {
    const piece = octets.subarray(at, at + blockBytes);
    if (!piece.equals(zero.subarray(0, piece.length))) return false;
  }
  return true;
}
