// Parameters of Content-Type and Content-Disposition (RFC 2045 section 5.1), by every reading: what a strict reader makes of
// a value, and what one makes of it that just looks for the attribute. Values are unfolded; "\n" marks where a fold was.

/** One place in a value where an attribute is given, and what common readers may take for its value. */
export interface Occurrence {
  /** Of RFC 2231: the number in `name*1=`. */
  readonly section?: number;
  /** `name*=` or `name*1*=`: charset and percent signs (RFC 2231 section 4). */
  readonly extended: boolean;
  /** The grammar's reading first. One character per octet. */
  readonly readings: readonly [string, ...string[]];
  /** Written as RFC 2045 wants it, where it wants it: all readers agree. */
  readonly clean: boolean;
}

/** All places of an attribute in a value, as far as they are read. */
export interface Occurrences {
  readonly all: readonly Occurrence[];
  /** False: there are more, or longer ones, than anybody needs; what follows was not read. */
  readonly complete: boolean;
}

/** Places looked at for one attribute in one value. */
const maxOccurrences = 32;
/** Characters that are read for it, all readings together. */
const maxReadLength = 4 * 1024;
/** Of one reading; of a longer one both ends are. */
const maxReadingLength = 1200;
/** The number of a section has at most so many digits. */
const maxSectionDigits = 4;

/**
 * Every place where `attribute` (lower case) is given in a field's value: as a parameter, but also within quotes, comments or
 * without a semicolon before it. Linear in the value, times `maxOccurrences`.
 */
export function findAttribute(value: string, attribute: string): Occurrences {
  const lower = value.toLowerCase();
  let at = lower.indexOf(attribute);
  if (at < 0) return { all: [], complete: true };
  const starts = parameterStarts(value);
  const all: Occurrence[] = [];
  let readLength = 0;
  for (; at >= 0; at = lower.indexOf(attribute, at + attribute.length)) {
    if (at > 0 && isAttributeOctet(value.charCodeAt(at - 1))) continue;
    if (all.length === maxOccurrences || readLength > maxReadLength) return { all, complete: false };
    const occurrence = readOccurrence(value, at + attribute.length, starts.includes(at));
    if (occurrence === undefined) continue;
    all.push(occurrence);
    for (const reading of occurrence.readings) readLength += reading.length;
  }
  return { all, complete: true };
}

/** Where parameters start for a reader who knows quotes and comments. */
function parameterStarts(value: string): readonly number[] {
  const starts: number[] = [];
  let comments = 0;
  let quoted = false;
  for (let i = 0; i < value.length && starts.length < maxOccurrences; i += 1) {
    const char = value[i];
    if (char === "\\" && (quoted || comments > 0)) i += 1;
    else if (char === '"' && comments === 0) quoted = !quoted;
    else if (quoted) continue;
    else if (char === "(") comments += 1;
    else if (char === ")" && comments > 0) comments -= 1;
    else if (char === ";" && comments === 0) starts.push(skipBlanks(value, i + 1));
  }
  return starts;
}

function readOccurrence(value: string, start: number, isParameter: boolean): Occurrence | undefined {
  // Some readers pass over blanks before the asterisk as well.
  const asterisk = skipBlanks(value, start);
  let i = value[asterisk] === "*" ? asterisk : start;
  let section: number | undefined;
  let extended = false;
  if (value[i] === "*") {
    i += 1;
    const digits = i;
    while (isDigit(value.charCodeAt(i)) && i - digits < maxSectionDigits) i += 1;
    if (i > digits) section = Number(value.slice(digits, i));
    if (i === digits) extended = true;
    else if (value[i] === "*") {
      extended = true;
      i += 1;
    }
    // Neither a number nor an end: who looks for the attribute alone goes on to the value.
    const odd = i;
    while (i - odd < maxSectionDigits && (value[i] === "*" || isAttributeOctet(value.charCodeAt(i)))) i += 1;
    if (i > odd) {
      section = undefined;
      extended = true;
    }
  }
  const equals = skipBlanks(value, i);
  if (value[equals] !== "=") return undefined;
  const begin = skipBlanks(value, equals + 1);
  const read = value[begin] === '"' ? readQuoted(value, begin + 1) : readBare(value, begin, extended);
  return {
    ...(section === undefined ? {} : { section }),
    extended,
    readings: read.readings,
    clean: isParameter && equals === i && begin === equals + 1 && read.clean,
  };
}

type Read = Pick<Occurrence, "readings" | "clean">;

function readQuoted(value: string, start: number): Read {
  let i = start;
  while (i < value.length && value[i] !== '"') i += value[i] === "\\" ? 2 : 1;
  const [raw = "", ...heads] = bothEnds(value.slice(start, i), maxReadingLength);
  const escaped = raw.includes("\\");
  const text = escaped ? raw.replaceAll(/\\([\s\S])/g, "$1") : raw;
  const more: string[] = heads;
  // A path of Windows, for readers who know no quoted pairs.
  if (escaped) more.push(raw, raw.slice(0, lengthBefore(raw, '"')));
  if (i >= value.length) {
    // Without a closing quote: to the end, or to what looks like the next parameter.
    return { readings: [text, ...more, raw.slice(0, lengthBefore(raw, ";"))], clean: false };
  }
  const behind = value
    .slice(i + 1, endOfParameter(value, i + 1))
    .trim()
    .slice(-maxReadingLength);
  if (behind !== "") more.push(text + behind.replaceAll('"', ""), withoutComments(text + behind));
  return { readings: [text, ...more], clean: behind === "" && !escaped && !text.includes("\n") };
}

/** The text itself, or its end and its start where it has more characters than that. */
export function bothEnds(text: string, length: number): [string, ...string[]] {
  return text.length <= length ? [text] : [text.slice(-length), text.slice(0, length)];
}

function readBare(value: string, start: number, extended: boolean): Read {
  const [whole, ...heads] = bothEnds(value.slice(start, endOfParameter(value, start)).trimEnd(), maxReadingLength);
  let length = 0;
  while (length < whole.length && !isTokenEnd(whole[length], extended)) length += 1;
  if (length === whole.length) return { readings: [whole, ...heads], clean: whole !== "" };
  const token = whole.slice(0, length);
  const plain = whole.replaceAll('"', "").replaceAll("'", "");
  const more = [...heads, whole, plain, withoutComments(whole), whole.slice(0, lengthBefore(whole, ",")).trimEnd()];
  return { readings: [token === "" ? whole : token, ...more], clean: false };
}

function endOfParameter(value: string, from: number): number {
  const end = value.indexOf(";", from);
  return end < 0 ? value.length : end;
}

function lengthBefore(text: string, mark: string): number {
  const at = text.indexOf(mark);
  return at < 0 ? text.length : at;
}

/** The text without what stands in round brackets, nested or not (RFC 5322 section 3.2.2). */
export function withoutComments(text: string): string {
  if (!text.includes("(")) return text;
  let kept = "";
  let depth = 0;
  for (const char of text) {
    if (char === "(") depth += 1;
    else if (char === ")" && depth > 0) depth -= 1;
    else if (depth === 0) kept += char;
  }
  return kept.trim();
}

/** The same of a whole value: brackets within quotes are none. */
export function withoutCommentsOutsideQuotes(value: string): string {
  let kept = "";
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < value.length; i += 1) {
    const char = value[i] ?? "";
    const isPair = char === "\\" && (quoted || depth > 0);
    if (depth === 0 && (quoted || char !== "(")) kept += isPair ? value.slice(i, i + 2) : char;
    if (isPair) i += 1;
    else if (char === '"' && depth === 0) quoted = !quoted;
    else if (quoted) continue;
    else if (char === "(") depth += 1;
    else if (char === ")" && depth > 0) depth -= 1;
  }
  return kept;
}

function skipBlanks(value: string, from: number): number {
  let i = from;
  while (i < value.length && (value[i] === " " || value[i] === "\t" || value[i] === "\n")) i += 1;
  return i;
}

/**
 * What no token holds and readers differ over. "/", "=", "?", ":" and "@" are no token octets either (RFC 2045 section 5.1),
 * but everybody writes them and everybody reads them. In an extended value quotes part charset and text.
 */
function isTokenEnd(char: string | undefined, extended: boolean): boolean {
  if (char === "'") return !extended;
  return char === undefined || char <= " " || '()<>[],\\"'.includes(char) || char >= "\x7f";
}

function isAttributeOctet(octet: number): boolean {
  return (
    isDigit(octet) || (octet >= 65 && octet <= 90) || (octet >= 97 && octet <= 122) || octet === 45 || octet === 95
  );
}

function isDigit(octet: number): boolean {
  return octet >= 48 && octet <= 57;
}
