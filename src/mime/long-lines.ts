// Lines of a header field that are too long for SMTP (RFC 5322 section 2.1.1): folded where that is legal, and those mended that
// an MTA has broken within a word on the way here.

import { maxLineOctets } from "../mail/header.ts";

export interface Refolded {
  /** One character per octet, final CRLF included. */
  readonly text: string;
  /** A break within a word was taken out. */
  readonly healed: boolean;
  /** Some line is still too long: it has no blank to fold at. */
  readonly stillLong: boolean;
}

/** Undefined for a field whose lines are good as they are. `field`: one character per octet, with its final CRLF. */
export function refold(field: string): Refolded | undefined {
  if (field.length <= maxLineOctets) return undefined;
  const lines = field.replace(/\r\n$/, "").split("\r\n");
  const whole = heal(lines);
  const healed = whole.length < lines.length;
  if (!healed && lines.every((line) => line.length <= maxLineOctets)) return undefined;
  const folded = whole.flatMap(fold);
  const stillLong = folded.some((line) => line.length > maxLineOctets);
  return { text: `${folded.join("\r\n")}\r\n`, healed, stillLong };
}

/**
 * Postfix puts CRLF and a blank behind octet 998 of a line, wherever that is. Within <...> or =?...?= it can only have been
 * that; elsewhere the blank may be the sender's own.
 */
function heal(lines: readonly string[]): readonly string[] {
  const whole: string[] = [];
  let isCut = false;
  for (const line of lines) {
    const before = whole.at(-1);
    if (isCut && before !== undefined && /^ [^ \t]/.test(line) && isWithinWord(before)) {
      whole[whole.length - 1] = before + line.slice(1);
    } else whole.push(line);
    isCut = line.length === maxLineOctets;
  }
  return whole;
}

function isWithinWord(text: string): boolean {
  const bracket = text.lastIndexOf("<");
  if (bracket !== -1 && /^<[^<> \t]+$/.test(text.slice(bracket))) return true;
  // RFC 2047 section 2.
  const word = text.lastIndexOf("=?");
  return word !== -1 && /^=\?[^? \t]+\?[bq]\?[^? \t]*$/i.test(text.slice(word));
}

/** One line as several, none longer than it may be where its blanks allow. */
function fold(line: string): string[] {
  const folded: string[] = [];
  let rest = line;
  while (rest.length > maxLineOctets) {
    const at = foldAt(rest);
    if (at === -1) break;
    folded.push(rest.slice(0, at));
    rest = rest.slice(at);
  }
  return [...folded, rest];
}

/** The last blank within the limit, else the first behind it, that has something before and behind it; -1 where there is none. */
function foldAt(line: string): number {
  const firstWord = line.search(/[^ \t]/);
  const end = line.trimEnd().length;
  const isFold = (at: number) => at > firstWord && firstWord !== -1 && at < end && isBlank(line.charCodeAt(at));
  for (let at = Math.min(maxLineOctets, end - 1); at > firstWord; at -= 1) if (isFold(at)) return at;
  for (let at = maxLineOctets + 1; at < end; at += 1) if (isFold(at)) return at;
  return -1;
}

function isBlank(octet: number): boolean {
  return octet === 32 || octet === 9;
}
