// Lines that part the entities of multiparts (RFC 2046 section 5.1.1): where one may be, and what it means among all
// multiparts that are open.

/** A multipart whose parts are being read. */
export interface OpenMultipart {
  /** Each with the leading "--". Empty: no boundary was given. */
  delimiters: readonly string[];
  /** Its closing delimiter was there. */
  closed: boolean;
  /** A delimiter was there. */
  seen: boolean;
  /** Its type is no multipart, and yet it has a boundary. */
  readonly undeclared: boolean;
}

export interface Delimiter {
  /** Of its multipart in the list. */
  readonly index: number;
  readonly closing: boolean;
}

export interface LineMeaning {
  readonly delimiter?: Delimiter;
  /** Why some readers see another delimiter here, or none. */
  readonly doubt?: string;
}

const LF = 10;
const CR = 13;
const DASH = 45;
const lineWithDashes = Buffer.from("\n--");
/** Octets of a line that are looked at: the longest boundary, its dashes, some blanks. */
export const maxDelimiterLine = 1100;

/** Where a line that begins with "--" may be, from `from` on; -1 where none is. `atLineStart`: `from` is the start of a line. */
export function findDashLine(buffer: Buffer, from: number, atLineStart: boolean): number {
  // One dash at the very end: the next octets may bring the second.
  if (atLineStart && buffer[from] === DASH && (from + 1 === buffer.length || buffer[from + 1] === DASH)) return from;
  const before = buffer.indexOf(lineWithDashes, from);
  return before < 0 ? -1 : before + 1;
}

/** The line at `at` without its end and blanks before that; undefined when more of it must be there to say what it is. */
export function readDashLine(buffer: Buffer, at: number, final: boolean): { text: string; next: number } | undefined {
  const lf = buffer.indexOf(LF, at);
  if (lf < 0 && !final && buffer.length - at < maxDelimiterLine) return undefined;
  const end = lf < 0 ? buffer.length : lf;
  const text = withoutBlanksAtEnd(buffer.toString("latin1", at, Math.min(end, at + maxDelimiterLine)));
  return { text, next: lf < 0 ? buffer.length : lf + 1 };
}

/** Blanks and tabs are what may stand behind a delimiter (RFC 2046 section 5.1.1); other white space some readers take for more of it. */
function withoutBlanksAtEnd(line: string): string {
  let end = line.length;
  while (end > 0 && " \t\r".includes(line[end - 1] ?? "")) end -= 1;
  return line.slice(0, end);
}

/** The end of what stands before the line at `at`: the line end before a delimiter is part of it. */
export function endBefore(buffer: Buffer, from: number, at: number): number {
  let end = at;
  if (end > from && buffer[end - 1] === LF) end -= 1;
  if (end < at && end > from && buffer[end - 1] === CR) end -= 1;
  return end;
}

/** The end of what can belong to no delimiter, whatever comes. */
export function endOfCertain(buffer: Buffer, from: number): number {
  const dash = buffer.length > from && buffer[buffer.length - 1] === DASH ? 1 : 0;
  const lineStart = buffer.length - dash;
  const end = endBefore(buffer, from, lineStart);
  if (end < lineStart) return end;
  // A dash within a line is content, a CR may have its LF coming.
  return dash === 0 && lineStart > from && buffer[lineStart - 1] === CR ? lineStart - 1 : buffer.length;
}

const nothing: LineMeaning = {};

/**
 * What a line that begins with "--" is. The innermost multipart with just this delimiter has it. A line that merely begins with
 * a delimiter is one by the letter of RFC 2046, and none for many.
 */
export function readDelimiter(line: string, open: readonly { readonly multipart?: OpenMultipart }[]): LineMeaning {
  let delimiter: Delimiter | undefined;
  let doubt: string | undefined;
  for (let index = open.length - 1; index >= 0; index -= 1) {
    for (const text of open[index]?.multipart?.delimiters ?? []) {
      if (!line.startsWith(text)) continue;
      const rest = line.slice(text.length);
      if (rest !== "" && rest !== "--") doubt = "a line that begins with a delimiter and goes on";
      else if (delimiter === undefined) delimiter = { index, closing: rest === "--" };
      else doubt = "a delimiter of several multiparts";
    }
  }
  if (doubt === undefined) return delimiter === undefined ? nothing : { delimiter };
  return delimiter === undefined ? { doubt } : { delimiter, doubt };
}
