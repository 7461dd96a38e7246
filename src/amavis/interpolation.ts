// Takes the contents of a double-quoted string or a pattern apart: text, escapes, variables, \U…\E.
import { isDigitCode, isNameStart } from "./quotes.ts";
import type { Expression, Quote } from "./syntax.ts";

/** Parses the variable that starts at an offset, with its subscripts; returns where it ends. */
export type ReadEmbedded = (at: number, limit: number) => { expression: Expression; end: number };

const simpleEscapes: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  f: "\f",
  b: "\b",
  a: "\x07",
  e: "\x1b",
};
const caseCalls: Readonly<Record<string, string>> = {
  U: "uc",
  L: "lc",
  F: "lc",
  Q: "quotemeta",
  u: "ucfirst",
  l: "lcfirst",
};

interface Group {
  readonly call: string;
  readonly at: number;
  readonly parts: Expression[];
}

/**
 * The parts of a quote, texts and variables in turn.
 * @param mode in a pattern, backslash pairs stay as they are
 */
export function interpolate(text: string, quote: Quote, mode: "string" | "pattern", read: ReadEmbedded): Expression[] {
  const groups: Group[] = [{ call: "", at: quote.from, parts: [] }];
  let literal = "";
  let literalAt = quote.from;
  /** \u or \l waiting for the next character or variable. */
  let next: { call: string; at: number } | undefined;

  const push = (part: Expression) => {
    const wrapped: Expression =
      next === undefined ? part : { kind: "call", at: next.at, name: next.call, args: [part] };
    next = undefined;
    groups.at(-1)?.parts.push(wrapped);
  };
  const flush = () => {
    if (literal !== "") push({ kind: "string", at: literalAt, value: literal });
    literal = "";
  };
  const add = (value: string, at: number) => {
    if (literal === "") literalAt = at;
    literal += value;
    if (next !== undefined) flush();
  };
  const closeGroup = () => {
    flush();
    const group = groups.pop();
    if (group === undefined) return;
    push({
      kind: "call",
      at: group.at,
      name: group.call,
      args: [{ kind: "joined", at: group.at, parts: group.parts }],
    });
  };

  let at = skipIndent(text, quote.from, quote);
  while (at < quote.to) {
    const character = text.charAt(at);
    if (character === "\\" && at + 1 < quote.to) {
      const escaped = text.charAt(at + 1);
      const call = Object.hasOwn(caseCalls, escaped) ? caseCalls[escaped] : undefined;
      if (escaped === "E") {
        if (groups.length > 1) closeGroup();
        at += 2;
      } else if (call !== undefined && (escaped === "u" || escaped === "l")) {
        flush();
        next = { call, at };
        at += 2;
      } else if (call !== undefined) {
        flush();
        if (groups.length < 16) groups.push({ call, at, parts: [] });
        at += 2;
      } else if (mode === "pattern") {
        add(text.slice(at, at + 2), at);
        at += 2;
      } else {
        const { value, end } = readEscape(text, at, quote.to);
        add(value, at);
        at = end;
      }
    } else if ((character === "$" || character === "@") && embeds(text, at, quote.to, mode)) {
      flush();
      const { expression, end } = read(at, quote.to);
      push(expression);
      at = end;
    } else if (character === "\n" && quote.indent > 0) {
      add("\n", at);
      at = skipIndent(text, at + 1, quote);
    } else {
      // Plain text is taken in runs, not character by character.
      let end = at + 1;
      while (end < quote.to && !"\\$@\n".includes(text.charAt(end)) && next === undefined) end++;
      add(text.slice(at, end), at);
      at = end;
    }
  }
  while (groups.length > 1) closeGroup();
  flush();
  return groups[0]?.parts ?? [];
}

/** True if the "$" or "@" at this place starts a variable rather than being itself. */
function embeds(text: string, at: number, to: number, mode: "string" | "pattern"): boolean {
  if (at + 1 >= to) return false;
  const code = text.charCodeAt(at + 1);
  const following = text.charAt(at + 1);
  if (isNameStart(code) || (following === ":" && text.startsWith("::", at + 1) && isNameStart(text.charCodeAt(at + 3))))
    return true;
  if (following === "{") return mode === "string" || /^\{\s*[\w\\$@[^]/.test(text.slice(at + 1, Math.min(to, at + 20)));
  if (following === "$")
    return isNameStart(text.charCodeAt(at + 2)) || text.charAt(at + 2) === "{" || text.charAt(at + 2) === "$";
  if (text.charAt(at) === "@") return false;
  return isDigitCode(code) || following === "&" || (following === "#" && /[\w{$]/.test(text.charAt(at + 2)));
}

function skipIndent(text: string, at: number, quote: Quote): number {
  let pos = at;
  while (pos < quote.to && pos < at + quote.indent && (text.charAt(pos) === " " || text.charAt(pos) === "\t")) pos++;
  return pos;
}

/** One escape of a double-quoted string that starts at the backslash. */
function readEscape(text: string, at: number, to: number): { value: string; end: number } {
  const escaped = text.charAt(at + 1);
  if (Object.hasOwn(simpleEscapes, escaped)) return { value: simpleEscapes[escaped] ?? "", end: at + 2 };
  const ahead = text.slice(at + 1, Math.min(to, at + 16));
  const braced = /^(?:x\{\s*([0-9a-fA-F_]{1,8})\s*\}|N\{U\+([0-9a-fA-F]{1,6})\})/.exec(ahead);
  if (braced !== null) {
    const code = Number.parseInt((braced[1] ?? braced[2] ?? "0").replaceAll("_", ""), 16);
    return { value: code <= 0x10ffff ? String.fromCodePoint(code) : "\ufffd", end: at + 1 + braced[0].length };
  }
  if (escaped === "x") {
    const digits = /^x([0-9a-fA-F]{0,2})/.exec(ahead)?.[1] ?? "";
    return {
      value: String.fromCharCode(Number.parseInt(digits === "" ? "0" : digits, 16)),
      end: at + 2 + digits.length,
    };
  }
  const octal = /^(?:o\{([0-7]{1,7})\}|([0-7]{1,3}))/.exec(ahead);
  if (octal !== null) {
    const code = Number.parseInt(octal[1] ?? octal[2] ?? "0", 8);
    return { value: String.fromCodePoint(Math.min(code, 0x10ffff)), end: at + 1 + octal[0].length };
  }
  if (escaped === "c" && at + 2 < to) {
    return {
      value: String.fromCharCode(
        text
          .charAt(at + 2)
          .toUpperCase()
          .charCodeAt(0) ^ 64,
      ),
      end: at + 3,
    };
  }
  return { value: escaped, end: at + 2 };
}

/** The text of a single-quoted string: only the delimiters and the backslash are escaped there. */
export function literalText(text: string, quote: Quote): string {
  const raw = text.slice(quote.from, quote.to);
  if (quote.indent > 0) {
    const blanks = new RegExp(`^[ \\t]{0,${Math.min(quote.indent, 1000)}}`, "gm");
    return raw.replace(blanks, "");
  }
  if (quote.delimiter === "" || !raw.includes("\\")) return raw;
  const closer = text.charAt(quote.to);
  let value = "";
  for (let at = 0; at < raw.length; at++) {
    const character = raw.charAt(at);
    const following = raw.charAt(at + 1);
    if (
      character === "\\" &&
      (following === "\\" || following === quote.delimiter || following === closer) &&
      following !== ""
    ) {
      value += following;
      at++;
    } else value += character;
  }
  return value;
}
