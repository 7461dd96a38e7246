// Bounds what decoding a DNS packet costs. Compression pointers (RFC 1035 section 4.1.4) may point at pointers: a packet of
// 64 KiB has room for thousands of names that each lead through thousands of them.

/** Labels and pointers of all names of a packet that are read. Two hundred records take hardly a thousand. */
const maxSteps = 32_768;

const headerOctets = 12;
/** The types whose records are read, each with the places of the names in its data, one after the other from there. */
const namesOf: ReadonlyMap<number, { readonly at: number; readonly count: number }> = new Map([
  [1, { at: 0, count: 0 }],
  [2, { at: 0, count: 1 }],
  [5, { at: 0, count: 1 }],
  [6, { at: 0, count: 2 }],
  [12, { at: 0, count: 1 }],
  [15, { at: 2, count: 1 }],
  [16, { at: 0, count: 0 }],
  [28, { at: 0, count: 0 }],
]);
/** For private use (RFC 6895 section 3.1): its data is taken as octets. */
const opaqueType = 0xff00;

/**
 * The packet as it is to be decoded: records of types that nobody reads have their data made opaque. Undefined when it is no
 * DNS message, or when its names take too many steps.
 */
export function boundedPacket(octets: Buffer): Buffer | undefined {
  if (octets.length < headerOctets) return undefined;
  const steps = { left: maxSteps };
  let readable = octets;
  let at = headerOctets;
  for (let left = octets.readUInt16BE(4); left > 0; left -= 1) {
    const end = endOfName(octets, at, steps);
    if (end === undefined) return undefined;
    at = end + 4;
  }
  let records = octets.readUInt16BE(6) + octets.readUInt16BE(8) + octets.readUInt16BE(10);
  for (; records > 0; records -= 1) {
    const end = endOfName(octets, at, steps);
    if (end === undefined || end + 10 > octets.length) return undefined;
    const data = end + 10;
    const next = data + octets.readUInt16BE(end + 8);
    if (next > octets.length) return undefined;
    const names = namesOf.get(octets.readUInt16BE(end));
    if (names === undefined) {
      if (readable === octets) readable = Buffer.from(octets);
      readable.writeUInt16BE(opaqueType, end);
    } else if (!canWalk(octets, data + names.at, names.count, steps)) return undefined;
    at = next;
  }
  return readable;
}

interface Steps {
  left: number;
}

function canWalk(octets: Buffer, start: number, count: number, steps: Steps): boolean {
  let at: number | undefined = start;
  for (let left = count; left > 0 && at !== undefined; left -= 1) at = endOfName(octets, at, steps);
  return at !== undefined;
}

/** Follows a name to its end; gives where what stands behind it begins. */
function endOfName(octets: Buffer, start: number, steps: Steps): number | undefined {
  let end: number | undefined;
  for (let at = start; ; ) {
    const length = octets[at];
    if (length === undefined || steps.left === 0) return undefined;
    steps.left -= 1;
    if (length === 0) return end ?? at + 1;
    if (length < 0x40) at += length + 1;
    else {
      const low = octets[at + 1];
      if (length < 0xc0 || low === undefined) return undefined;
      end ??= at + 2;
      at = ((length & 0x3f) << 8) | low;
    }
  }
}
