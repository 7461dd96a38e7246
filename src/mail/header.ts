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

export type HeaderExcess = "bytes" | "fields" | "lines";

export interface HeaderSplit {
  readonly fields: readonly HeaderField[];
  /** The first limit that stopped the split; `fields` then holds what came before. */
  readonly excess?: HeaderExcess;
}

const CR = 13;
const LF = 10;
const SPACE = 32;
const TAB = 9;
const COLON = 58;

/**
 * Splits a header section (CRLF line ends, without the empty line that ends it) into its fields.
 * A line that starts with white space continues the field before it (RFC 5322 section 2.2.3); such a line at the
 * very top stands as a nameless field. Never throws; linear in the octets looked at.
 */
export function splitHeader(header: Uint8Array, limits: HeaderLimits = defaultHeaderLimits): HeaderSplit {
  const octets = asBuffer(header);
  const fields: HeaderField[] = [];
  let start = 0;
  let lines = 0;
  while (start < octets.length) {
    if (fields.length === limits.maxFields) return { fields, excess: "fields" };
    let end = start;
    do {
      if (lines === limits.maxLines) return { fields, excess: "lines" };
      lines += 1;
      end = endOfLine(octets, end);
      if (end > limits.maxBytes) return { fields, excess: "bytes" };
    } while (end < octets.length && isBlank(octets[end]));
    const raw = octets.subarray(start, end);
    fields.push({ name: fieldName(raw), raw });
    start = end;
  }
  return { fields };
}

/**
 * The field's name in lower case, or "" when there is no printable name before the colon (RFC 5322 section 3.6.8;
 * white space before the colon is the obsolete form of section 4.5 and is tolerated).
 */
export function fieldName(raw: Uint8Array): string {
  const colon = raw.indexOf(COLON);
  if (colon < 1 || colon > 998) return "";
  let end = colon;
  while (end > 0 && isBlank(raw[end - 1])) end -= 1;
  if (end === 0) return "";
  for (let i = 0; i < end; i += 1) {
    const octet = raw[i] ?? 0;
    if (octet < 33 || octet > 126) return "";
  }
  return asBuffer(raw).toString("latin1", 0, end).toLowerCase();
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

function endOfLine(octets: Buffer, from: number): number {
  // A line ends with CRLF; where only LF is left (input that no SMTP server lets in), that one ends it.
  const lf = octets.indexOf(LF, from);
  return lf === -1 ? octets.length : lf + 1;
}

function isBlank(octet: number | undefined): boolean {
  return octet === SPACE || octet === TAB;
}
