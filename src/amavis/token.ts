// Tokens, and the one kind that strings hold too: variables.
import { isDigitCode, isNameStart, isWordCode } from "./quotes.ts";
import type { Quote, Sigil } from "./syntax.ts";

export type Token = { readonly at: number; readonly end: number } & (
  | { readonly kind: "end" }
  | { readonly kind: "word"; readonly text: string }
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "variable"; readonly sigil: Sigil; readonly name: string }
  /** The sigil of a dereference: what follows is `{…}` or another variable. */
  | { readonly kind: "cast"; readonly sigil: Sigil }
  | { readonly kind: "quote"; readonly quote: Quote }
  | { readonly kind: "operator"; readonly text: string }
);

/** A variable or the sigil of a dereference at `at`; nothing if the character means something else there. */
export function readVariable(text: string, at: number, limit: number): Token | undefined {
  let sigil: Sigil | undefined;
  const first = text.charAt(at);
  if (first === "$" || first === "@" || first === "%" || first === "&") sigil = first;
  if (sigil === undefined) return undefined;
  let start = at + 1;
  if (sigil === "$" && text.charAt(start) === "#" && /[\w{$:]/.test(text.charAt(start + 1))) {
    sigil = "$#";
    start++;
  }
  if (start >= limit) return undefined;
  const next = text.charAt(start);
  if (
    isNameStart(text.charCodeAt(start)) ||
    (next === ":" && text.charAt(start + 1) === ":" && isNameStart(text.charCodeAt(start + 2)))
  ) {
    let end = start;
    while (end < limit) {
      if (isWordCode(text.charCodeAt(end))) end++;
      else if (text.startsWith("::", end) && isNameStart(text.charCodeAt(end + 2))) end += 2;
      else break;
    }
    return { kind: "variable", sigil, name: text.slice(start, end), at, end };
  }
  if (next === "{") {
    const braced = /^\{\s{0,64}(\^?[A-Za-z_]\w{0,250}|\d{1,9})\s{0,64}\}/.exec(
      text.slice(start, Math.min(limit, start + 400)),
    );
    if (braced !== null) {
      return { kind: "variable", sigil, name: braced[1] ?? "", at, end: start + braced[0].length };
    }
    return { kind: "cast", sigil, at, end: start };
  }
  if (next === "$") {
    const after = text.charAt(start + 1);
    if (isNameStart(text.charCodeAt(start + 1)) || after === "{" || after === "$")
      return { kind: "cast", sigil, at, end: start };
    return sigil === "$" ? { kind: "variable", sigil, name: "$", at, end: start + 1 } : undefined;
  }
  if (sigil === "$") {
    let end = start;
    while (end < limit && isDigitCode(text.charCodeAt(end))) end++;
    if (end > start) return { kind: "variable", sigil, name: text.slice(start, end), at, end };
    if ("!@/\\,;.&\"'`+<>[]()0^|?~-:".includes(next))
      return { kind: "variable", sigil, name: next, at, end: start + 1 };
  }
  return undefined;
}
