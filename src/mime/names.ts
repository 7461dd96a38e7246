// The names of a part by every reading: raw, RFC 2047, RFC 2231, cut where some readers cut, cleaned as file systems do.
import { decodeWords } from "./encoded-word.ts";
import { decodeCharset, percentDecoded, textOf8Bit } from "./octet-text.ts";
import { bothEnds, findAttribute, type Occurrence, withoutCommentsOutsideQuotes } from "./parameters.ts";

/** Names of one part; a part with more is not read to the end, and the mail is reported as over its limits. */
export const maxNamesPerPart = 64;
/** Characters of a name. Of a longer one its end is kept, where the suffix is. */
const maxNameLength = 1024;

/** Octets of a name, written down in whatever way, that are decoded. */
const maxRawLength = 2 * maxNameLength;

/** Both fields are asked for both: some readers take either. */
const attributes = ["filename", "name"];

/**
 * Adds the names in a value of Content-Type or Content-Disposition (unfolded, "\n" for a fold, one character per octet). False
 * when there are more than are read.
 */
export function addNamesIn(value: string, names: Set<string>): boolean {
  let complete = addPlainNames(value, names);
  if (value.includes("(")) {
    // Comments may stand between any two words (RFC 5322 section 3.2.2), around the equals sign too.
    const bare = withoutCommentsOutsideQuotes(value);
    if (bare !== value) complete = addPlainNames(bare, names) && complete;
  }
  if (!value.includes("=?")) return complete;
  // Readers that decode the whole field before they look for parameters.
  const decoded = decodeWords(value);
  if (decoded === value) return complete;
  return addPlainNames(Buffer.from(decoded, "utf8").toString("latin1"), names) && complete;
}

function addPlainNames(value: string, names: Set<string>): boolean {
  let allComplete = true;
  for (const attribute of attributes) {
    if (names.size > maxNamesPerPart) return false;
    const { all: found, complete } = findAttribute(value, attribute);
    allComplete &&= complete;
    for (const { section, extended, readings } of found) {
      if (section !== undefined) continue;
      for (const reading of readings) {
        // What most readers show stands first.
        if (extended) addDecoded(decodeExtended(reading), names);
        addVariants(reading, names);
        // Readers that part a value at each semicolon, be it within quotes.
        const semicolon = reading.indexOf(";");
        if (semicolon > 0) addVariants(reading.slice(0, semicolon), names);
      }
    }
    for (const joined of joinSections(found)) {
      addDecoded(joined.text, names);
      addVariants(joined.raw, names);
    }
  }
  return allComplete && names.size <= maxNamesPerPart;
}

/** What some reader may show for the raw octets of a name, or save it under. Of a longer one both ends count: what readers cut off or drop may be either. */
export function addVariants(octets: string, names: Set<string>): void {
  for (const raw of bothEnds(octets, maxRawLength)) addVariantsOf(raw, names);
}

function addVariantsOf(raw: string, names: Set<string>): void {
  if (names.size > maxNamesPerPart) return;
  if (raw.includes("=?")) addDecoded(decodeWords(raw), names);
  addText(textOf8Bit(raw), names);
  if (raw.includes("%")) addText(textOf8Bit(percentDecoded(raw)), names);
}

/** A name that was decoded, and what some readers make of it who decode once more, each way there is. */
function addDecoded(text: string, names: Set<string>): void {
  addText(text, names);
  if (text.includes("=?")) addText(decodeWords(octetsOf(text)), names);
  if (text.includes("%")) addText(textOf8Bit(percentDecoded(octetsOf(text))), names);
  // UTF-16 without a mark of its order: the other order's readers (RFC 2781 section 4.3). Names are mostly ASCII.
  const turned = turnedRound(text);
  if (turned !== text) addText(turned, names);
}

function octetsOf(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

/** ASCII whose UTF-16 was read in the wrong order; all else as it is. */
function turnedRound(text: string): string {
  return text.replaceAll(/[\u2000-\u7f00]/g, (char) => {
    const code = char.charCodeAt(0);
    return (code & 0xff) === 0 ? String.fromCharCode(code >> 8) : char;
  });
}

function addText(text: string, names: Set<string>): void {
  const unfolded = text.replaceAll("\n", "");
  addCleaned(unfolded, names);
  // Readers that take the white space away with the fold.
  if (text.includes("\n"))
    addCleaned(
      text
        .split("\n")
        .map((line) => line.trimStart())
        .join(""),
      names,
    );
}

function addCleaned(text: string, names: Set<string>): void {
  const nul = text.indexOf("\0");
  if (nul > 0) addCleaned(text.slice(0, nul), names);
  add(text, names);
  const cleaned = visiblePart(text.normalize("NFKC"));
  add(cleaned, names);
  addSaved(cleaned, names);
  if (/["<>|*?]/.test(cleaned)) addSaved(cleaned.replaceAll(/["<>|*?]/g, ""), names);
}

/** Windows drops dots and blanks at the end of a name; what no name there may hold goes as well, or what stands behind it. */
function addSaved(name: string, names: Set<string>): void {
  let end = name.length;
  while (end > 0 && droppedAtEnd.includes(name[end - 1] ?? "")) end -= 1;
  add(name.slice(0, end).trimStart(), names);
  // What stands behind a colon is another stream of the file there; a letter in front of it is a drive.
  const colon = name.indexOf(":", 2);
  if (colon > 0 && colon < end) addSaved(name.slice(0, colon), names);
}

const droppedAtEnd = ". :;,/\\'`";

function add(text: string, names: Set<string>): void {
  if (text.trim() === "" || names.size > maxNamesPerPart) return;
  names.add(text.length <= maxNameLength ? text : text.slice(-maxNameLength));
}

/** Controls, zero-width characters, marks of direction, fillers, ends of lines: all that no reader shows. */
const hidden = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

function visiblePart(text: string): string {
  return text.replaceAll(hidden, "");
}

/** `charset'language'text` with percent signs; without the quotes everything is the text. */
function decodeExtended(value: string): string {
  const { charset, rest } = charsetOf(value);
  return decodeCharset(percentDecoded(rest), charset);
}

function charsetOf(value: string): { charset: string; rest: string } {
  const first = value.indexOf("'");
  const second = first < 0 ? -1 : value.indexOf("'", first + 1);
  if (second < 0) return { charset: "", rest: value };
  return { charset: value.slice(0, first), rest: value.slice(second + 1) };
}

interface Joined {
  /** As written, one piece after the other. */
  readonly raw: string;
  /** Decoded as RFC 2231 says. */
  readonly text: string;
}

/**
 * The sections `name*0`, `name*1` ... put together (RFC 2231 section 3), by each order that readers put them in: by number up to
 * the first gap, all by number, as they stand. Of two with one number some take the first and some the last.
 */
export function joinSections(found: readonly Occurrence[]): readonly Joined[] {
  const asWritten = found.filter(({ section }) => section !== undefined);
  if (asWritten.length === 0) return [];
  const byNumber = asWritten.toSorted((a, b) => (a.section ?? 0) - (b.section ?? 0));
  const firsts = byNumber.filter((each, i) => byNumber[i - 1]?.section !== each.section);
  const lasts = byNumber.filter((each, i) => byNumber[i + 1]?.section !== each.section);
  const offset = firsts[0]?.section ?? 0;
  const toGap = firsts.slice(
    0,
    lengthUntil(firsts, (each, i) => each.section !== offset + i),
  );
  return [toGap, firsts, lasts, byNumber, asWritten].map(joinPieces);
}

function joinPieces(pieces: readonly Occurrence[]): Joined {
  const raw = pieces.map(({ readings }) => readings[0]).join("");
  const [first] = pieces;
  const { charset, rest } = first?.extended === true ? charsetOf(first.readings[0]) : { charset: "", rest: undefined };
  const octets = pieces.map(({ readings: [text], extended }, i) => {
    const own = i === 0 && rest !== undefined ? rest : text;
    return extended ? percentDecoded(own) : own;
  });
  return { raw, text: decodeCharset(octets.join(""), charset) };
}

function lengthUntil<T>(list: readonly T[], stop: (each: T, index: number) => boolean): number {
  const at = list.findIndex(stop);
  return at < 0 ? list.length : at;
}
