// What an archive states of its own extent, looked at before libarchive reads it: that ends without a word where some formats
// are cut off, and lists nothing of what is behind a password.
import type { ArchiveKind } from "./signatures.ts";

export interface ArchiveFrame {
  /** Why not all of the archive can be there, or be read. */
  readonly fault?: string;
  /** The list of its members is behind a password. */
  readonly encrypted: boolean;
  /** Members that must be found, where the frame gives the number: more than these may be. */
  readonly leastMembers: number;
}

const whole: ArchiveFrame = { encrypted: false, leastMembers: 0 };
const cutOff: ArchiveFrame = { ...whole, fault: "it is cut off" };

export function readFrame(kind: ArchiveKind, octets: Buffer): ArchiveFrame {
  switch (kind) {
    case "7z":
      return sevenZip(octets);
    case "rar":
      return octets[6] === 1 ? rar5(octets) : rar4(octets);
    case "cab":
      return octets.length < 36 || octets.readUInt32LE(8) > octets.length
        ? cutOff
        : { ...whole, leastMembers: octets.readUInt16LE(28) };
    case "iso":
      return octets.length < 34_816 || octets.readUInt32LE(32_848) * 2048 > octets.length ? cutOff : whole;
    default:
      return whole;
  }
}

/** The header stands behind the data: where, and how long it is, stands in front. */
function sevenZip(octets: Buffer): ArchiveFrame {
  if (octets.length < 32) return cutOff;
  const size = octets.readBigUInt64LE(20);
  if (32n + octets.readBigUInt64LE(12) + size > BigInt(octets.length)) return cutOff;
  return { ...whole, leastMembers: size === 0n ? 0 : 1 };
}

/** Blocks that are walked; more members than any limit allows. */
const maxBlocks = 100_000;

function rar5(octets: Buffer): ArchiveFrame {
  let leastMembers = 0;
  let at = 8;
  for (let blocks = 0; blocks < maxBlocks; blocks += 1) {
    const size = readVint(octets, at + 4);
    const type = readVint(octets, size.next);
    const flags = readVint(octets, type.next);
    const extra = (flags.value & 1) === 0 ? { value: 0, next: flags.next } : readVint(octets, flags.next);
    const data = (flags.value & 2) === 0 ? { value: 0, next: extra.next } : readVint(octets, extra.next);
    const next = size.next + size.value + data.value;
    if (next > octets.length || size.value === 0) return { ...cutOff, leastMembers };
    if (type.value === 4) return { ...whole, encrypted: true };
    if (type.value === 5) return { ...whole, leastMembers };
    if (type.value === 2) leastMembers += 1;
    at = next;
  }
  return { ...whole, leastMembers };
}

interface Vint {
  readonly value: number;
  readonly next: number;
}

/** Seven bits an octet, the lowest first; what is too long for a file comes out as too large. */
function readVint(octets: Buffer, at: number): Vint {
  let value = 0;
  for (let i = 0; i < 10; i += 1) {
    const octet = octets[at + i];
    if (octet === undefined) break;
    value += (octet & 127) * 2 ** (7 * i);
    if (octet < 128) return { value, next: at + i + 1 };
  }
  return { value: Number.MAX_SAFE_INTEGER, next: octets.length };
}

/** Old archives have no end block: then the last block ends with the file. */
function rar4(octets: Buffer): ArchiveFrame {
  let leastMembers = 0;
  let at = 7;
  for (let blocks = 0; blocks < maxBlocks && at !== octets.length; blocks += 1) {
    if (at + 7 > octets.length) return { ...cutOff, leastMembers };
    const type = octets[at + 2];
    const flags = octets.readUInt16LE(at + 3);
    const size = octets.readUInt16LE(at + 5);
    const isFile = type === 0x74;
    const data = (isFile || (flags & 0x8000) !== 0) && at + 11 <= octets.length ? octets.readUInt32LE(at + 7) : 0;
    if (type === 0x73 && (flags & 0x80) !== 0) return { ...whole, encrypted: true };
    if (type === 0x7b) return { ...whole, leastMembers };
    if (size < 7 || at + size + data > octets.length) return { ...cutOff, leastMembers };
    if (isFile) leastMembers += 1;
    at += size + data;
  }
  return { ...whole, leastMembers };
}
