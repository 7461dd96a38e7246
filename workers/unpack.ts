// Archives opened, one within the other, as far as the limits go. What cannot be opened is reported, never passed over.
import { crc32 } from "node:zlib";
import type { UncheckedReason } from "../src/mail/content.ts";
import { readFrame } from "../src/mime/archive-frame.ts";
import type { FoundArchive } from "../src/mime/content-reader.ts";
import type { ArchiveYield, Expansion } from "../src/mime/expansion.ts";
import { isoDoubt } from "../src/mime/iso.ts";
import type { PartsLimits } from "../src/mime/limits.ts";
import type { MailWalk } from "../src/mime/mail-walk.ts";
import { addVariants } from "../src/mime/names.ts";
import { type PartSink, toAll } from "../src/mime/part-sink.ts";
import type { PartNode } from "../src/mime/part-tree.ts";
import type { ArchiveKind } from "../src/mime/signatures.ts";
import { tarDoubt } from "../src/mime/tar.ts";
import { readTnef } from "../src/mime/tnef.ts";
import { readZip, type ZipMember } from "../src/mime/zip.ts";
import { type InflateKind, inflate, type TakeOctets, type UnpackResult } from "./inflate.ts";
import { readWithLibarchive } from "./libarchive.ts";
import { isSingleStream, unpackSingle } from "./single-stream.ts";

export interface Unpacking {
  readonly walk: MailWalk;
  readonly limits: PartsLimits;
  readonly expansion: Expansion;
}

/** Formats that clamd does not open. */
const unknownToScanners = new Set<ArchiveKind>(["lzma", "zst", "lha", "a", "deb", "rpm"]);
/** Methods of zip that it knows: stored, deflated, bzip2. */
const methodsOfScanners = new Set([0, 8, 12]);

const libarchiveKinds = new Set<ArchiveKind>(["tar", "cpio", "7z", "rar", "cab", "iso", "lha", "deb", "rpm", "a"]);

/** Opens what the walk has found so far, and what is found within. */
export async function openArchives(unpacking: Unpacking): Promise<void> {
  const { walk, limits, expansion } = unpacking;
  for (let archive = walk.takeArchive(); archive !== undefined; archive = walk.takeArchive()) {
    const { node, level } = archive;
    if (level >= limits.MAXLEVELS)
      walk.tree.note("over-limits", node, `more than ${limits.MAXLEVELS} levels (MAXLEVELS)`);
    else if (expansion.excess !== undefined) walk.tree.note("over-limits", node, expansion.excess);
    else await open(unpacking, archive);
    walk.release(archive);
  }
}

async function open(unpacking: Unpacking, archive: FoundArchive): Promise<void> {
  const { node, kind } = archive;
  const note = (reason: UncheckedReason, detail: string) => unpacking.walk.tree.note(reason, node, detail);
  if (kind === "zip") await openZip(unpacking, archive);
  else if (kind === "gz" || kind === "zst" || isSingleStream(kind)) await openSingle(unpacking, archive);
  else if (libarchiveKinds.has(kind)) await openOther(unpacking, archive);
  else if (kind === "tnef") await openTnef(unpacking, archive);
  else note("failed", `a ${kind} archive, which is not opened`);
  if (unpacking.expansion.excess !== undefined) note("over-limits", unpacking.expansion.excess);
}

/** A member while it is unpacked. */
interface Member {
  readonly node: PartNode;
  readonly sink: PartSink;
  readonly take: TakeOctets;
  /** Makes what sees the octets before they come to be taken. */
  readonly measure: () => TakeOctets;
}

/** Undefined when there are too many parts. */
function addMember(
  { walk, expansion }: Unpacking,
  archive: FoundArchive,
  made: ArchiveYield,
  names: readonly string[],
  isKnownToScanners = !unknownToScanners.has(archive.kind),
): Member | undefined {
  const node = walk.tree.add(archive.node, { names });
  if (node === undefined) return undefined;
  const inside = walk.insideOf(archive)(node, { declared: "any", depth: archive.depth });
  const sink = isKnownToScanners ? inside : toAll([inside, walk.tree.forScanners()]);
  const take: TakeOctets = (octets) => {
    const goesOn = expansion.spend(octets.length, made);
    if (goesOn) sink.write(octets);
    return goesOn;
  };
  const measure = (): TakeOctets => {
    const measured: ArchiveYield = { archiveBytes: made.archiveBytes, madeBytes: 0 };
    return (octets) => expansion.measure(octets.length, measured);
  };
  return { node, sink, take, measure };
}

function noteEncrypted({ walk }: Unpacking, archive: FoundArchive, member: PartNode | undefined): void {
  archive.node.encrypted = true;
  if (member !== undefined) member.encrypted = true;
  walk.tree.note("encrypted", member ?? archive.node, `a ${archive.kind} archive with a password`);
}

/** How zip says a member is packed (4.4.5). */
const zipMethods = new Map<number, InflateKind | ArchiveKind | "stored">([
  [0, "stored"],
  [8, "deflate"],
  [12, "bz2"],
  [93, "zst"],
  [95, "xz"],
]);

async function openZip(unpacking: Unpacking, archive: FoundArchive): Promise<void> {
  const { walk, limits, expansion } = unpacking;
  const { members, doubts } = readZip(archive.octets, limits.MAXFILES + 1);
  for (const { reason, detail } of doubts) walk.tree.note(reason, archive.node, detail);
  const made: ArchiveYield = { archiveBytes: archive.octets.length, madeBytes: 0 };
  for (const packed of members) {
    if (expansion.excess !== undefined) return;
    const member = addMember(unpacking, archive, made, packed.names, methodsOfScanners.has(packed.method));
    if (member === undefined) return;
    if (packed.encrypted) {
      noteEncrypted(unpacking, archive, member.node);
      member.node.sizeBytes = packed.sizeBytes;
      continue;
    }
    const { result, detail } = await unpackMember(packed, member);
    member.sink.end();
    if (result === "failed") walk.tree.note("failed", member.node, detail);
    if (result === "early") walk.tree.note("ambiguous", member.node, "octets behind the data of a member");
    await openArchives(unpacking);
  }
}

async function unpackMember(
  member: ZipMember,
  { take, measure }: Member,
): Promise<{ result: UnpackResult; detail: string }> {
  let sum = 0;
  let sizeBytes = 0;
  const counted: TakeOctets = (octets) => {
    sum = crc32(octets, sum);
    sizeBytes += octets.length;
    return take(octets);
  };
  const result = await unpackBy(member, counted, measure);
  const isDone = result === "done" || result === "early";
  const isDamaged = isDone && (sum !== member.crc || sizeBytes !== member.sizeBytes);
  if (isDamaged) return { result: "failed", detail: "a member of another size or sum than its archive says" };
  return {
    result,
    detail: zipMethods.has(member.method) ? "a damaged member" : `a member packed by method ${member.method}`,
  };
}

async function unpackBy(
  { method, packed }: ZipMember,
  take: TakeOctets,
  measure: Member["measure"],
): Promise<UnpackResult> {
  const kind = zipMethods.get(method);
  switch (kind) {
    case undefined:
      return "failed";
    case "stored":
      return take(packed) ? "done" : "stopped";
    case "deflate":
    case "gz":
    case "zst":
      return inflate(kind, packed, take);
    default:
      return (await unpackSingle(kind, packed, measure, take)).result;
  }
}

async function openSingle(unpacking: Unpacking, archive: FoundArchive): Promise<void> {
  const { node, kind, octets } = archive;
  const made: ArchiveYield = { archiveBytes: octets.length, madeBytes: 0 };
  const member = addMember(unpacking, archive, made, singleNames(archive));
  if (member === undefined) return;
  const { result, detail } =
    kind === "gz" || kind === "zst"
      ? { result: await inflate(kind, octets, member.take), detail: "damaged" }
      : await unpackSingle(kind, octets, member.measure, member.take);
  member.sink.end();
  if (result === "failed") unpacking.walk.tree.note("failed", node, `a ${kind} file: ${detail}`);
  await openArchives(unpacking);
}

const endings = new Map([
  [".tgz", ".tar"],
  [".tbz", ".tar"],
  [".tbz2", ".tar"],
  [".txz", ".tar"],
  [".tzst", ".tar"],
  [".gz", ""],
  [".bz2", ""],
  [".xz", ""],
  [".lzma", ""],
  [".zst", ""],
]);

/** What unpackers call the only member: the name in the file, the file's own name without its ending. */
function singleNames({ node, kind, octets }: FoundArchive): readonly string[] {
  const names = new Set<string>();
  const inside = kind === "gz" ? gzipName(octets) : "";
  if (inside !== "") addVariants(inside, names);
  for (const name of node.names) {
    const found = [...endings].find(([ending]) => name.toLowerCase().endsWith(ending));
    if (found !== undefined && name.length > found[0].length) names.add(name.slice(0, -found[0].length) + found[1]);
  }
  return [...names];
}

/** RFC 1952 section 2.3: behind ten octets, and the extra field where there is one. */
function gzipName(octets: Buffer): string {
  const flags = octets[3] ?? 0;
  const start = 10 + ((flags & 4) === 0 || octets.length < 12 ? 0 : 2 + octets.readUInt16LE(10));
  const end = octets.indexOf(0, start);
  return (flags & 8) === 0 || end < 0 ? "" : octets.toString("latin1", start, Math.min(end, start + 1024));
}

async function openTnef(unpacking: Unpacking, archive: FoundArchive): Promise<void> {
  const { walk, limits } = unpacking;
  const { files, fault } = readTnef(archive.octets, limits.MAXFILES);
  if (fault !== undefined) walk.tree.note("failed", archive.node, `a tnef file: ${fault}`);
  const made: ArchiveYield = { archiveBytes: archive.octets.length, madeBytes: 0 };
  for (const { names, content } of files) {
    const member = addMember(unpacking, archive, made, names);
    if (member === undefined || !member.take(content)) return;
    member.sink.end();
    await openArchives(unpacking);
  }
}

async function openOther(unpacking: Unpacking, archive: FoundArchive): Promise<void> {
  const { walk, expansion } = unpacking;
  const { node, kind, octets } = archive;
  const made: ArchiveYield = { archiveBytes: octets.length, madeBytes: 0 };
  const frame = readFrame(kind, octets);
  const differing = kind === "iso" ? isoDoubt(octets) : kind === "tar" ? tarDoubt(octets) : undefined;
  if (differing !== undefined) walk.tree.note("ambiguous", node, `a ${kind} archive: ${differing}`);
  let open: Member | undefined;
  let isFull = false;
  let members = 0;
  const { result, encrypted, detail } = await readWithLibarchive(octets, {
    member({ name, encrypted: isLocked }) {
      const names = new Set<string>();
      addVariants(Buffer.from(name, "utf8").toString("latin1"), names);
      if (names.size === 0) walk.tree.note("ambiguous", node, `a ${kind} archive with a name that cannot be read`);
      members += 1;
      open = addMember(unpacking, archive, made, [...names]);
      isFull = open === undefined;
      if (open !== undefined && isLocked) noteEncrypted(unpacking, archive, open.node);
      return open?.take;
    },
    memberEnd() {
      if (open?.node.encrypted === false) open.sink.end();
    },
    isEnough: () => isFull || expansion.excess !== undefined,
  });
  if ((encrypted || frame.encrypted) && !node.encrypted) noteEncrypted(unpacking, archive, undefined);
  // Nobody sends an archive of nothing: its directory is somewhere else than libarchive looks.
  const isShort = members < Math.max(1, frame.leastMembers) && !isFull && expansion.excess === undefined;
  const fault = frame.fault ?? (result === "failed" ? detail : isShort ? "members cannot be read" : undefined);
  if (fault !== undefined && !node.encrypted) walk.tree.note("failed", node, `a ${kind} archive: ${fault}`);
  await openArchives(unpacking);
}
