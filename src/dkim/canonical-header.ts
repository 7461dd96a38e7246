// Header fields as they are hashed (RFC 6376 sections 3.4.1 and 3.4.2; RFC 4870 section 3.4.2).
import type { BodyCanonicalization } from "../mail/digest.ts";
import { asBuffer } from "../mail/header.ts";

const CR = 13;
const LF = 10;
const SPACE = 32;
const TAB = 9;
const COLON = 58;

/**
 * Writes a field canonicalized, without its final CRLF, into `out` from `at` on, where as many octets as the field has
 * (and one) are free; returns where it ends. Linear in the field.
 */
export function writeField(
  field: Uint8Array,
  canonicalization: BodyCanonicalization,
  out: Uint8Array,
  at: number,
): number {
  const end = endOf(field);
  if (canonicalization === "simple") return at + asBuffer(field).copy(out, at, 0, end);
  return canonicalization === "nofws" ? writeNofws(field, end, out, at) : writeRelaxed(field, end, out, at);
}

/** The same from text to text, one character per octet. */
export function canonicalizeField(text: string, canonicalization: BodyCanonicalization): string {
  const field = Buffer.from(text, "latin1");
  const out = Buffer.allocUnsafe(field.length + 1);
  return out.toString("latin1", 0, writeField(field, canonicalization, out, 0));
}

/** Where a field's final CRLF begins. */
function endOf(field: Uint8Array): number {
  const { length } = field;
  return length > 1 && field[length - 1] === LF && field[length - 2] === CR ? length - 2 : length;
}

/** The name in lower case, a colon, the value unfolded, its runs of blanks one space and none at its ends. */
function writeRelaxed(field: Uint8Array, end: number, out: Uint8Array, start: number): number {
  let at = start;
  let i = 0;
  for (; i < end; i += 1) {
    const octet = field[i] ?? 0;
    if (octet === COLON) break;
    out[at] = octet >= 65 && octet <= 90 ? octet + 32 : octet;
    at += 1;
  }
  while (at > start && isBlank(out[at - 1])) at -= 1;
  out[at] = COLON;
  at += 1;

  const valueAt = at;
  let blankBefore = false;
  for (i += 1; i < end; i += 1) {
    const octet = field[i] ?? 0;
    if (octet <= SPACE) {
      if (isBlank(octet)) {
        blankBefore = true;
        continue;
      }
      if (octet === CR && field[i + 1] === LF && i + 1 < end) {
        i += 1;
        continue;
      }
    }
    if (blankBefore) {
      blankBefore = false;
      if (at > valueAt) {
        out[at] = SPACE;
        at += 1;
      }
    }
    out[at] = octet;
    at += 1;
  }
  return at;
}

function writeNofws(field: Uint8Array, end: number, out: Uint8Array, start: number): number {
  let at = start;
  for (let i = 0; i < end; i += 1) {
    const octet = field[i] ?? 0;
    if (isBlank(octet) || octet === CR || octet === LF) continue;
    out[at] = octet;
    at += 1;
  }
  return at;
}

function isBlank(octet: number | undefined): boolean {
  return octet === SPACE || octet === TAB;
}
