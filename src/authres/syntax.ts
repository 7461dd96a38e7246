// The words of RFC 8601 section 2.2 and RFC 2045 section 5.1: tokens, quoted strings, comments, read by index.
// Every function is linear in the octets it looks at and never throws.

const SPACE = 32;
const TAB = 9;
const CR = 13;
const LF = 10;
const QUOTE = 34;
const OPEN = 40;
const CLOSE = 41;
const BACKSLASH = 92;

/** RFC 2045's tspecials: a token holds none of them, no space and no control character. */
const tspecials = '()<>@,;:\\"/[]?=';

const tokenCharacter: readonly boolean[] = Array.from(
  { length: 256 },
  (_, code) => code > 32 && code < 127 && !tspecials.includes(String.fromCharCode(code)),
);

export function isToken(text: string): boolean {
  if (text === "") return false;
  for (let i = 0; i < text.length; i += 1) {
    if (tokenCharacter[text.charCodeAt(i)] !== true) return false;
  }
  return true;
}

/**
 * Where the comments and white space at `from` end (CFWS, RFC 5322 section 3.2.2), comments nested as deep as they
 * like; -1 when a comment is not closed.
 */
export function skipCfws(text: string, from: number): number {
  let at = from;
  let depth = 0;
  for (; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === OPEN) depth += 1;
    else if (depth > 0) {
      if (code === CLOSE) depth -= 1;
      else if (code === BACKSLASH) at += 1;
    } else if (code !== SPACE && code !== TAB && code !== CR && code !== LF) break;
  }
  return depth === 0 ? Math.min(at, text.length) : -1;
}

/** A word that was read and where it ends. */
export interface Word {
  readonly text: string;
  readonly end: number;
}

/** Reads a quoted string at `from` (RFC 5322 section 3.2.4), quotes and quoted pairs undone, folding removed. */
export function readQuotedString(text: string, from: number): Word | undefined {
  if (text.charCodeAt(from) !== QUOTE) return undefined;
  const pieces: string[] = [];
  let start = from + 1;
  for (let at = start; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      pieces.push(text.slice(start, at));
      return { text: pieces.join(""), end: at + 1 };
    }
    if (code === CR || code === LF || code === BACKSLASH) {
      pieces.push(text.slice(start, at));
      start = at + 1;
      // The character after a backslash stands for itself.
      if (code === BACKSLASH) at += 1;
    }
  }
  return undefined;
}

/** Reads characters up to white space, a comment or one of `stops`; undefined when there are none. */
export function readUntil(text: string, from: number, stops: string): Word | undefined {
  let at = from;
  for (; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code <= SPACE || code === OPEN || code === QUOTE || stops.includes(text.charAt(at))) break;
  }
  return at === from ? undefined : { text: text.slice(from, at), end: at };
}
