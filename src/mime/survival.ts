// What of a mail an SMTP server without 8BITMIME (RFC 6152), or one that keeps to lines of 998 octets, would change; and the same
// mail written so that nothing of it has to be changed. Every part that needs nothing stays octet for octet.
import { isAscii } from "node:buffer";
import { asBuffer, type HeaderField, maxLineOctets, splitHeader } from "../mail/header.ts";
import { concatShared } from "../mail/shared-octets.ts";
import type { BreakingPlace, LeftReason } from "../mail/survival.ts";
import { encodeBase64, encodeQuotedPrintable, mendBase64, mendQuotedPrintable } from "./encode-body.ts";
import { type EntityHeader, readEntityHeader } from "./entity-header.ts";
import { refold } from "./long-lines.ts";

/** Fields in the place of others, by the index of those, and fields that are new. */
export interface FieldChanges {
  readonly replaced: ReadonlyMap<number, string>;
  readonly added: readonly string[];
}

export interface Survival {
  readonly places: readonly BreakingPlace[];
  readonly fields: FieldChanges;
  /** On shared memory; absent: it stays as it is. */
  readonly body?: Uint8Array;
}

const CR = 13;
const LF = 10;
/** Entities within each other, and in all, that are looked into. */
const maxDepth = 20;
const maxParts = 2000;
/** Of a field, in a report on it. */
const maxNameChars = 60;

/** What an MTA behind us would change of octets. */
export interface Breaks {
  readonly eightBit: boolean;
  readonly longLine: boolean;
}

/** Takes octets piece by piece. */
export interface BreakScan extends Breaks {
  push(octets: Uint8Array): void;
}

export function createBreakScan(): BreakScan {
  /** Octets of a line whose end has not come; its last octet. */
  let open = 0;
  let last = 0;
  const scan = {
    eightBit: false,
    longLine: false,
    push(octets: Uint8Array): void {
      const buffer = asBuffer(octets);
      scan.eightBit ||= !isAscii(buffer);
      for (let at = 0; at < buffer.length && !scan.longLine; ) {
        const lf = buffer.indexOf(LF, at);
        const end = lf === -1 ? buffer.length : lf;
        const before = end > at ? buffer[end - 1] : last;
        open += end - at;
        scan.longLine = open > (before === CR ? maxLineOctets + 1 : maxLineOctets);
        if (lf === -1) last = before ?? 0;
        else {
          open = 0;
          last = LF;
        }
        at = end + 1;
      }
    },
  };
  return scan;
}

function breaksOf(octets: Buffer): Breaks {
  const scan = createBreakScan();
  scan.push(octets);
  return scan;
}

/** Whether one of the fields has a line that is to be folded, or mended. */
export function hasLongField(fields: readonly HeaderField[]): boolean {
  return fields.some(({ raw }) => raw.length > maxLineOctets && refold(asBuffer(raw).toString("latin1")) !== undefined);
}

/** Linear in the mail, times the depth of its parts. */
export function makeSurvive(fields: readonly HeaderField[], body: Buffer): Survival {
  const work: Work = { places: [], parts: 0 };
  const replaced = new Map<number, string>();
  for (const [index, field] of refoldAll(fields, "", work)) replaced.set(index, field);
  const header = readEntityHeader(fields, undefined);
  const converted = convert({ header, body, path: "1", depth: 0, ends: true }, work);
  if (converted === undefined) return { places: work.places, fields: { replaced, added: [] } };
  const declared = declareEncoding(fields, converted.encoding);
  for (const [index, field] of declared.replaced) replaced.set(index, field);
  const added = [...mimeFields(fields, converted.encoding), ...declared.added];
  return { places: work.places, fields: { replaced, added }, body: concatShared(converted.pieces) };
}

interface Work {
  readonly places: BreakingPlace[];
  parts: number;
}

interface Entity {
  readonly header: EntityHeader;
  readonly body: Buffer;
  readonly path: string;
  readonly depth: number;
  /** The CRLF of the last line belongs to it. */
  readonly ends: boolean;
}

interface Converted {
  readonly pieces: readonly Buffer[];
  /** What Content-Transfer-Encoding says from now on; absent: what it said. */
  readonly encoding?: string | undefined;
}

/** Undefined where nothing is changed. */
function convert(entity: Entity, work: Work): Converted | undefined {
  const { header, body, path } = entity;
  const breaks = breaksOf(body);
  if (!breaks.eightBit && !breaks.longLine) return undefined;
  const tell = (left?: LeftReason): undefined => {
    tellBreaks(work, path, breaks, left);
    return undefined;
  };
  work.parts += 1;
  if (entity.depth > maxDepth || work.parts > maxParts) return tell("too-large");
  const seal = sealOf(header.declaredType);
  if (seal !== undefined) return tell(seal);
  if (header.doubts.length > 0) return tell("ambiguous");
  if (header.kind === "multipart") return convertMultipart(entity, work, tell);
  if (header.kind === "message") return convertMessage(entity, work, tell);
  if (header.declaredType.startsWith("message/")) return tell("message");
  if (hasPgp(body)) return tell("pgp");
  const written = writeLeaf(entity);
  if (written === undefined) return tell("damaged");
  tell();
  return written;
}

function tellBreaks({ places }: Work, at: string, { eightBit, longLine }: Breaks, left?: LeftReason): void {
  const reason = left === undefined ? {} : { left };
  if (eightBit) places.push({ at, what: "8-bit", ...reason });
  if (longLine) places.push({ at, what: "long-line", ...reason });
}

function sealOf(type: string): LeftReason | undefined {
  if (type === "multipart/signed") return "signed";
  const isEncrypted = type === "multipart/encrypted" || /^application\/(?:x-)?(?:pkcs7-mime|pgp-encrypted)$/.test(type);
  return isEncrypted ? "encrypted" : undefined;
}

/** RFC 4880 section 6.2, within text. */
function hasPgp(body: Buffer): boolean {
  const at = body.indexOf("-----BEGIN PGP ");
  return at === 0 || (at > 0 && body[at - 1] === 10);
}

function writeLeaf({ header, body, ends }: Entity): Converted | undefined {
  const { declaredType, encodings } = header;
  switch (encodings[0]) {
    case "quoted-printable":
      return { pieces: [mendQuotedPrintable(body)] };
    case "base64": {
      const mended = mendBase64(body, ends);
      return mended === undefined ? undefined : { pieces: [mended] };
    }
    case "uuencode":
      return undefined;
    case "identity":
      return declaredType.startsWith("text/") && isMostlyAscii(body)
        ? { pieces: [encodeQuotedPrintable(body)], encoding: "quoted-printable" }
        : { pieces: [encodeBase64(body, ends)], encoding: "base64" };
  }
}

/** Whether quoted-printable is shorter than base64, and can be read as it is. */
function isMostlyAscii(octets: Buffer): boolean {
  let high = 0;
  for (const octet of octets) if (octet > 126) high += 1;
  return high * 6 < octets.length;
}

type Tell = (left?: LeftReason) => undefined;

function convertMultipart({ header, body, path, depth }: Entity, work: Work, tell: Tell): Converted | undefined {
  const [boundary, another] = header.boundaries;
  if (boundary === undefined || another !== undefined) return tell("ambiguous");
  const sections = cutAtDelimiters(body, boundary);
  if (sections === undefined) return tell("ambiguous");
  const pieces: Buffer[] = [];
  let isChanged = false;
  let number = 0;
  for (const { delimiter, content, isPart } of sections) {
    pieces.push(delimiter);
    if (!isPart) {
      tellBreaks(work, path, breaksOf(content), "between-parts");
      pieces.push(content);
      continue;
    }
    number += 1;
    const place = { path: `${path}.${number}`, depth: depth + 1, ends: false, within: header.declaredType };
    const converted = convertEntity(content, place, work);
    isChanged ||= converted !== undefined;
    pieces.push(...(converted ?? [content]));
  }
  return isChanged ? { pieces, encoding: containerEncoding(pieces) } : undefined;
}

function convertMessage({ header, body, path, depth, ends }: Entity, work: Work, tell: Tell): Converted | undefined {
  if (header.encodings[0] !== "identity") return tell("message");
  const place = { path: `${path}.1`, depth: depth + 1, ends, within: undefined };
  const pieces = convertEntity(body, place, work);
  return pieces === undefined ? undefined : { pieces, encoding: containerEncoding(pieces) };
}

/** RFC 2045 section 6.4: what holds parts is 7bit when all of them are. */
function containerEncoding(pieces: readonly Buffer[]): string | undefined {
  return pieces.every((piece) => isAscii(piece)) ? "7bit" : undefined;
}

interface EntityPlace extends Pick<Entity, "path" | "depth" | "ends"> {
  /** The type of what is around it. */
  readonly within: string | undefined;
}

/** An entity with its header. */
function convertEntity(octets: Buffer, place: EntityPlace, work: Work): readonly Buffer[] | undefined {
  const { end, bodyAt } = headerEnd(octets);
  const { fields, cut } = splitHeader(octets.subarray(0, end));
  const body = octets.subarray(bodyAt);
  if (cut !== undefined) {
    tellBreaks(work, place.path, breaksOf(octets), "ambiguous");
    return undefined;
  }
  const replaced = new Map(refoldAll(fields, `${place.path}:`, work));
  const converted = convert({ ...place, header: readEntityHeader(fields, place.within), body }, work);
  if (converted === undefined && replaced.size === 0) return undefined;
  let added: readonly string[] = [];
  if (converted !== undefined) {
    const declared = declareEncoding(fields, converted.encoding);
    for (const [index, field] of declared.replaced) replaced.set(index, field);
    added = declared.added;
  }
  const header = fields.map(({ raw }, index) => textOctets(replaced.get(index)) ?? asBuffer(raw));
  return [
    ...header,
    Buffer.from(added.join(""), "latin1"),
    octets.subarray(end, bodyAt),
    ...(converted?.pieces ?? [body]),
  ];
}

/** Where the header section ends, and where the body begins behind the empty line. */
function headerEnd(octets: Buffer): { readonly end: number; readonly bodyAt: number } {
  if (octets[0] === 13 && octets[1] === 10) return { end: 0, bodyAt: 2 };
  const at = octets.indexOf("\r\n\r\n");
  return at === -1 ? { end: octets.length, bodyAt: octets.length } : { end: at + 2, bodyAt: at + 4 };
}

function textOctets(text: string | undefined): Buffer | undefined {
  return text === undefined ? undefined : Buffer.from(text, "latin1");
}

/** Fields with lines that are too long, or were broken, as they are to be. */
function* refoldAll(fields: readonly HeaderField[], where: string, { places }: Work): Generator<[number, string]> {
  for (const [index, { name, raw }] of fields.entries()) {
    if (raw.length <= maxLineOctets) continue;
    const better = refold(asBuffer(raw).toString("latin1"));
    if (better === undefined) continue;
    const at = `${where}${name === "" ? "(no name)" : name.slice(0, maxNameChars)}`;
    if (better.healed) places.push({ at, what: "broken-line" });
    if (better.stillLong) places.push({ at, what: "long-line", left: "no-fold" });
    else if (!better.healed) places.push({ at, what: "long-line" });
    yield [index, better.text];
  }
}

function declareEncoding(fields: readonly HeaderField[], encoding: string | undefined): FieldChanges {
  const replaced = new Map<number, string>();
  if (encoding === undefined) return { replaced, added: [] };
  const field = `Content-Transfer-Encoding: ${encoding}\r\n`;
  const at = fields.findIndex(({ name }) => name === "content-transfer-encoding");
  if (at === -1) return { replaced, added: encoding === "7bit" ? [] : [field] };
  replaced.set(at, field);
  return { replaced, added: [] };
}

/** Of a mail without MIME: RFC 2045 section 4, and RFC 1428 for a charset that is not named. */
function mimeFields(fields: readonly HeaderField[], encoding: string | undefined): readonly string[] {
  if (encoding === undefined || encoding === "7bit") return [];
  const has = (wanted: string) => fields.some(({ name }) => name === wanted);
  return [
    ...(has("mime-version") ? [] : ["MIME-Version: 1.0\r\n"]),
    ...(has("content-type") ? [] : ["Content-Type: text/plain; charset=unknown-8bit\r\n"]),
  ];
}

interface Section {
  /** The line before it, with the CRLF that belongs to it (RFC 2046 section 5.1.1). */
  readonly delimiter: Buffer;
  readonly content: Buffer;
  /** False for what stands before the first part and behind the last. */
  readonly isPart: boolean;
}

const noOctets = Buffer.alloc(0);

/** Undefined where there is no delimiter, or a line that begins with one and goes on. */
function cutAtDelimiters(body: Buffer, boundary: string): readonly Section[] | undefined {
  const dashed = Buffer.from(`--${boundary}`, "latin1");
  const sections: Section[] = [];
  let delimiter: Buffer = noOctets;
  let isPart = false;
  let from = 0;
  let isClosed = false;
  for (let at = body.indexOf(dashed); at !== -1; at = body.indexOf(dashed, at + 1)) {
    if (at > 0 && body[at - 1] !== 10) continue;
    const lf = body.indexOf(10, at);
    const next = lf === -1 ? body.length : lf + 1;
    const rest = body.toString("latin1", at + dashed.length, next).trimEnd();
    if (rest !== "" && rest !== "--") return undefined;
    if (isClosed) return undefined;
    const end = at >= 2 && body[at - 2] === 13 && at - 2 >= from ? at - 2 : at > from ? at - 1 : at;
    sections.push({ delimiter, content: body.subarray(from, Math.max(from, end)), isPart });
    delimiter = body.subarray(Math.max(from, end), next);
    from = next;
    isPart = rest === "";
    isClosed = rest === "--";
  }
  if (sections.length === 0) return undefined;
  sections.push({ delimiter, content: body.subarray(from), isPart });
  return sections;
}
