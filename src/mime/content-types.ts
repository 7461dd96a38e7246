// The short types of a part by its content, in the words of amavisd's rules: what amavisd makes of the answer of file(1).
import { type CmsKind, cmsKind } from "./cms.ts";
import { type ArchiveKind, type Signature, signatures } from "./signatures.ts";
import { textType } from "./text-type.ts";

export interface ContentType {
  /** Without the dot. */
  readonly types: readonly string[];
  /** Set where the content holds others. */
  readonly archive?: ArchiveKind;
  /** Whether it is text, where files may stand in it. */
  readonly isText: boolean;
  /** What encrypted it; absent for what is open. */
  readonly encryptedBy?: "PGP" | "S/MIME";
  /** What S/MIME put around something that is not encrypted. */
  readonly cms?: Exclude<CmsKind, "encrypted">;
}

/** First octets of a part that are looked at. */
export const headBytes = 4096;
/** Where the mark of an ISO 9660 image is. */
export const isoMark = { at: 32_769, text: "CD001" } as const;

/** `head`: the first `headBytes` of the content, or all of it. */
export function typeOfContent(head: Buffer): ContentType {
  if (head.length === 0) return { types: ["empty"], isText: false };
  const special = executable(head) ?? zipped(head) ?? unmarked(head) ?? media(head);
  if (special !== undefined) return { ...special, isText: false };
  const cms = cmsKind(head);
  if (cms === "encrypted") return { types: ["dat"], isText: false, encryptedBy: "S/MIME" };
  if (cms !== undefined) return { types: ["dat"], isText: false, cms };
  if (isEncryptedByPgp(head)) return { types: ["pgp", "pgp.enc"], isText: false, encryptedBy: "PGP" };
  for (const { at, octets, types, holds } of signaturesBy(head[0] ?? 0)) {
    if (!startsWith(head, at, octets)) continue;
    const encrypted = types.includes("pgp.enc") ? { encryptedBy: "PGP" as const } : {};
    if (holds === undefined || holds === "text") return { types, isText: holds === "text", ...encrypted };
    return { types, archive: holds, isText: false };
  }
  if (head.subarray(0, lastPdfMark + pdfMark.length).includes(pdfMark)) return { types: ["pdf"], isText: false };
  const text = textType(head);
  return text === undefined ? { types: ["dat"], isText: false } : { ...text, isText: true };
}

/**
 * Without armour (RFC 9580): the first packet holds a session key, for a public key (versions 3 and 6) or by a passphrase (4 to 6). Its
 * header in the old form, with a length of one or two octets, or in the new one.
 */
function isEncryptedByPgp(head: Buffer): boolean {
  const [first = 0, second = 0] = head;
  const isNew = first >= 0xc0;
  const tag = isNew ? first & 0x3f : (first >> 2) & 0xf;
  if (first < 0x80 || (tag !== 1 && tag !== 3)) return false;
  const isLong = isNew ? second >= 192 && second < 224 : (first & 3) === 1;
  if (isNew ? second >= 224 : (first & 3) > 1) return false;
  const at = isLong ? 3 : 2;
  const version = head[at] ?? 0;
  if (tag === 1)
    return (
      (version === 3 && publicKeys.has(head[at + 9] ?? 0)) || (version === 6 && keyLengths.has(head[at + 1] ?? 255))
    );
  const cipher = head[at + 1] ?? 0;
  return version >= 4 && version <= 6 && cipher > 0 && cipher <= 13 && (head[at + 2] ?? 255) <= 4;
}

/** Algorithms that encrypt (RFC 9580 section 9.1). */
const publicKeys = new Set([1, 2, 16, 18, 25, 26]);
/** Octets that name the key in version 6: none, or a version and a fingerprint. */
const keyLengths = new Set([0, 21, 33]);

type Found = Omit<ContentType, "isText">;

/** For each first octet that has been seen those that can fit, in their order. */
const byFirst = new Map<number, readonly Signature[]>();

function signaturesBy(first: number): readonly Signature[] {
  let found = byFirst.get(first);
  if (found === undefined) {
    found = signatures.filter(({ at, octets }) => at > 0 || octets[0] === first);
    byFirst.set(first, found);
  }
  return found;
}

/** Readers of PDF take it with something in front, where its mark begins in the first 1024 octets or right behind. */
const pdfMark = Buffer.from("%PDF-");
const lastPdfMark = 1024;

function startsWith(head: Buffer, at: number, octets: Buffer): boolean {
  if (head.length < at + octets.length || head[at] !== octets[0]) return false;
  return head.compare(octets, 0, octets.length, at, at + octets.length) === 0;
}

const machO: ReadonlySet<number> = new Set([0xfeedface, 0xfeedfacf, 0xcefaedfe, 0xcffaedfe]);

function executable(head: Buffer): Found | undefined {
  const first = head[0];
  // "MZ", and "ZM" which DOS takes too.
  if ((first === 0x4d && head[1] === 0x5a) || (first === 0x5a && head[1] === 0x4d)) {
    return textType(head) === undefined ? { types: ["exe", "exe-ms"] } : undefined;
  }
  if (first === 0x7f && head.toString("latin1", 1, 4) === "ELF") return { types: elfTypes(head) };
  const magic = head.length >= 8 ? head.readUInt32BE(0) : 0;
  // A class of Java has its version where a universal binary has the number of its parts.
  if (magic === 0xcafebabe) return { types: head.readUInt16BE(6) > 30 ? ["java"] : ["exe"] };
  return machO.has(magic) ? { types: ["exe"] } : undefined;
}

/** ELF: e_type, and for what may be either whether it names an interpreter. */
function elfTypes(head: Buffer): readonly string[] {
  if (head.length < 64) return ["dat"];
  const little = head[5] !== 2;
  const wide = head[4] === 2;
  const read16 = (at: number) => (little ? head.readUInt16LE(at) : head.readUInt16BE(at));
  const read32 = (at: number) => (little ? head.readUInt32LE(at) : head.readUInt32BE(at));
  const type = read16(16);
  if (type === 1) return ["o"];
  if (type === 2) return ["exe", "exe-unix"];
  if (type !== 3) return ["dat"];
  const size = read16(wide ? 54 : 42);
  const count = read16(wide ? 56 : 44);
  const interpreter = 3;
  for (let i = 0, at = wide ? 64 : 52; i < count && at + 4 <= head.length; i += 1, at += Math.max(1, size))
    if (read32(at) === interpreter) return ["exe", "exe-unix"];
  return ["so"];
}

/** Documents that are zip files by another name: their first members say so. */
function zipped(head: Buffer): Found | undefined {
  if (head.length < 30 || head.readUInt32LE(0) !== 0x04034b50) return undefined;
  const archive = "zip";
  const name = head.toString("latin1", 30, 30 + head.readUInt16LE(26));
  if (name === "[Content_Types].xml" || name.startsWith("_rels/") || name.startsWith("docProps/"))
    return { types: head.includes("word/") ? ["doc"] : ["dat"], archive };
  if (name === "mimetype" && head.toString("latin1", 38, 72).startsWith("application/vnd.oasis.opendocument"))
    return { types: [head.toString("latin1", 72, 77) === ".text" ? "asc" : "dat"], archive };
  return undefined;
}

/** Formats without a mark: old tar by the sum over its first block, LHa by the name of its method. */
function unmarked(head: Buffer): Found | undefined {
  if (head[2] === 45 && head[3] === 108 && /^-l[hz][0-9a-z]-$/.test(head.toString("latin1", 2, 7)))
    return { types: ["lha"], archive: "lha" };
  return isTar(head) ? { types: ["tar"], archive: "tar" } : undefined;
}

const riffTypes = new Map([
  ["AVI ", "movie avi"],
  ["ACON", "movie ani"],
  ["WAVE", "audio wav"],
]);
/** Sizes that the second header of a bitmap has. */
const bitmapHeaders = new Set([12, 40, 64, 108, 124, 128]);

function media(head: Buffer): Found | undefined {
  // Each begins with "R" or "B".
  if (head.length < 18 || (head[0] !== 0x52 && head[0] !== 0x42)) return undefined;
  const start = head.toString("latin1", 0, 4);
  if (start === "RIFF") return { types: (riffTypes.get(head.toString("latin1", 8, 12)) ?? "dat").split(" ") };
  return start.startsWith("BM") && bitmapHeaders.has(head.readUInt32LE(14)) ? { types: ["image", "bmp"] } : undefined;
}

function isTar(head: Buffer): boolean {
  // Blanks or digits: of most files no text has to be made.
  const first = head[148] ?? 0;
  if (head.length < 512 || (first !== 32 && (first < 48 || first > 55))) return false;
  const stated = /^ *([0-7]{1,7})[ \0]/.exec(head.toString("latin1", 148, 156))?.[1];
  if (stated === undefined || head[0] === 0) return false;
  let sum = 0;
  for (let i = 0; i < 512; i += 1) sum += i >= 148 && i < 156 ? 32 : (head[i] ?? 0);
  return sum === Number.parseInt(stated, 8);
}
