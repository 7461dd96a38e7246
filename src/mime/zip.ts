// What a zip file says it holds, in both places where it says so: the directory at its end, and before each member. Readers
// go by the one or the other; where the two differ so do the readers.
import type { UncheckedReason } from "../mail/content.ts";
import { addVariants } from "./names.ts";

export interface ZipMember {
  /** By every reading, of both places. */
  readonly names: readonly string[];
  readonly encrypted: boolean;
  /** 0 stored, 8 deflated; others as in the specification, 4.4.5. */
  readonly method: number;
  readonly packed: Buffer;
  /** What it unpacks to, by the directory. */
  readonly sizeBytes: number;
  readonly crc: number;
}

export interface ZipContents {
  readonly members: readonly ZipMember[];
  /** What readers differ over, or what cannot be read. */
  readonly doubts: readonly { readonly reason: UncheckedReason; readonly detail: string }[];
}

const localMark = 0x04034b50;
const directoryMark = 0x02014b50;
const endMark = 0x06054b50;
const end64Mark = 0x06064b50;
const locator64Mark = 0x07064b50;
const endBytes = 22;
const maxCommentBytes = 65_535;
/** "The real figure stands elsewhere." */
const far32 = 0xffffffff;

interface Entry {
  readonly name: string;
  readonly extra: Buffer;
  readonly flags: number;
  readonly method: number;
  readonly crc: number;
  readonly packedBytes: number;
  readonly sizeBytes: number;
  /** Of the local header. */
  readonly at: number;
}

/** `maxMembers`: more are not listed. Never throws; linear in the file. */
export function readZip(zip: Buffer, maxMembers: number): ZipContents {
  const doubts = new Map<string, UncheckedReason>();
  const end = findEnd(zip);
  const listed = end === undefined ? undefined : readDirectory(zip, end, maxMembers);
  if (listed === undefined) doubts.set("a zip file without a directory that can be read", "failed");
  const known = listed ?? [];
  if (end !== undefined && known.length < Math.min(end.count, maxMembers))
    doubts.set("a zip file whose directory breaks off", "failed");
  const members: ZipMember[] = [];
  const covered: Span[] = [];
  for (const entry of known) {
    const local = readLocal(zip, entry.at);
    if (local === undefined) {
      doubts.set("a member that is not where the directory says", "failed");
      members.push({ ...memberOf(zip, entry, entry.at), packed: zip.subarray(0, 0) });
      continue;
    }
    if (differs(entry, local))
      doubts.set("a member that the directory describes otherwise than its own header", "ambiguous");
    covered.push({ from: entry.at, to: local.dataAt + entry.packedBytes });
    if (isFolder(entry)) continue;
    if (local.dataAt + entry.packedBytes > zip.length) doubts.set("a member that is cut off", "failed");
    members.push(memberOf(zip, entry, local.dataAt, local));
  }
  const hidden = hiddenMembers(zip, covered, maxMembers - members.length);
  if (hidden.length > 0 && listed !== undefined) doubts.set("members that the directory does not list", "ambiguous");
  return {
    members: [...members, ...hidden],
    doubts: [...doubts].map(([detail, reason]) => ({ reason, detail })),
  };
}

interface End {
  readonly count: number;
  readonly directoryAt: number;
  /** Octets before the first one that the file reckons from. */
  readonly shift: number;
}

function findEnd(zip: Buffer): End | undefined {
  const lowest = Math.max(0, zip.length - endBytes - maxCommentBytes);
  for (let at = zip.length - endBytes; at >= lowest; at -= 1) {
    if (zip[at] !== 0x50 || zip.readUInt32LE(at) !== endMark) continue;
    // Octets behind the comment: the mark may stand in a member or in the comment itself, the last one counts.
    if (at + endBytes + zip.readUInt16LE(at + 20) > zip.length) continue;
    const far = readEnd64(zip, at);
    const count = far?.count ?? zip.readUInt16LE(at + 10);
    const size = far?.size ?? zip.readUInt32LE(at + 12);
    const stated = far?.offset ?? zip.readUInt32LE(at + 16);
    const directoryAt = (far?.at ?? at) - size;
    if (directoryAt < 0 || directoryAt < stated) return { count, directoryAt: stated, shift: 0 };
    return { count, directoryAt, shift: directoryAt - stated };
  }
  return undefined;
}

function readEnd64(zip: Buffer, end: number): { count: number; size: number; offset: number; at: number } | undefined {
  const locator = end - 20;
  if (locator < 0 || zip.readUInt32LE(locator) !== locator64Mark) return undefined;
  const stated = Number(zip.readBigUInt64LE(locator + 8));
  // Where it is stated to be, or right before, when something was put in front of the file.
  const at = [stated, locator - 56].find(
    (each) => each >= 0 && each + 56 <= zip.length && zip.readUInt32LE(each) === end64Mark,
  );
  if (at === undefined) return undefined;
  return {
    count: Number(zip.readBigUInt64LE(at + 32)),
    size: Number(zip.readBigUInt64LE(at + 40)),
    offset: Number(zip.readBigUInt64LE(at + 48)),
    at,
  };
}

function readDirectory(zip: Buffer, { directoryAt, shift, count }: End, maxMembers: number): Entry[] | undefined {
  const entries: Entry[] = [];
  let at = directoryAt;
  while (
    entries.length < Math.min(count, maxMembers) &&
    at + 46 <= zip.length &&
    zip.readUInt32LE(at) === directoryMark
  ) {
    const nameAt = at + 46;
    const extraAt = nameAt + zip.readUInt16LE(at + 28);
    const next = extraAt + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
    const extra = zip.subarray(extraAt, extraAt + zip.readUInt16LE(at + 30));
    const far = readFar(extra, [zip.readUInt32LE(at + 24), zip.readUInt32LE(at + 20), zip.readUInt32LE(at + 42)]);
    entries.push({
      name: zip.toString("latin1", nameAt, extraAt),
      extra,
      flags: zip.readUInt16LE(at + 8),
      method: zip.readUInt16LE(at + 10),
      crc: zip.readUInt32LE(at + 16),
      sizeBytes: far[0],
      packedBytes: far[1],
      at: far[2] + shift,
    });
    at = next;
  }
  return entries.length === 0 && count > 0 ? undefined : entries;
}

type Sizes = readonly [size: number, packed: number, offset: number];

/** The figures of 64 bits, for those that do not fit (4.5.3). */
function readFar(extra: Buffer, [size, packed, offset]: Sizes): Sizes {
  const field = extraField(extra, 1);
  if (field === undefined) return [size, packed, offset];
  let at = 0;
  const real = (stated: number): number => {
    if (stated !== far32 || at + 8 > field.length) return stated;
    at += 8;
    return Number(field.readBigUInt64LE(at - 8));
  };
  return [real(size), real(packed), real(offset)];
}

function extraField(extra: Buffer, wanted: number): Buffer | undefined {
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2))
    if (extra.readUInt16LE(at) === wanted) return extra.subarray(at + 4, at + 4 + extra.readUInt16LE(at + 2));
  return undefined;
}

interface Local extends Omit<Entry, "at"> {
  readonly dataAt: number;
}

function readLocal(zip: Buffer, at: number): Local | undefined {
  if (at < 0 || at + 30 > zip.length || zip.readUInt32LE(at) !== localMark) return undefined;
  const extraAt = at + 30 + zip.readUInt16LE(at + 26);
  const dataAt = extraAt + zip.readUInt16LE(at + 28);
  const extra = zip.subarray(extraAt, dataAt);
  const far = readFar(extra, [zip.readUInt32LE(at + 22), zip.readUInt32LE(at + 18), 0]);
  return {
    name: zip.toString("latin1", at + 30, extraAt),
    extra,
    flags: zip.readUInt16LE(at + 6),
    method: zip.readUInt16LE(at + 8),
    crc: zip.readUInt32LE(at + 14),
    sizeBytes: far[0],
    packedBytes: far[1],
    dataAt,
  };
}

const encryptedFlag = 1;
/** Sizes and sum stand behind the data. */
const behindFlag = 8;
/** The local header hides them (4.4.4, bit 13). */
const maskedFlag = 0x2000;
const aes = 99;

function differs(entry: Entry, local: Local): boolean {
  if ((entry.flags & maskedFlag) !== 0) return false;
  if (entry.name !== local.name || entry.method !== local.method) return true;
  if (((entry.flags ^ local.flags) & encryptedFlag) !== 0) return true;
  if ((local.flags & behindFlag) !== 0) return false;
  return entry.packedBytes !== local.packedBytes || entry.sizeBytes !== local.sizeBytes || entry.crc !== local.crc;
}

function isFolder({ name, packedBytes }: Entry): boolean {
  return name.endsWith("/") && packedBytes === 0;
}

/** Info-ZIP's field with the name in UTF-8. */
const unicodePath = 0x7075;

function memberOf(zip: Buffer, entry: Entry, dataAt: number, other: Pick<Entry, "name" | "extra"> = entry): ZipMember {
  const names = new Set<string>();
  for (const { extra } of new Set([entry, other])) {
    const unicode = extraField(extra, unicodePath);
    if (unicode !== undefined && unicode.length > 5) addVariants(unicode.toString("latin1", 5), names);
  }
  for (const name of new Set([entry.name, other.name])) addVariants(name, names);
  const { flags, method, packedBytes, sizeBytes, crc } = entry;
  return {
    names: [...names],
    encrypted: (flags & encryptedFlag) !== 0 || method === aes,
    method,
    packed: zip.subarray(dataAt, dataAt + packedBytes),
    sizeBytes,
    crc,
  };
}

interface Span {
  readonly from: number;
  readonly to: number;
}

/** Where the next local header is, from any place on that is not before the last one asked for: each octet is searched once. */
function createMarkSearch(zip: Buffer): (from: number) => number {
  let last = 0;
  let found: number | undefined;
  return (from) => {
    if (found === undefined || (found >= 0 && found < from) || from < last) {
      found = zip.indexOf("PK\x03\x04", from, "latin1");
    }
    last = from;
    return found;
  };
}

/** Members between and behind those that the directory lists, which readers find who go from one to the next. */
function hiddenMembers(zip: Buffer, covered: readonly Span[], most: number): readonly ZipMember[] {
  const members: ZipMember[] = [];
  const nextMark = createMarkSearch(zip);
  const end = zip.length;
  let at = 0;
  for (const span of [...covered.toSorted((a, b) => a.from - b.from), { from: end, to: end }]) {
    for (;;) {
      const found = nextMark(at);
      if (found < 0 || found >= Math.min(span.from, end) || members.length >= most) break;
      const local = readLocal(zip, found);
      if (local === undefined) break;
      // Without its size it goes to where the next one starts.
      const unknown = (local.flags & behindFlag) !== 0 && local.packedBytes === 0;
      const next = unknown ? nextMark(local.dataAt) : -1;
      const stop = unknown ? (next < 0 || next > span.from ? span.from : next) : local.dataAt + local.packedBytes;
      const packedBytes = Math.max(0, Math.min(stop, zip.length) - local.dataAt);
      if (!isFolder({ ...local, packedBytes, at: found }))
        members.push(memberOf(zip, { ...local, packedBytes, at: found }, local.dataAt));
      at = Math.max(stop, found + 30);
    }
    at = Math.max(at, span.to);
  }
  return members;
}
