// Header fields as they are hashed (RFC 6376 sections 3.4.1 and 3.4.2; RFC 4870 section 3.4.2).
// Text in and out has one character per octet.
import type { BodyCanonicalization } from "../mail/digest.ts";
import { asBuffer } from "../mail/header.ts";

const CR = 13;
const LF = 10;

/** A field's octets as text without the final CRLF. */
export function fieldText(raw: Uint8Array): string {
  const octets = asBuffer(raw);
  const length = octets.length;
  const ended = length > 1 && octets[length - 1] === LF && octets[length - 2] === CR;
  return octets.toString("latin1", 0, ended ? length - 2 : length);
}

/** Canonicalizes one field, given and returned without its final CRLF. Linear in the text. */
export function canonicalizeField(text: string, canonicalization: BodyCanonicalization): string {
  if (canonicalization === "simple") return text;
  if (canonicalization === "nofws") return text.replace(/[ \t\r\n]+/g, "");
  const colon = text.indexOf(":");
  return `${canonicalName(text, colon)}:${canonicalValue(text, colon + 1)}`;
}

function canonicalName(text: string, colon: number): string {
  let end = Math.max(colon, 0);
  while (end > 0 && isBlank(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(0, end).toLowerCase();
}

function canonicalValue(text: string, from: number): string {
  let start = from;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start += 1;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1;
  const value = text.slice(start, end);
  if (!value.includes("\r\n") && !value.includes("  ") && !value.includes("\t")) return value;
  const flat = value.replaceAll("\r\n", "").replace(/[ \t]+/g, " ");
  // Folding right behind the colon, or before the end.
  const cutStart = flat.charCodeAt(0) === 32 ? 1 : 0;
  const cutEnd = flat.length > cutStart && flat.charCodeAt(flat.length - 1) === 32 ? 1 : 0;
  return flat.slice(cutStart, flat.length - cutEnd);
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9;
}
