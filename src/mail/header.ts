// The header section as octets: split into fields without changing them (RFC 5322 section 2.2).
// What a field means is left to others; here a field is a name and the octets it came in.

/** One header field as it stands in the message. */
export interface HeaderField {
  /** Field name in lower case, white space before the colon left out; "" where a line has no valid name. */
  readonly name: string;
  /** The field's octets: name, colon, folding and the final CRLF, just as received. */
  readonly raw: Uint8Array;
}

/** How much of a header section is looked at. What is beyond still passes through, octet for octet. */
export interface HeaderLimits {
  readonly maxBytes: number;
  readonly maxFields: number;
  readonly maxLines: number;
}

export const defaultHeaderLimits: HeaderLimits = { maxBytes: 256 * 1024, maxFields: 1000, maxLines: 10_000 };

/**
 * Why not all of a header section may be judged: a limit, or "no-field-name". A line that is no field ends the header for
 * Postfix and others, while some readers go on behind it: what such a header says is then not the same to all.
 */
export type HeaderCut = "bytes" | "fields" | "lines" | "no-field-name";

/** Whether there is more of the header than anybody looked at. */
export function isUnread(cut: HeaderCut | undefined): boolean {
  return cut !== undefined && cut !== "no-field-name";
}

/** The reason code of a cut. */
export function cutReason(cut: HeaderCut): "header-too-large" | "no-field-name" {
  return cut === "no-field-name" ? cut : "header-too-large";
}

export interface HeaderSplit {
  readonly fields: readonly HeaderField[];
  /** The first limit that stopped the split: `fields` then holds what came before. With "no-field-name" it holds all. */
  readonly cut?: HeaderCut;
}

const CR = 13;
const LF = 10;
const SPACE = 32;
const TAB = 9;
const COLON = 58;
const QUOTE = 62;
const CAPITAL_F = 70;
const DELETE = 127;
/** The most octets of a line, without its CRLF (RFC 5322 section 2.1.1). */
export const maxLineOctets = 998;

/**
 * Splits a header section (CRLF line ends, without the empty line that ends it) into its fields.
 * A line that starts with white space continues the field before it (RFC 5322 section 2.2.3); such a line at the
 * very top stands as a nameless field. Never throws; linear in the octets looked at.
 */
export function splitHeader(header: Uint8Array, limits: HeaderLimits = defaultHeaderLimits): HeaderSplit {
  const octets = asBuffer(header);
  // Scanned as one string: a search in it costs a fraction of one in octets. One octet more shows the excess.
  const text = octets.toString("latin1", 0, Math.min(octets.length, limits.maxBytes + 1));
  const fields: HeaderField[] = [];
  let start = 0;
  let lines = 0;
  let isTop = true;
  let isBroken = false;
  while (start < text.length) {
    if (fields.length === limits.maxFields) return { fields, cut: "fields" };
    let end = start;
    do {
      if (lines === limits.maxLines) return { fields, cut: "lines" };
      lines += 1;
      // A line ends with CRLF; where only LF is left (input that no SMTP server lets in), that one ends it.
      end = text.indexOf("\n", end) + 1;
      if (end === 0) end = text.length;
      if (end > limits.maxBytes) return { fields, cut: "bytes" };
    } while (end < text.length && isBlank(text.charCodeAt(end)));
    const name = nameAt(text, start, end);
    // mbox lines on top are no harm: Postfix makes fields of them, others leave them out.
    isTop &&= name === "" && isMailboxLine(text, start, end);
    isBroken ||= name === "" && !isTop;
    fields.push({ name, raw: octets.subarray(start, end) });
    start = end;
  }
  return isBroken ? { fields, cut: "no-field-name" } : { fields };
}

/**
 * The field's name in lower case, or "" when there is no printable name before the colon (RFC 5322 section 3.6.8;
 * white space before the colon is the obsolete form of section 4.5 and is tolerated).
 */
export function fieldName(raw: Uint8Array): string {
  const text = asBuffer(raw).toString("latin1", 0, maxLineOctets + 1);
  return nameAt(text, 0, text.length);
}

function nameAt(text: string, start: number, end: number): string {
  const stop = Math.min(end, start + maxLineOctets + 1);
  let nameEnd = start;
  // Printable octets but the colon, then blanks, then the colon.
  while (nameEnd < stop && isNameOctet(text.charCodeAt(nameEnd))) nameEnd += 1;
  let colon = nameEnd;
  while (colon < stop && isBlank(text.charCodeAt(colon))) colon += 1;
  if (colon >= stop || text.charCodeAt(colon) !== COLON) return "";
  return text.slice(start, nameEnd).toLowerCase();
}

/** "From joe@example.com Mon Jan  1 ...", also with ">" before it as some write it; one line, without more of it folded. */
function isMailboxLine(text: string, start: number, end: number): boolean {
  let at = start;
  while (text.startsWith(">", at)) at += 1;
  return text.startsWith("From ", at) && text.indexOf("\n", at) >= end - 1;
}

/** How many octets the lines of mailbox files on top of a header section have; 0 where there are none. */
export function mailboxLinesEnd(header: Uint8Array): number {
  const octets = asBuffer(header);
  let top = 0;
  while (octets[top] === CAPITAL_F || octets[top] === QUOTE) {
    const end = octets.indexOf(LF, top) + 1;
    if (end === 0) return top;
    const line = octets.toString("latin1", top, Math.min(end, top + maxLineOctets));
    // What is folded goes on: to Postfix that is another line of text, and the header ends there.
    if (isBlank(octets[end] ?? 0) || !/^>*From /.test(line)) return top;
    top = end;
  }
  return top;
}

/** The field's body: what follows the colon, folding kept, without the final CRLF. One character per octet. */
export function fieldBody(raw: Uint8Array): string {
  const text = asBuffer(raw);
  const colon = text.indexOf(COLON);
  const end = text.length >= 2 && text[text.length - 2] === CR && text[text.length - 1] === LF ? 2 : 0;
  return text.toString("latin1", colon + 1, text.length - end);
}

/** Removes the CRLFs of folding (RFC 5322 section 2.2.3) and nothing else. */
export function unfold(body: string): string {
  return body.includes("\r\n") ? body.replaceAll("\r\n", "") : body;
}

/** A Buffer view on the same memory: Uint8Array's own indexOf takes no sequences. */
export function asBuffer(octets: Uint8Array): Buffer {
  return Buffer.isBuffer(octets) ? octets : Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength);
}

function isNameOctet(octet: number): boolean {
  return octet > SPACE && octet < DELETE && octet !== COLON;
}

function isBlank(octet: number): boolean {
  return octet === SPACE || octet === TAB;
}
