// What the header of a MIME entity says of it (RFC 2045), by every reading that common readers have.
import type { UncheckedReason } from "../mail/content.ts";
import { asBuffer, fieldBody, type HeaderField } from "../mail/header.ts";
import { readBoundary } from "./boundary.ts";
import { addNamesIn, maxNamesPerPart } from "./names.ts";
import { withoutComments } from "./parameters.ts";
import { unknownCharset } from "./unknown-charset.ts";

/** How the octets of a body are written down; "identity" for 7bit, 8bit and binary. */
export type Encoding = "identity" | "base64" | "quoted-printable" | "uuencode";

/** Why readers differ over an entity, or cannot read it. */
export interface Doubt {
  readonly reason: UncheckedReason;
  readonly detail: string;
}

export interface EntityHeader {
  /** In lower case, without parameters; RFC 2045 section 5.2 says what it is where nothing is declared. */
  readonly declaredType: string;
  readonly kind: "leaf" | "multipart" | "message";
  /** Of a multipart; empty where none can be made out. */
  readonly boundaries: readonly string[];
  /** At least one; several where readers differ. */
  readonly encodings: readonly [Encoding, ...Encoding[]];
  readonly names: readonly string[];
  readonly doubts: readonly Doubt[];
}

/** Octets of one field that are read. */
const maxValueBytes = 8 * 1024;
/** Fields of one header that are read for what they say of the content; few come more than once. */
const maxContentFields = 12;

interface ContentFields {
  readonly types: readonly string[];
  readonly encodings: readonly string[];
  readonly dispositions: readonly string[];
  /** To some readers the header ends at such a line, and what follows in it is content. */
  readonly hasBlankFold: boolean;
}

/** `within`: the declared type of the entity around it. */
export function readEntityHeader(fields: readonly HeaderField[], within: string | undefined): EntityHeader {
  const doubts: Doubt[] = [];
  const found = contentFields(fields, doubts);
  const media = readMediaType(found.types, within, doubts);
  const names = new Set<string>();
  const complete = [...found.dispositions, ...found.types].map((value) => addNamesIn(value, names));
  if (complete.includes(false))
    doubts.push({ reason: "over-limits", detail: `more names than are read (${maxNamesPerPart})` });
  const charset = [...found.dispositions, ...found.types].map(unknownCharset).find((each) => each !== undefined);
  if (charset !== undefined) doubts.push(ambiguous("a name in a charset that is not known"));
  const encodings = readEncodings(found.encodings, doubts);
  if (found.hasBlankFold && doubts.length === 0 && encodings.some((each) => each !== "identity"))
    doubts.push(ambiguous("a folded line of blanks alone, above encoded content"));
  if (media.kind !== "leaf" && (encodings.length > 1 || encodings[0] !== "identity"))
    doubts.push(ambiguous(`${media.declaredType} with Content-Transfer-Encoding ${encodings.join(" or ")}`));
  if (media.declaredType === "message/partial")
    doubts.push({ reason: "failed", detail: "message/partial: a piece of a mail that others hold the rest of" });
  return { ...media, encodings, names: [...names].slice(0, maxNamesPerPart), doubts };
}

const CR = 13;
const LF = 10;
const contentFieldNames = ["content-type", "content-transfer-encoding", "content-disposition"] as const;
const [ofType, ofEncoding, ofDisposition] = contentFieldNames;
const contentFieldSet: ReadonlySet<string> = new Set(contentFieldNames);

/** Those fields that `readEntityHeader` goes by, as they stand; two headers with the same ones are read alike. */
export function fieldsOfEntity(fields: readonly HeaderField[]): string {
  let text = "";
  for (const [index, { name, raw }] of fields.entries()) {
    const isOdd = !isOneLine(raw) && (hasBlankFold(raw) || hasBareCr(raw));
    if (!contentFieldSet.has(name) && name !== "" && !isOdd) continue;
    // A line without a name may be one of a mailbox file, where it stands first.
    const octets = asBuffer(raw).toString("latin1");
    text += `${name === "" ? index : ""}:${octets.length}:${octets}`;
  }
  return text;
}

function ambiguous(detail: string): Doubt {
  return { reason: "ambiguous", detail };
}

function contentFields(fields: readonly HeaderField[], doubts: Doubt[]): ContentFields {
  const types: string[] = [];
  const encodings: string[] = [];
  const dispositions: string[] = [];
  const listOf = (name: string) => {
    if (name === ofType) return types;
    if (name === ofEncoding) return encodings;
    return name === ofDisposition ? dispositions : undefined;
  };
  let blankFold = false;
  let bareCr = false;
  for (const [index, { name, raw }] of fields.entries()) {
    if (name === "" && !(index === 0 && isMailboxLine(raw)))
      doubts.push(ambiguous("header with a line that is no field"));
    if (!isOneLine(raw)) {
      blankFold ||= hasBlankFold(raw);
      bareCr ||= hasBareCr(raw);
    }
    const list = listOf(name);
    if (list === undefined) continue;
    if (types.length + encodings.length + dispositions.length === maxContentFields) {
      doubts.push({ reason: "over-limits", detail: `more than ${maxContentFields} fields on the content` });
      break;
    }
    const value = fieldBody(raw);
    if (blankFold) doubts.push(ambiguous(`a folded line of blanks alone before the end of ${name}`));
    if (raw[name.length] !== 58) doubts.push(ambiguous(`${name} with white space before the colon`));
    if (value.length > maxValueBytes)
      doubts.push({ reason: "over-limits", detail: `${name} of ${value.length} octets` });
    const unfolded = value.slice(0, maxValueBytes).replaceAll("\r\n", "\n").trim();
    if (unfolded.includes("\0") || unfolded.includes("\r")) doubts.push(ambiguous(`${name} with NUL or CR`));
    list.push(unfolded);
  }
  // To some readers a line ends there, and what follows is a field.
  if (bareCr) doubts.push(ambiguous("header with a CR within a line"));
  return { types, encodings, dispositions, hasBlankFold: blankFold };
}

/** Without CR and LF but for those that end it. */
function isOneLine(raw: Uint8Array): boolean {
  const end = raw.length - 2;
  for (let at = 0; at < end; at += 1) if (raw[at] === LF || raw[at] === CR) return false;
  return raw[end] === CR && raw[end + 1] === LF;
}

function hasBareCr(raw: Uint8Array): boolean {
  const cr = raw.indexOf(CR);
  if (cr < 0 || cr === raw.length - 2) return false;
  for (let at = cr; at >= 0; at = raw.indexOf(CR, at + 1)) if (raw[at + 1] !== LF) return true;
  return false;
}

/** The line that mbox files put in front. */
function isMailboxLine(raw: Uint8Array): boolean {
  const start = Buffer.from(raw.subarray(0, 6)).toString("latin1");
  return start.startsWith("From ") || start === ">From ";
}

/** A line of blanks alone, which ends the header for some readers. */
function hasBlankFold(raw: Uint8Array): boolean {
  let blank = false;
  for (let i = raw.indexOf(10); i >= 0 && i + 1 < raw.length && !blank; i = raw.indexOf(10, i + 1)) {
    let end = i + 1;
    while (raw[end] === 32 || raw[end] === 9) end += 1;
    blank = end > i + 1 && (raw[end] === 10 || (raw[end] === 13 && raw[end + 1] === 10));
  }
  return blank;
}

type MediaType = Pick<EntityHeader, "declaredType" | "kind" | "boundaries">;

function readMediaType(values: readonly string[], within: string | undefined, doubts: Doubt[]): MediaType {
  const [value] = values;
  if (value !== undefined && values.length === 1) return readType(value, doubts);
  const [first, ...others] = [...new Set(values)].map((each) => readType(each, doubts));
  if (first === undefined) {
    // RFC 2046 section 5.1.5.
    if (within === "multipart/digest") return { declaredType: "message/rfc822", kind: "message", boundaries: [] };
    return { declaredType: "text/plain", kind: "leaf", boundaries: [] };
  }
  if (others.length === 0) return first;
  const boundaries = [...new Set([first, ...others].flatMap((each) => each.boundaries))];
  const differ = others.some(({ declaredType }) => declaredType !== first.declaredType);
  if (differ || boundaries.length > 1) doubts.push(ambiguous("several Content-Type fields that differ"));
  const container =
    [first, ...others].find(({ kind }) => kind === "multipart") ?? others.find(({ kind }) => kind === "message");
  return { ...(container ?? first), boundaries };
}

/** Characters of a type that are kept. */
const maxTypeLength = 128;
/** message/* that hold no mail (IANA): reports, pieces of headers, other protocols. What else is called so is a mail to some readers. */
const noMail = new Set(
  "cpim delivery-status disposition-notification external-body feedback-report global-delivery-status global-disposition-notification global-headers http imdn+xml mls partial s-http sip sipfrag tracking-status"
    .split(" ")
    .map((subtype) => `message/${subtype}`),
);

function readType(value: string, doubts: Doubt[]): MediaType {
  const end = value.indexOf(";");
  const raw = (end < 0 ? value : value.slice(0, end)).trim().toLowerCase();
  const plain = withoutComments(raw).slice(0, maxTypeLength);
  const valid = isMediaType(plain);
  const declaredType = valid ? plain : (plain.split(/[\s;,]/, 1)[0] ?? "") || "text/plain";
  const isMultipart = valid ? plain.startsWith("multipart/") : raw.includes("multipart") || hasBoundary(value);
  if (isMultipart) {
    const { readings, doubt } = readBoundary(value);
    if (!valid || raw !== plain) doubts.push(ambiguous("a multipart whose type is not written as RFC 2045 wants it"));
    if (doubt !== undefined) doubts.push(ambiguous(doubt));
    return { declaredType, kind: "multipart", boundaries: readings };
  }
  const isMail = valid ? plain.startsWith("message/") && !noMail.has(plain) : raw.includes("rfc822");
  if (isMail && !valid) doubts.push(ambiguous("a message whose type is not written as RFC 2045 wants it"));
  if (isMail) return { declaredType, kind: "message", boundaries: [] };
  // Readers that go by the boundary alone, whatever the type.
  return { declaredType, kind: "leaf", boundaries: hasBoundary(value) ? readBoundary(value).readings : [] };
}

function hasBoundary(value: string): boolean {
  return readBoundary(value).readings.length > 0;
}

function isMediaType(text: string): boolean {
  return /^[!#$%&'*+.^_`{|}~0-9a-z-]+\/[!#$%&'*+.^_`{|}~0-9a-z-]+$/.test(text);
}

const encodingNames = new Map<string, Encoding>([
  ["7bit", "identity"],
  ["8bit", "identity"],
  ["binary", "identity"],
  ["base64", "base64"],
  ["quoted-printable", "quoted-printable"],
  ["x-uuencode", "uuencode"],
  ["x-uue", "uuencode"],
  ["uuencode", "uuencode"],
]);
/** Names that nobody decodes anything for. */
const harmlessNames = new Set(["", "7-bit", "8-bit", "7 bit", "8 bit", "7bits", "8bits", "none", "utf-8", "us-ascii"]);
/** A name that holds one of these may be taken for it. */
const guesses: readonly [string, Encoding][] = [
  ["64", "base64"],
  ["quoted", "quoted-printable"],
  ["printable", "quoted-printable"],
  ["uu", "uuencode"],
];

function readEncodings(values: readonly string[], doubts: Doubt[]): readonly [Encoding, ...Encoding[]] {
  if (values.length === 0) return ["identity"];
  const readings = new Set<Encoding>();
  for (const value of new Set(values.map((text) => text.toLowerCase()))) {
    const known = encodingNames.get(value);
    if (known !== undefined) {
      readings.add(known);
      continue;
    }
    readings.add("identity");
    if (harmlessNames.has(value)) continue;
    doubts.push(ambiguous("unknown Content-Transfer-Encoding"));
    for (const [piece, encoding] of guesses) if (value.includes(piece)) readings.add(encoding);
  }
  const [first, ...others] = readings;
  if (first === undefined) return ["identity"];
  if (others.length > 0 && values.length > 1)
    doubts.push(ambiguous("several Content-Transfer-Encoding fields that differ"));
  return [first, ...others];
}
