// Administrators' regexps over text that mail controls: run on re2js, in time linear in the text.
// See docs/decisions/010-regexps-on-re2js.md for what that costs and what it cannot do.
import { createRequire } from "node:module";
import type { RE2JS } from "re2js";

// Loaded with the first pattern: many configurations have none.
let engine: typeof import("re2js") | undefined;
const require = createRequire(import.meta.url);

export interface Regexp {
  test(text: string): boolean;
  /** The groups of the first match, $1 first; "" for a group that took no part. Undefined when nothing matches. */
  groups(text: string): readonly string[] | undefined;
}

/** Longer text matches no regexp: no address is that long (RFC 5321 section 4.5.3.1), and a map need not try. */
export const maxSubjectChars = 8192;
const maxPatternChars = 16 * 1024;

/** The pattern cannot be taken; the message says why, in one line. */
export class RegexpError extends Error {
  override readonly name = "RegexpError";
}

/**
 * Compiles a pattern in RE2 syntax plus what Perl patterns of amavisd.conf use and RE2 spells otherwise: \Z, \h, \e,
 * (?#comment), (?^i:…), the x flag at the start, and one negative look-ahead at the very start, (^(?!…)…), which
 * becomes a second pattern. Throws a RegexpError for anything else that RE2 lacks: look-around, back-references,
 * possessive quantifiers.
 */
export function compileRegexp(pattern: string): Regexp {
  if (pattern.length > maxPatternChars) throw new RegexpError(`pattern longer than ${maxPatternChars} characters`);
  const { unless, main } = splitLookAhead(fromPerl(pattern));
  const not = unless === undefined ? undefined : compile(unless, pattern);
  const regexp = compile(main, pattern);
  const fits = (text: string) => text.length <= maxSubjectChars && !not?.test(text);
  return {
    test: (text) => fits(text) && regexp.test(text),
    groups(text) {
      // `exec` tracks groups and is ten times as dear as `test`, which most texts fail.
      if (!fits(text) || !regexp.test(text)) return undefined;
      const match = regexp.exec(text);
      return match === null ? undefined : match.slice(1).map((group: string | undefined) => group ?? "");
    },
  };
}

function compile(source: string, pattern: string): RE2JS {
  engine ??= require("re2js") as typeof import("re2js");
  try {
    return engine.RE2JS.compile(source);
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^error parsing regexp: /, "") : String(error);
    throw new RegexpError(`${explain(pattern) ?? reason} in the pattern ${JSON.stringify(pattern)}`);
  }
}

/** What a Perl pattern has that no linear-time engine can do, in an administrator's words. */
function explain(pattern: string): string | undefined {
  if (/\(\?<?[=!]/.test(pattern)) return "look-around is only possible as one negative look-ahead at the start,";
  if (/\\[1-9]/.test(pattern)) return "back-references are not possible";
  if (/\(\?>|[*+?}]\+/.test(pattern)) return "possessive quantifiers and atomic groups are not possible";
  return undefined;
}

/** What RE2 spells otherwise; a pattern without any of it is taken as it is. */
const perlOnly = /\\[Zhe]|\(\?(?:#|\^|[a-z]*x)/;

/** Rewrites Perl's spellings that have the same meaning in RE2. Walks the pattern once, escapes and classes skipped. */
function fromPerl(pattern: string): string {
  if (!perlOnly.test(pattern)) return pattern;
  let source = pattern;
  const extended = /^\(\?([a-wyz]*)x([a-wyz]*)\)/.exec(pattern);
  if (extended !== null) {
    const flags = `${extended[1] ?? ""}${extended[2] ?? ""}`;
    source = (flags === "" ? "" : `(?${flags})`) + pattern.slice(extended[0].length);
  }
  let out = "";
  let inClass = false;
  for (let i = 0; i < source.length; i += 1) {
    const char = source[i] ?? "";
    if (char === "\\") {
      const escaped = source[i + 1] ?? "";
      out += perlEscape(escaped, inClass);
      i += 1;
    } else if (inClass) {
      const named = /^\[:\^?[a-z]+:\]/.exec(source.slice(i, i + 16));
      out += named?.[0] ?? char;
      i += (named?.[0].length ?? 1) - 1;
      if (char === "]") inClass = false;
    } else if (char === "[") {
      inClass = true;
      // A "]" right after the "[" or "[^" stands for itself.
      const head = /^\[\^?\]?/.exec(source.slice(i, i + 3))?.[0] ?? char;
      out += head.replace(/\]$/, "\\]");
      i += head.length - 1;
    } else if (source.startsWith("(?#", i)) {
      const end = source.indexOf(")", i);
      i = end === -1 ? source.length : end;
    } else if (source.startsWith("(?^", i)) {
      out += "(?";
      i += 2;
    } else if (extended !== null && /\s/.test(char)) {
      // The x flag: white space and comments are layout.
    } else if (extended !== null && char === "#") {
      const end = source.indexOf("\n", i);
      i = end === -1 ? source.length : end;
    } else out += char;
  }
  return out;
}

function perlEscape(escaped: string, inClass: boolean): string {
  if (escaped === "Z" && !inClass) return "(?:\\n?\\z)";
  if (escaped === "h") return inClass ? " \\t" : "[ \\t]";
  if (escaped === "e") return "\\x1b";
  return `\\${escaped}`;
}

/** `^(?!A)B` as "not ^A" and "^B"; flags in front belong to both. */
function splitLookAhead(source: string): { readonly unless?: string; readonly main: string } {
  const head = /^((?:\(\?[a-z]+\))*)(\^|\\A)\(\?!/.exec(source);
  if (head === null) return { main: source };
  const [all, flags = "", anchor = "^"] = head;
  const end = endOfGroup(source, all.length);
  if (end === undefined) return { main: source };
  const rest = source.slice(end + 1);
  // With an alternative outside the look-ahead it would not hold for the whole pattern.
  if (hasTopLevelBar(rest)) return { main: source };
  return { unless: `${flags}${anchor}(?:${source.slice(all.length, end)})`, main: `${flags}${anchor}${rest}` };
}

function endOfGroup(source: string, from: number): number | undefined {
  let depth = 1;
  for (const { index, char } of bareCharacters(source, from)) {
    if (char === "(") depth += 1;
    else if (char === ")") depth -= 1;
    if (depth === 0) return index;
  }
  return undefined;
}

function hasTopLevelBar(source: string): boolean {
  let depth = 0;
  for (const { char } of bareCharacters(source, 0)) {
    if (char === "(") depth += 1;
    else if (char === ")") depth -= 1;
    else if (char === "|" && depth === 0) return true;
  }
  return false;
}

/** The characters of a pattern that are neither escaped nor in a class. */
function* bareCharacters(source: string, from: number): Generator<{ readonly index: number; readonly char: string }> {
  let inClass = false;
  for (let index = from; index < source.length; index += 1) {
    const char = source[index] ?? "";
    if (char === "\\") index += 1;
    else if (inClass) inClass = char !== "]";
    else if (char === "[") inClass = true;
    else yield { index, char };
  }
}
