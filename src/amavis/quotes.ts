// Finds where a quoted construct of Perl ends: delimiters that nest, here-documents. What is inside is for others.
import { type Quote, SyntaxProblem } from "./syntax.ts";

const closing: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}", "<": ">" };

/**
 * The end of a quote whose opening delimiter stands at `open`: offset of the closing one.
 * Brackets nest, a backslash takes the next character along.
 */
export function findClosing(text: string, open: number, limit: number): number {
  const opener = text.charAt(open);
  const closer = closing[opener] ?? opener;
  const openCode = opener.charCodeAt(0);
  const closeCode = closer.charCodeAt(0);
  const nests = opener !== closer;
  let depth = 1;
  for (let at = open + 1; at < limit; at++) {
    const code = text.charCodeAt(at);
    if (code === 92 /* \ */) at++;
    else if (code === closeCode) {
      if (--depth === 0) return at;
    } else if (nests && code === openCode) depth++;
  }
  throw new SyntaxProblem(open, `the quote ${opener} that opens here is never closed`, true);
}

export interface HereDocument {
  readonly quote: Quote;
  /** End of the `<<"TAG"` token itself. */
  readonly end: number;
  /** Where the text goes on after the terminating line. */
  readonly resume: number;
}

/**
 * A here-document whose `<<` stands at `at`, or nothing if it is a shift.
 * @param bodyFrom start of the line after the token (or after an earlier here-document of the same line)
 */
export function readHereDocument(
  text: string,
  at: number,
  limit: number,
  bodyFrom: (end: number) => number,
): HereDocument | undefined {
  let pos = at + 2;
  const dedent = text.charAt(pos) === "~";
  if (dedent) pos++;
  let tag: string;
  let form: Quote["form"] = "interpolated";
  const mark = text.charAt(pos);
  if (mark === '"' || mark === "'") {
    const close = text.indexOf(mark, pos + 1);
    const lineEnd = text.indexOf("\n", pos);
    if (close < 0 || (lineEnd >= 0 && close > lineEnd)) return undefined;
    tag = text.slice(pos + 1, close);
    if (mark === "'") form = "literal";
    pos = close + 1;
  } else {
    const start = pos;
    while (pos < limit && isWordCode(text.charCodeAt(pos))) pos++;
    tag = text.slice(start, pos);
    if (tag === "" || (tag.charCodeAt(0) >= 48 && tag.charCodeAt(0) <= 57)) return undefined;
  }

  const from = bodyFrom(pos);
  for (let line = from; line < limit; ) {
    const newline = text.indexOf("\n", line);
    const lineEnd = newline < 0 || newline > limit ? limit : newline;
    const end = text.charCodeAt(lineEnd - 1) === 13 && lineEnd > line ? lineEnd - 1 : lineEnd;
    if (end - line >= tag.length && end - line < tag.length + 4096) {
      const found = text.slice(line, end);
      if ((dedent ? found.trim() : found) === tag) {
        // Perl takes off what stands in front of the closing line.
        const indent = dedent ? found.length - found.trimStart().length : 0;
        const quote = { form, from, to: line, delimiter: "", flags: "", indent };
        return { quote, end: pos, resume: Math.min(lineEnd + 1, limit) };
      }
    }
    line = lineEnd + 1;
  }
  throw new SyntaxProblem(at, `the here-document <<${tag} is never closed by a line "${tag}"`, true);
}

/** Letters, digits, underscore. */
export function isWordCode(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || (code >= 48 && code <= 57) || code === 95;
}

/** A letter or underscore: may start a name. */
export function isNameStart(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === 95;
}

export function isDigitCode(code: number): boolean {
  return code >= 48 && code <= 57;
}
