// Turns a Perl regular expression into one that RE2 takes (linear time, no lookaround, no backreferences), or says why
// it cannot. Modifiers become an inline group, /x is resolved, two shapes of negative lookahead that the distribution's
// own files use are written out.

import { departs, nothingFollows, without } from "./lookahead.ts";

export type Translated = { readonly pattern: string } | { readonly fault: string };

/** Longer patterns are refused: they cost more to compile than a rule should. */
const maxPattern = 4000;
const maxGroups = 200;

interface State {
  readonly source: string;
  at: number;
  out: string;
  /** /x of each open group, the innermost last. */
  readonly extended: boolean[];
  readonly foldsCase: boolean;
  afterQuantifier: boolean;
}

class Fault extends Error {}

/** Translates `qr/source/flags`. */
export function translatePattern(source: string, flags: string): Translated {
  if (source.length > maxPattern) return { fault: `the pattern is longer than ${maxPattern} characters` };
  const state: State = {
    source,
    at: 0,
    out: "",
    extended: [flags.includes("x")],
    foldsCase: flags.includes("i") || /\(\?[a-z]*i/.test(source),
    afterQuantifier: false,
  };
  try {
    while (state.at < source.length) step(state);
  } catch (error) {
    if (error instanceof Fault) return { fault: error.message };
    throw error;
  }
  const inline = [...new Set(flags)].filter((flag) => "ims".includes(flag)).join("");
  return { pattern: inline === "" ? state.out : `(?${inline})${state.out}` };
}

function step(state: State): void {
  const { source } = state;
  const character = source.charAt(state.at);
  if (state.extended.at(-1) === true) {
    if (/\s/.test(character)) {
      state.at++;
      return;
    }
    if (character === "#") {
      const newline = source.indexOf("\n", state.at);
      state.at = newline < 0 ? source.length : newline + 1;
      return;
    }
  }
  if (isQuantifier(state, character)) {
    quantifier(state, character);
    return;
  }
  state.afterQuantifier = false;
  switch (character) {
    case "\\":
      escapeSequence(state, "outside");
      return;
    case "[":
      characterClass(state);
      return;
    case "(":
      group(state);
      return;
    case ")":
      if (state.extended.length === 1) throw new Fault('a ")" closes nothing');
      state.extended.pop();
  }
  state.out += character;
  state.at++;
}

function isQuantifier(state: State, character: string): boolean {
  if (character === "*" || character === "+" || character === "?") return true;
  return character === "{" && /^\{(?:\d+(?:,\d*)?|,\d+)\}/.test(state.source.slice(state.at, state.at + 12));
}

function quantifier(state: State, character: string): void {
  if (state.afterQuantifier && character === "+") throw new Fault("RE2 has no possessive quantifiers");
  const end = character === "{" ? state.source.indexOf("}", state.at) + 1 : state.at + 1;
  // Perl 5.34 takes {,n} as {0,n}; RE2 as text.
  state.out += state.source.slice(state.at, end).replace(/^\{,/, "{0,");
  state.at = end;
  // A "?" after a quantifier makes it lazy; what follows that is a new quantifier (and an error).
  state.afterQuantifier = !(state.afterQuantifier && character === "?");
}

const plainEscapes: Readonly<Record<string, string>> = {
  Z: "(?:\\n?\\z)",
  h: "[ \\t]",
  H: "[^ \\t]",
  v: "[\\n\\x0b\\f\\r]",
  V: "[^\\n\\x0b\\f\\r]",
  R: "(?:\\r\\n|[\\n\\x0b\\f\\r])",
  N: "[^\\n]",
  e: "\\x1b",
};
const classEscapes: Readonly<Record<string, string>> = { h: " \\t", v: "\\n\\x0b\\f\\r", e: "\\x1b", b: "\\x08" };
const impossible: Readonly<Record<string, string>> = {
  K: "\\K",
  G: "\\G",
  X: "\\X",
  g: "backreferences",
  k: "backreferences",
};

function escapeSequence(state: State, where: "outside" | "class"): void {
  const { source } = state;
  const letter = source.charAt(state.at + 1);
  if (letter === "") throw new Fault("the pattern ends with a backslash");
  const table = where === "class" ? classEscapes : plainEscapes;
  const ahead = source.slice(state.at + 1, state.at + 16);
  const octal = /^(?:0[0-7]{0,2}|[1-7][0-7]{2})/.exec(ahead)?.[0];
  if (octal !== undefined && (where === "class" || octal.startsWith("0") || octal.length === 3)) {
    state.out += `\\x{${Number.parseInt(octal, 8).toString(16)}}`;
    state.at += 1 + octal.length;
  } else if (/[1-9]/.test(letter)) throw new Fault("RE2 has no backreferences");
  else if (Object.hasOwn(table, letter)) {
    state.out += table[letter] ?? "";
    state.at += 2;
  } else if (where === "outside" && Object.hasOwn(impossible, letter))
    throw new Fault(`RE2 has no ${impossible[letter] ?? ""}`);
  else if (letter === "x") {
    const hex = /^x(?:\{\s*([0-9a-fA-F]{1,6})\s*\}|([0-9a-fA-F]{0,2}))/.exec(ahead);
    const digits = hex?.[1] ?? hex?.[2] ?? "";
    state.out += `\\x{${digits === "" ? "0" : digits}}`;
    state.at += 1 + (hex?.[0].length ?? 1);
  } else if (letter === "c") {
    state.out += `\\x{${(
      source
        .charAt(state.at + 2)
        .toUpperCase()
        .charCodeAt(0) ^ 64
    ).toString(16)}}`;
    state.at += 3;
  } else if (letter === "p" || letter === "P") {
    const property = /^[pP](?:\{[\w^]{1,30}\}|[A-Z])/.exec(source.slice(state.at + 1, state.at + 40))?.[0];
    if (property === undefined) throw new Fault("a property \\p{…} that is not understood");
    state.out += `\\${property}`;
    state.at += 1 + property.length;
  } else if (/[dDwWsSbBAznrtfa]/.test(letter)) {
    state.out += `\\${letter}`;
    state.at += 2;
  } else {
    // Any other escaped character is itself; RE2 does not take a backslash before letters and non-ASCII.
    state.out += /[A-Za-z]/.test(letter) || letter.charCodeAt(0) > 126 ? letter : `\\${letter}`;
    state.at += 2;
  }
}

function characterClass(state: State): void {
  const { source } = state;
  state.out += "[";
  state.at++;
  if (source.charAt(state.at) === "^") {
    state.out += "^";
    state.at++;
  }
  if (source.charAt(state.at) === "]") {
    state.out += "\\]";
    state.at++;
  }
  for (;;) {
    const character = source.charAt(state.at);
    if (character === "") throw new Fault('a "[" is never closed');
    if (character === "]") break;
    if (character === "\\") {
      escapeSequence(state, "class");
      continue;
    }
    const posix =
      character === "[" ? /^\[:\^?[a-z]{3,8}:\]/.exec(source.slice(state.at, state.at + 16))?.[0] : undefined;
    state.out += posix ?? (character === "[" ? "\\[" : character);
    state.at += posix?.length ?? 1;
  }
  state.out += "]";
  state.at++;
}

function group(state: State): void {
  const { source } = state;
  if (state.extended.length > maxGroups) throw new Fault("groups nest too deeply");
  const extended = state.extended.at(-1) === true;
  if (source.charAt(state.at + 1) === "*") throw new Fault("RE2 has no verbs such as (*FAIL)");
  if (source.charAt(state.at + 1) !== "?") {
    state.extended.push(extended);
    state.out += "(";
    state.at++;
    return;
  }
  const ahead = source.slice(state.at, state.at + 40);
  const comment = ahead.startsWith("(?#") ? source.indexOf(")", state.at) : -1;
  if (comment >= 0) {
    state.at = comment + 1;
    return;
  }
  if (ahead.startsWith("(?!") && negativeLookahead(state)) return;
  const named = /^\(\?(?:P?<|')([A-Za-z_]\w*)[>']/.exec(ahead);
  if (named !== null) {
    state.extended.push(extended);
    state.out += `(?P<${named[1] ?? ""}>`;
    state.at += named[0].length;
    return;
  }
  const flags = /^\(\?(\^?)([a-z]{0,8})(?:-([a-z]{1,8}))?([:)])/.exec(ahead);
  if (flags === null) {
    throw new Fault(
      /^\(\?(?:<?[=!])/.test(ahead)
        ? `RE2 has no ${ahead.startsWith("(?<") ? "lookbehind" : "lookahead"} (${ahead.slice(0, ahead.startsWith("(?<") ? 4 : 3)}…))`
        : `RE2 has no ${ahead.slice(0, 3)}…)`,
    );
  }
  const [whole, caret, on = "", off = "", end] = flags;
  const isExtended = on.includes("x") || (extended && caret === "" && !off.includes("x"));
  const set = [...new Set(on)].filter((flag) => "ims".includes(flag)).join("");
  const cleared = [...new Set(caret === "^" ? "ims" : off)]
    .filter((flag) => "ims".includes(flag) && !set.includes(flag))
    .join("");
  const inline = `${set}${cleared === "" ? "" : `-${cleared}`}`;
  if (end === ":") {
    state.extended.push(isExtended);
    state.out += `(?${inline}:`;
  } else {
    state.extended[state.extended.length - 1] = isExtended;
    if (inline !== "") state.out += `(?${inline})`;
  }
  state.at += whole.length;
}

/**
 * Negative lookahead that can be said without looking ahead: `(?!text)` where nothing, or only `.*` and a character that
 * is not in the text, has to follow; `(?!.*text)` and `(?!\\d)` where nothing follows.
 */
function negativeLookahead(state: State): boolean {
  if (state.extended.at(-1) === true) return false;
  const ahead = state.source.slice(state.at, state.at + 200);
  const single = /^\(\?!(?:\\([dwsDWS])|\[(\^?)((?:[^\\[\]]|\\.){1,100})\])\)/.exec(ahead);
  if (single !== null && nothingFollows(state.source.slice(state.at + single[0].length))) {
    const [whole, letter, negated, inner = ""] = single;
    const other = letter === undefined ? `[${negated === "^" ? "" : "^"}${inner}]` : `\\${swapCase(letter)}`;
    return emit(state, whole.length, `(?:\\z|${other})`);
  }
  const found = /^\(\?!(\.\*)?((?:[^\\()[\]{}.*+?^$]|\\[^\w\s]|\\ ){1,60})\)/.exec(ahead);
  if (found === null) return false;
  const [whole, anywhere, inner = ""] = found;
  const texts = inner.split("|").map((text) => text.replace(/\\(.)/g, "$1"));
  if (texts.some((text) => text === "")) return false;
  const rest = state.source.slice(state.at + whole.length);
  if (anywhere !== undefined) {
    const [text = ""] = texts;
    if (texts.length > 1 || !nothingFollows(rest)) return false;
    const pattern = without(text, state.foldsCase);
    if (pattern.length > maxPattern) throw new Fault("RE2 has no lookahead, and this one is too long to write out");
    return emit(state, whole.length, pattern);
  }
  if (nothingFollows(rest)) return emit(state, whole.length, departs(texts, "\\z"));
  const stop = /^\.\*(?:\\([^\w])|([\w@:/<> -]))(?![*?{])/.exec(rest);
  const next = stop?.[1] ?? stop?.[2];
  if (next === undefined || texts.some((text) => text.toLowerCase().includes(next.toLowerCase()))) return false;
  return emit(state, whole.length + 2, departs(texts, ""));
}

function emit(state: State, taken: number, pattern: string): true {
  state.out += pattern;
  state.at += taken;
  return true;
}

function swapCase(letter: string): string {
  return letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase();
}
