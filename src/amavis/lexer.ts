// Cuts an amavisd.conf into tokens. Perl's tokens depend on what is expected (a term or an operator: "/" and "<<" and
// "%" mean different things), so the parser asks for one kind or the other.
import { findClosing, isDigitCode, isNameStart, isWordCode, readHereDocument } from "./quotes.ts";
import type { SourceText } from "./source-text.ts";
import { type Quote, SyntaxProblem } from "./syntax.ts";
import { readVariable, type Token } from "./token.ts";

type Expect = "term" | "operator";

/** Longest first within each first character. */
// biome-ignore format: a table
const operators = [
  "<=>", "**=", "||=", "&&=", "//=", "...", "<<=", ">>=",
  "->", "++", "--", "**", "=~", "!~", "==", "!=", "<=", ">=", "&&", "||", "//", "..", "+=", "-=", "*=", "/=", ".=", "%=",
  "x=", "&=", "|=", "^=", "<<", ">>", "=>",
];
const operatorsByStart = new Map<string, string[]>();
for (const operator of operators) {
  const start = operator.charAt(0);
  operatorsByStart.set(start, [...(operatorsByStart.get(start) ?? []), operator]);
}

const quoteForms: Readonly<Record<string, Quote["form"]>> = {
  q: "literal",
  qq: "interpolated",
  qw: "words",
  qr: "regexp",
  m: "match",
  s: "rewrite",
  tr: "rewrite",
  y: "rewrite",
  qx: "command",
};

export class Lexer {
  readonly source: SourceText;
  /** Set where a line __END__ or __DATA__ ends the program. */
  ended = false;
  readonly #text: string;
  readonly #limit: number;
  #pos: number;
  #peeked: { token: Token; expect: Expect; from: number; here: number } | undefined;
  /** End of the line on which here-documents were announced, and where the text goes on behind them. */
  #hereLine = -1;
  #hereResume = -1;

  constructor(source: SourceText, from = 0, limit = source.text.length) {
    this.source = source;
    this.#text = source.text;
    this.#pos = from;
    this.#limit = limit;
  }

  get position(): number {
    return this.#peeked?.from ?? this.#pos;
  }

  peek(expect: Expect): Token {
    const peeked = this.#peeked;
    if (peeked !== undefined) {
      if (peeked.expect === expect) return peeked.token;
      this.#rewind(peeked.from, peeked.here);
    }
    const from = this.#pos;
    const here = this.#hereResume;
    this.#skipBlank();
    const token = expect === "term" ? this.#readTerm() : this.#readOperator();
    this.#pos = token.end;
    this.#peeked = { token, expect, from, here };
    return token;
  }

  next(expect: Expect): Token {
    const token = this.peek(expect);
    this.#peeked = undefined;
    return token;
  }

  /** Takes the operator if it comes next. */
  take(operator: string): Token | undefined {
    const token = this.peek("operator");
    if (token.kind !== "operator" || token.text !== operator) return undefined;
    return this.next("operator");
  }

  expect(operator: string, after: string): Token {
    const token = this.peek("operator");
    if (token.kind === "operator" && token.text === operator) return this.next("operator");
    throw new SyntaxProblem(token.at, `expected "${operator}" ${after}, found ${this.describe(token)}`);
  }

  /** What comes next, blanks skipped, without making a token of it. */
  upcoming(): string {
    if (this.#peeked !== undefined) this.#rewind(this.#peeked.from, this.#peeked.here);
    this.#skipBlank();
    return this.#text.charAt(this.#pos);
  }

  /** True if what comes next stands at the start of a line and is one of these characters. */
  atNewLine(characters: string): boolean {
    const next = this.upcoming();
    return next !== "" && characters.includes(next) && this.#text.charAt(this.#pos - 1) === "\n";
  }

  /** A bare word between braces (`{key}`, `{-key}`): taken whole, the closing brace too. */
  takeBareKey(): { value: string; at: number } | undefined {
    this.upcoming();
    const at = this.#pos;
    let pos = at;
    if (this.#text.charAt(pos) === "-") pos++;
    if (!isNameStart(this.#text.charCodeAt(pos))) return undefined;
    while (pos < this.#limit && isWordCode(this.#text.charCodeAt(pos))) pos++;
    const end = pos;
    while (pos < this.#limit && isBlank(this.#text.charCodeAt(pos))) pos++;
    if (this.#text.charAt(pos) !== "}" || pos >= this.#limit) return undefined;
    this.#pos = pos + 1;
    return { value: this.#text.slice(at, end), at };
  }

  /** True if a fat comma follows the position: the word before it is then a string. */
  fatCommaAt(position: number): boolean {
    let pos = position;
    for (;;) {
      while (pos < this.#limit && isBlank(this.#text.charCodeAt(pos))) pos++;
      if (this.#text.charAt(pos) !== "#") break;
      const newline = this.#text.indexOf("\n", pos);
      if (newline < 0) return false;
      pos = newline + 1;
    }
    return this.#text.startsWith("=>", pos);
  }

  /** True if a single colon follows: the word before it is a label. */
  labelAt(position: number): boolean {
    let pos = position;
    while (pos < this.#limit && isBlank(this.#text.charCodeAt(pos))) pos++;
    return this.#text.charAt(pos) === ":" && this.#text.charAt(pos + 1) !== ":";
  }

  jump(position: number): void {
    this.#peeked = undefined;
    this.#pos = position;
  }

  describe(token: Token): string {
    if (token.kind === "end") return this.ended ? "__END__" : "the end";
    const text = this.#text.slice(token.at, Math.min(token.end, token.at + 30)).split("\n", 1)[0] ?? "";
    return visibleCharacter(text);
  }

  #rewind(position: number, here: number): void {
    this.#pos = position;
    this.#hereResume = here;
    this.#peeked = undefined;
  }

  /** White space, comments, POD (from a line that starts with "=name" to "=cut"), bodies of here-documents. */
  #skipBlank(): void {
    const text = this.#text;
    while (this.#pos < this.#limit) {
      const code = text.charCodeAt(this.#pos);
      if (code === 10 /* LF */) {
        const resumes = this.#hereResume > this.#pos && this.#pos === this.#hereLine;
        this.#pos = resumes ? this.#hereResume : this.#pos + 1;
        if (text.charCodeAt(this.#pos) === 61 /* = */ && isNameStart(text.charCodeAt(this.#pos + 1))) this.#skipPod();
      } else if (isBlank(code)) this.#pos++;
      else if (code === 35 /* # */) {
        const newline = text.indexOf("\n", this.#pos);
        this.#pos = newline < 0 || newline > this.#limit ? this.#limit : newline;
      } else if (code === 61 /* = */ && this.#pos === 0 && isNameStart(text.charCodeAt(1))) this.#skipPod();
      else return;
    }
  }

  #skipPod(): void {
    const cut = this.#text.startsWith("=cut", this.#pos) ? this.#pos : this.#text.indexOf("\n=cut", this.#pos);
    const newline = cut < 0 ? -1 : this.#text.indexOf("\n", cut + 1);
    this.#pos = newline < 0 || newline > this.#limit ? this.#limit : newline;
  }

  #readTerm(): Token {
    const at = this.#pos;
    if (at >= this.#limit) return { kind: "end", at, end: at };
    const text = this.#text;
    const code = text.charCodeAt(at);
    if (isNameStart(code)) return this.#readWord(at);
    if (isDigitCode(code) || (code === 46 && isDigitCode(text.charCodeAt(at + 1)))) return this.#readNumber(at);
    switch (text.charAt(at)) {
      case "$":
      case "@":
      case "%":
      case "&": {
        const variable = readVariable(text, at, this.#limit);
        if (variable !== undefined) return variable;
        break;
      }
      case "'":
        return this.#readQuote(at, at, "literal");
      case '"':
        return this.#readQuote(at, at, "interpolated");
      case "`":
        return this.#readQuote(at, at, "command");
      case "/":
        return this.#readQuote(at, at, "match");
      case "<":
        if (text.charAt(at + 1) === "<") {
          const here = readHereDocument(text, at, this.#limit, (end) => this.#hereBody(end));
          if (here !== undefined) {
            this.#hereResume = here.resume;
            return { kind: "quote", at, end: here.end, quote: here.quote };
          }
        }
        break;
    }
    return this.#readOperator();
  }

  /** Where the body of a here-document starts whose token ends at `end`. */
  #hereBody(end: number): number {
    const newline = this.#text.indexOf("\n", end);
    const line = newline < 0 ? this.#limit : newline;
    if (this.#hereLine === line && this.#hereResume > line) return this.#hereResume;
    this.#hereLine = line;
    return Math.min(line + 1, this.#limit);
  }

  #readOperator(): Token {
    const at = this.#pos;
    if (at >= this.#limit) return { kind: "end", at, end: at };
    const first = this.#text.charAt(at);
    if (isNameStart(this.#text.charCodeAt(at))) {
      // The repetition operator may be glued to its number: "=" x70.
      if (first === "x" && (isDigitCode(this.#text.charCodeAt(at + 1)) || this.#text.charAt(at + 1) === "=")) {
        const assigns = this.#text.charAt(at + 1) === "=" && !"=~".includes(this.#text.charAt(at + 2));
        return { kind: "operator", text: assigns ? "x=" : "x", at, end: at + (assigns ? 2 : 1) };
      }
      let end = at;
      while (end < this.#limit && isWordCode(this.#text.charCodeAt(end))) end++;
      return { kind: "operator", text: this.#text.slice(at, end), at, end };
    }
    for (const operator of operatorsByStart.get(first) ?? []) {
      if (this.#text.startsWith(operator, at))
        return { kind: "operator", text: operator, at, end: at + operator.length };
    }
    return { kind: "operator", text: first, at, end: at + 1 };
  }

  #readWord(at: number): Token {
    const text = this.#text;
    let end = at;
    while (end < this.#limit) {
      if (isWordCode(text.charCodeAt(end))) end++;
      else if (text.startsWith("::", end) && isNameStart(text.charCodeAt(end + 2))) end += 2;
      else break;
    }
    const word = text.slice(at, end);
    const form = Object.hasOwn(quoteForms, word) ? quoteForms[word] : undefined;
    // Glued to its word a "#" opens the quote, it is no comment in front of a fat comma.
    if (form !== undefined && (text.charAt(end) === "#" || !this.fatCommaAt(end))) {
      let open = end;
      while (open < this.#limit && isBlank(text.charCodeAt(open))) open++;
      const delimiter = text.charCodeAt(open);
      // "#" after a blank is a comment, "," and ";" and "=" show that the word is none of ours.
      const quotes = open < this.#limit && !isWordCode(delimiter) && !",;)".includes(text.charAt(open));
      if (quotes && !(open > end && text.charAt(open) === "#")) return this.#readQuote(at, open, form, word);
    }
    if (word === "__END__" || word === "__DATA__") {
      this.ended = true;
      return { kind: "end", at, end: this.#limit };
    }
    return { kind: "word", text: word, at, end };
  }

  #readQuote(at: number, open: number, form: Quote["form"], word = ""): Token {
    const delimiter = this.#text.charAt(open);
    const close = findClosing(this.#text, open, this.#limit);
    let end = close + 1;
    let second: { readonly from: number; readonly to: number } | undefined;
    if (form === "rewrite") {
      // s{…}{…} has a second part with its own delimiters, s/…/…/ shares the middle one.
      if ("([{<".includes(delimiter)) {
        while (end < this.#limit && isBlank(this.#text.charCodeAt(end))) end++;
        const from = end + 1;
        end = findClosing(this.#text, end, this.#limit) + 1;
        second = { from, to: end - 1 };
      } else {
        end = findClosing(this.#text, close, this.#limit) + 1;
        second = { from: close + 1, to: end - 1 };
      }
    }
    let flags = "";
    if (form === "regexp" || form === "match" || form === "rewrite") {
      const start = end;
      while (end < this.#limit && isNameStart(this.#text.charCodeAt(end))) end++;
      flags = this.#text.slice(start, end);
    }
    // qx'…' and m'…' and qr'…' do not interpolate; the parser sees it by the delimiter.
    const replacement = word === "s" && second !== undefined ? { replacement: second } : {};
    const quote = { form, from: open + 1, to: close, delimiter, flags, indent: 0, ...replacement };
    return {
      kind: "quote",
      at,
      end,
      quote: word === "qx" || form === "command" ? { ...quote, form: "command" } : quote,
    };
  }

  #readNumber(at: number): Token {
    const text = this.#text;
    const isDigits = (code: number) => isDigitCode(code) || code === 95;
    let end = at;
    if (text.charAt(at) === "0" && "xXbB".includes(text.charAt(at + 1)) && isWordCode(text.charCodeAt(at + 2))) {
      end = at + 2;
      while (end < this.#limit && isWordCode(text.charCodeAt(end))) end++;
      const value = Number(text.slice(at, end).replaceAll("_", ""));
      if (Number.isNaN(value))
        throw new SyntaxProblem(at, `"${text.slice(at, Math.min(end, at + 30))}" is not a number`);
      return { kind: "number", value, at, end };
    }
    while (end < this.#limit && isDigits(text.charCodeAt(end))) end++;
    const whole = text.slice(at, end);
    let digits = whole.replaceAll("_", "");
    if (text.charAt(end) === "." && text.charAt(end + 1) !== ".") {
      const dot = end++;
      while (end < this.#limit && isDigits(text.charCodeAt(end))) end++;
      digits += text.slice(dot, end).replaceAll("_", "");
    } else if (/^0[0-7]+$/.test(digits.slice(0, 32))) {
      return { kind: "number", value: Number.parseInt(digits, 8), at, end };
    }
    const exponent = /^[eE][+-]?\d{1,4}/.exec(text.slice(end, end + 7))?.[0] ?? "";
    end += exponent.length;
    return { kind: "number", value: Number(digits + exponent), at, end };
  }
}

/** Space, tab, CR, LF, FF, VT. */
function isBlank(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13);
}

/** In quotes; a blank that Perl takes none, or what nobody can see, by its number. */
export function visibleCharacter(text: string): string {
  if (!/^[^\x21-\x7e\p{L}\p{N}\p{P}\p{S}]$/u.test(text)) return `"${text}"`;
  return `character U+${text.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
}
