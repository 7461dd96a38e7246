// The boundary of a multipart (RFC 2046 section 5.1.1) by every reading, and whether all readers agree on it.
import { decodeWords } from "./encoded-word.ts";
import { joinSections } from "./names.ts";
import { percentDecoded } from "./octet-text.ts";
import { findAttribute, type Occurrence } from "./parameters.ts";

export interface Boundaries {
  /** Without the leading "--"; one character per octet. More than one: lines with any of them are delimiters for somebody. */
  readonly readings: readonly string[];
  /** Why readers differ. */
  readonly doubt?: string;
}

/** RFC 2046 has 70; what fits a line (RFC 5322 section 2.1.1) is read. */
const maxBoundaryOctets = 998;
const maxReadings = 8;

/** `value`: of Content-Type, unfolded with "\n" for a fold. */
export function readBoundary(value: string): Boundaries {
  const { all: found, complete } = findAttribute(value, "boundary");
  const [only] = found;
  if (only === undefined) return { readings: [], doubt: "multipart without a boundary" };
  const readings = readingsOf(found);
  if (readings.length === 0) return { readings, doubt: "empty or endless boundary" };
  const doubt = complete ? doubtOf(found, only, readings) : "boundary given more often than anybody needs";
  return doubt === undefined ? { readings } : { readings: readings.slice(0, maxReadings), doubt };
}

function doubtOf(found: readonly Occurrence[], only: Occurrence, readings: readonly string[]): string | undefined {
  if (readings.length > 1) return "boundary with several readings";
  if (found.length > 1) return "boundary given more than once";
  if (only.extended || only.section !== undefined) return "boundary in the form of RFC 2231";
  if (!only.clean) return "boundary outside the grammar of RFC 2045";
  return isOddBoundary(only.readings[0]) ? "boundary with octets that readers take differently" : undefined;
}

function readingsOf(found: readonly Occurrence[]): string[] {
  const [only] = found;
  if (only !== undefined && found.length === 1 && isPlain(only)) return [only.readings[0].trimEnd()].filter(isUsable);
  const readings = new Set<string>();
  for (const { section, extended, readings: texts } of found) {
    if (section !== undefined) continue;
    for (const text of texts) {
      readings.add(text);
      if (extended) readings.add(percentDecoded(text.slice(text.lastIndexOf("'") + 1)));
      if (text.includes("=?")) readings.add(decodeWords(text));
    }
  }
  for (const { raw, text } of joinSections(found)) readings.add(raw).add(text);
  const trimmed = [...readings].flatMap((text) => (text.includes("\n") ? [text.replaceAll("\n", "")] : [text]));
  return [...new Set(trimmed.map((text) => text.trimEnd()))].filter(isUsable);
}

/** What has nothing about it that any reader takes in another way. */
function isPlain({ section, extended, readings: [text, ...others] }: Occurrence): boolean {
  return section === undefined && !extended && others.length === 0 && !text.includes("=?") && !text.includes("\n");
}

function isUsable(text: string): boolean {
  return text !== "" && text.length <= maxBoundaryOctets;
}

function isOddBoundary(boundary: string): boolean {
  if (boundary.endsWith(" ") || boundary.endsWith("\t") || boundary.endsWith("--")) return true;
  for (let i = 0; i < boundary.length; i += 1) {
    const octet = boundary.charCodeAt(i);
    if (octet < 32 || octet > 126) return true;
  }
  return false;
}
