// winmail.dat: attachments as Outlook wraps them (MS-OXTNEF). Files with their names, and mails within mails.
import { addVariants } from "./names.ts";

export interface TnefFile {
  readonly names: readonly string[];
  readonly content: Buffer;
}

export interface TnefContents {
  readonly files: readonly TnefFile[];
  /** It breaks off, or holds what cannot be made out. */
  readonly fault?: string;
}

/** Attributes (MS-OXTNEF 2.1.3.2), by their lower half. */
const attachmentStart = 0x9002;
const attachmentTitle = 0x8010;
const attachmentData = 0x800f;
const attachmentProperties = 0x9005;
const ofAttachment = new Set([attachmentTitle, attachmentData, attachmentProperties]);

/** Properties (MS-OXPROPS). */
const fileName = 0x3704;
const longFileName = 0x3707;
const displayName = 0x3001;
const transportName = 0x370c;
const embedded = 0x3701;
const nameProperties = new Set([fileName, longFileName, displayName, transportName]);

const noOctets = Buffer.alloc(0);

interface OpenFile {
  readonly names: Set<string>;
  readonly contents: Buffer[];
}

/** How many contents may still be listed. */
interface Room {
  contents: number;
}

function addContent({ contents }: OpenFile, content: Buffer, room: Room): void {
  if (room.contents === 0) return;
  room.contents -= 1;
  contents.push(content);
}

/** `maxFiles`: more are not listed. Never throws; linear in the octets. */
export function readTnef(octets: Buffer, maxFiles: number): TnefContents {
  const found: OpenFile[] = [];
  // A file may have several contents, each of which is a part.
  const room = { contents: maxFiles + 1 };
  let fault: string | undefined;
  let at = 6;
  while (at < octets.length && found.length <= maxFiles && room.contents > 0) {
    if (at + 9 > octets.length) {
      fault = "it breaks off";
      break;
    }
    const attribute = octets.readUInt16LE(at + 1);
    const size = octets.readUInt32LE(at + 5);
    const data = octets.subarray(at + 9, at + 9 + size);
    if (data.length < size) fault = "it breaks off";
    const last = found.at(-1);
    if (last === undefined && ofAttachment.has(attribute)) fault = "an attachment without its start";
    if (attribute === attachmentStart) found.push({ names: new Set(), contents: [] });
    else if (last !== undefined && attribute === attachmentTitle) addVariants(untilNul(data), last.names);
    else if (last !== undefined && attribute === attachmentData) addContent(last, data, room);
    else if (last !== undefined && attribute === attachmentProperties && !readProperties(data, last, room))
      fault = "an attachment whose properties cannot be read";
    at += 9 + size + 2;
  }
  const files = found.flatMap(({ names, contents }) =>
    // A name alone is shown as well.
    (contents.length === 0 ? [noOctets] : contents).map((content) => ({ names: [...names], content })),
  );
  return fault === undefined ? { files } : { files, fault };
}

/** Octets of a value by its type; variable ones are counted. */
const fixedBytes = new Map([
  [0x02, 4],
  [0x03, 4],
  [0x04, 4],
  [0x05, 8],
  [0x06, 8],
  [0x07, 8],
  [0x0a, 4],
  [0x0b, 4],
  [0x14, 8],
  [0x40, 8],
  [0x48, 16],
]);
const variable = new Set([0x0d, 0x1e, 0x1f, 0x102]);
const several = 0x1000;
/** Of the object that the value of an embedded one begins with. */
const interfaceBytes = 16;

/** Takes names and embedded objects from the property list (MS-OXTNEF 2.1.3.4); false where it cannot be read. */
function readProperties(data: Buffer, file: OpenFile, room: Room): boolean {
  let at = 0;
  const u32 = (): number => {
    const value = at + 4 <= data.length ? data.readUInt32LE(at) : 0;
    at += 4;
    return value;
  };
  for (let left = u32(); left > 0; left -= 1) {
    if (at + 4 > data.length) return false;
    const type = data.readUInt16LE(at);
    const id = data.readUInt16LE(at + 2);
    at += 4;
    if (id >= 0x8000) {
      // Named by a number, or by a text.
      at += 16;
      if (u32() === 0) at += 4;
      else at += padded(u32());
    }
    const plainType = type & ~several;
    const isVariable = variable.has(plainType);
    const size = fixedBytes.get(plainType);
    if (!isVariable && size === undefined) return false;
    const count = isVariable || plainType !== type ? u32() : 1;
    for (let i = 0; i < count; i += 1) {
      if (at >= data.length) return false;
      const length = isVariable ? u32() : (size ?? 0);
      const value = data.subarray(at, at + length);
      if (value.length < length) return false;
      at += padded(length);
      takeProperty(file, id, plainType, value, room);
    }
  }
  return true;
}

function takeProperty(file: OpenFile, id: number, type: number, value: Buffer, room: Room): void {
  const { names } = file;
  if (nameProperties.has(id)) {
    // As octets of UTF-8 or of the sender's charset, so that one reader serves all names.
    if (type === 0x1e) addVariants(untilNul(value), names);
    if (type === 0x1f)
      addVariants(untilNul(Buffer.from(value.toString("utf16le").replace(/\0.*$/s, ""), "utf8")), names);
  } else if (id === embedded && (type === 0x0d || type === 0x102)) {
    addContent(file, type === 0x0d ? value.subarray(interfaceBytes) : value, room);
  }
}

function untilNul(data: Buffer): string {
  const end = data.indexOf(0);
  return data.toString("latin1", 0, end < 0 ? data.length : end);
}

function padded(length: number): number {
  return Math.ceil(length / 4) * 4;
}
