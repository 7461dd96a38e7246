// One packed stream alone (xz, bzip2, lzma): libarchive reads such only within an archive, so one is put around it.
import type { ArchiveKind } from "../src/mime/signatures.ts";
import type { TakeOctets, UnpackResult } from "./inflate.ts";
import { readWithLibarchive } from "./libarchive.ts";

/** Methods of zip, by its specification 4.4.5. */
const methods = new Map<ArchiveKind, number>([
  ["bz2", 12],
  ["lzma", 14],
  ["xz", 95],
]);

/** Marks of a second stream, which libarchive does not read. */
const laterStreams = new Map<ArchiveKind, Buffer>([
  ["bz2", Buffer.from("1AY&SY", "latin1")],
  ["xz", Buffer.from("\xfd7zXZ\0", "latin1")],
]);

export interface SingleResult {
  readonly result: UnpackResult;
  readonly detail: string;
}

export function isSingleStream(kind: ArchiveKind): boolean {
  return methods.has(kind);
}

/** What the zip around it states of its member. */
interface Stated {
  readonly crc: number;
  readonly sizeBytes: number;
}

/** libarchive's words for a statement that does not fit, with what does. */
const corrections: readonly ((detail: string) => Partial<Stated> | undefined)[] = [
  (detail) => {
    const found = /bad CRC: 0x([0-9a-f]{1,8}) should/.exec(detail)?.[1];
    return found === undefined ? undefined : { crc: Number.parseInt(found, 16) };
  },
  (detail) => {
    const found = /wrong size \(read ([0-9]{1,10}),/.exec(detail)?.[1];
    return found === undefined ? undefined : { sizeBytes: Number(found) };
  },
];

/**
 * Unpacks three times: sum and size of the member are stated before it, known only behind it, and where they do not fit
 * libarchive keeps the last octets back. `measure` makes what sees them before.
 */
export async function unpackSingle(
  kind: ArchiveKind,
  packed: Buffer,
  measure: () => TakeOctets,
  take: TakeOctets,
): Promise<SingleResult> {
  const method = methods.get(kind) ?? 0;
  const stream = kind === "lzma" ? lzmaOfZip(packed) : packed;
  let stated: Stated = { crc: 0, sizeBytes: 0xfffffffe };
  for (let learned = 0; learned < corrections.length; learned += 1) {
    const { stopped, detail } = await readOnly(zipAround(stream, method, stated), measure());
    if (stopped) return { result: "stopped", detail: "" };
    for (const correct of corrections) stated = { ...stated, ...correct(detail) };
  }
  const { stopped, detail } = await readOnly(zipAround(stream, method, stated), take);
  if (stopped) return { result: "stopped", detail: "" };
  if (detail !== "") return { result: "failed", detail };
  return hasLaterStream(kind, packed)
    ? { result: "failed", detail: "several streams one after the other" }
    : { result: "done", detail: "" };
}

async function readOnly(zip: Buffer, take: TakeOctets): Promise<{ stopped: boolean; detail: string }> {
  let stopped = false;
  const { detail } = await readWithLibarchive(zip, {
    member: () => (octets) => {
      stopped = !take(octets);
      return !stopped;
    },
    memberEnd() {},
    isEnough: () => stopped,
  });
  return { stopped, detail };
}

function hasLaterStream(kind: ArchiveKind, packed: Buffer): boolean {
  const mark = laterStreams.get(kind);
  if (mark === undefined) return false;
  const from = packed.indexOf(mark) + mark.length;
  const next = packed.indexOf(mark, from);
  // Blocks within a stream of bzip2 have the mark too, but rarely at an octet's start; behind "BZh9" a stream begins.
  return kind === "bz2" ? next > 3 && packed.toString("latin1", next - 4, next - 1) === "BZh" : next >= 0;
}

/** The header of a stream in a zip: the version, the length of the properties, the properties, and no size. */
function lzmaOfZip(packed: Buffer): Buffer {
  return Buffer.concat([Buffer.from([9, 4, 5, 0]), packed.subarray(0, 5), packed.subarray(13)]);
}

/** A zip file of one member; it makes fewer than 4 GiB. */
function zipAround(packed: Buffer, method: number, { crc, sizeBytes }: Stated): Buffer {
  const local = Buffer.alloc(31);
  local.writeUInt32LE(0x04034b50, 0);
  local.writeUInt16LE(63, 4);
  local.writeUInt16LE(method, 8);
  local.writeUInt32LE(crc, 14);
  local.writeUInt32LE(packed.length, 18);
  local.writeUInt32LE(sizeBytes, 22);
  local.writeUInt16LE(1, 26);
  local.write("x", 30);
  const directory = Buffer.alloc(47);
  directory.writeUInt32LE(0x02014b50, 0);
  directory.writeUInt16LE(63, 4);
  directory.writeUInt16LE(63, 6);
  directory.writeUInt16LE(method, 10);
  directory.writeUInt32LE(crc, 16);
  directory.writeUInt32LE(packed.length, 20);
  directory.writeUInt32LE(sizeBytes, 24);
  directory.writeUInt16LE(1, 28);
  directory.write("x", 46);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(local.length + packed.length, 16);
  return Buffer.concat([local, packed, directory, end]);
}
