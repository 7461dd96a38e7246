// Parses expressions by Perl's precedences. Nesting is bounded and rows of operators are kept flat, so no input is deep.
import { interpolate, literalText } from "./interpolation.ts";
import { Lexer } from "./lexer.ts";
import {
  assignments,
  levels,
  listFunctions,
  lowOperators,
  modifiers,
  namedUnaryLevel,
  unaryFunctions,
} from "./perl-words.ts";
import { skipBlock } from "./skip-block.ts";
import type { SourceText } from "./source-text.ts";
import { type ChainLink, type Expression, type Quote, type Sigil, type Step, SyntaxProblem } from "./syntax.ts";
import { readVariable, type Token } from "./token.ts";

/** How deep expressions may nest; a pair of brackets takes two. */
export const maxNesting = 400;

export class ExpressionParser {
  readonly source: SourceText;
  readonly lexer: Lexer;
  #depth: number;

  constructor(source: SourceText, lexer: Lexer, depth = 0) {
    this.source = source;
    this.lexer = lexer;
    this.#depth = depth;
  }

  nested<T>(at: number, parse: () => T): T {
    if (this.#depth >= maxNesting) throw new SyntaxProblem(at, "nested too deeply", true);
    this.#depth++;
    try {
      return parse();
    } finally {
      this.#depth--;
    }
  }

  /** With commas, `and`, `or`, `not`. */
  expression(): Expression {
    const at = this.lexer.position;
    return this.nested(at, () => {
      const first = this.#conjunction();
      const rest: ChainLink[] = [];
      for (;;) {
        const token = this.lexer.peek("operator");
        if (token.kind !== "operator" || (token.text !== "or" && token.text !== "xor")) break;
        this.lexer.next("operator");
        rest.push({ operator: token.text, at: token.at, right: this.#conjunction() });
      }
      return rest.length === 0 ? first : { kind: "chain", at: first.at, first, rest };
    });
  }

  #conjunction(): Expression {
    const first = this.#negation();
    const rest: ChainLink[] = [];
    for (;;) {
      const token = this.lexer.peek("operator");
      if (token.kind !== "operator" || token.text !== "and") break;
      this.lexer.next("operator");
      rest.push({ operator: "and", at: token.at, right: this.#negation() });
    }
    return rest.length === 0 ? first : { kind: "chain", at: first.at, first, rest };
  }

  #negation(): Expression {
    const token = this.lexer.peek("term");
    if (token.kind === "word" && token.text === "not" && !this.lexer.fatCommaAt(token.end)) {
      this.lexer.next("term");
      return this.nested(token.at, () => ({ kind: "unary", at: token.at, operator: "!", operand: this.#negation() }));
    }
    return this.list();
  }

  /** Comma separated; one item without a comma is itself. */
  list(): Expression {
    const first = this.assignment();
    if (!this.#comma()) return first;
    const items = [first];
    do {
      if (this.#listEnds()) break;
      items.push(this.assignment());
    } while (this.#comma());
    return { kind: "list", at: first.at, items };
  }

  /** One or more commas in a row count as one. */
  #comma(): boolean {
    let found = false;
    while (this.lexer.take(",") !== undefined || this.lexer.take("=>") !== undefined) found = true;
    return found;
  }

  #listEnds(): boolean {
    const token = this.lexer.peek("operator");
    if (token.kind === "end") return true;
    if (token.kind !== "operator") return false;
    if (")]};:".includes(token.text)) return true;
    return (modifiers.has(token.text) || lowOperators.has(token.text)) && !this.lexer.fatCommaAt(token.end);
  }

  assignment(): Expression {
    const at = this.lexer.position;
    return this.nested(at, () => {
      const target = this.#choice();
      const token = this.lexer.peek("operator");
      if (token.kind !== "operator" || !assignments.has(token.text)) return target;
      this.lexer.next("operator");
      return { kind: "assignment", at: target.at, operator: token.text, target, value: this.assignment() };
    });
  }

  #choice(): Expression {
    const condition = this.#binary(0);
    if (this.lexer.take("?") === undefined) return condition;
    const yes = this.assignment();
    this.lexer.expect(":", 'after "? …"');
    return { kind: "choice", at: condition.at, condition, yes, no: this.assignment() };
  }

  #binary(least: number): Expression {
    let left = this.#unary();
    let level = -1;
    let rest: ChainLink[] = [];
    for (;;) {
      const token = this.lexer.peek("operator");
      const found = token.kind === "operator" ? levels.get(token.text) : undefined;
      if (token.kind !== "operator" || found === undefined || found < least) return left;
      this.lexer.next("operator");
      const right = this.#binary(found + 1);
      if (found !== level) {
        level = found;
        rest = [];
        left = { kind: "chain", at: left.at, first: left, rest };
      }
      rest.push({ operator: token.text, at: token.at, right });
    }
  }

  #unary(): Expression {
    const token = this.lexer.peek("term");
    if (token.kind !== "operator" || !["!", "~", "\\", "-", "+", "++", "--"].includes(token.text)) return this.#power();
    this.lexer.next("term");
    if (token.text === "-") {
      const test = this.#fileTest(token);
      if (test !== undefined) return test;
    }
    return this.nested(token.at, () => {
      const operand = this.#unary();
      if (token.text === "\\") return { kind: "reference", at: token.at, target: operand };
      if (token.text === "+") return operand;
      return { kind: "unary", at: token.at, operator: token.text, operand };
    });
  }

  /** `-e FILE` and its like; nothing if the minus is one. */
  #fileTest(minus: Token): Expression | undefined {
    const text = this.source.text;
    const letter = text.charAt(minus.end);
    if (
      !/[edfrwxszlRWXO]/.test(letter) ||
      /[\w(]/.test(text.charAt(minus.end + 1)) ||
      this.lexer.fatCommaAt(minus.end + 1)
    )
      return undefined;
    this.lexer.jump(minus.end + 1);
    const operand = this.nested(minus.at, () => this.#binary(namedUnaryLevel));
    return { kind: "call", at: minus.at, name: `-${letter}`, args: [operand] };
  }

  #power(): Expression {
    const base = this.#postfix();
    const token = this.lexer.take("**");
    if (token === undefined) return base;
    const right = this.nested(token.at, () => this.#unary());
    return { kind: "chain", at: base.at, first: base, rest: [{ operator: "**", at: token.at, right }] };
  }

  #postfix(): Expression {
    const term = this.subscripts(this.#primary(), false);
    const token = this.lexer.peek("operator");
    if (token.kind === "operator" && (token.text === "++" || token.text === "--")) {
      this.lexer.next("operator");
      return { kind: "unary", at: term.at, operator: token.text, operand: term };
    }
    return term;
  }

  /**
   * What follows a term: `[…]`, `{…}`, `->[…]`, `->{…}`, `->method(…)`.
   * @param glued inside a string, where nothing may stand between and methods are not called
   */
  subscripts(term: Expression, glued: boolean): Expression {
    let base = term;
    const steps: Step[] = [];
    // A variable or the end of a list may be followed by a bracket at once, anything else needs the arrow first.
    let direct = false;
    if (base.kind === "variable" || base.kind === "dereference") {
      const container = base.sigil === "$" ? this.#container(base, glued) : undefined;
      if (container !== undefined) {
        base = container.base;
        steps.push(container.step);
        direct = true;
      } else if (base.sigil === "@" && this.#opens(glued, "slice") !== "") {
        const container = this.#slicedContainer(base, this.#opens(glued, "slice"));
        return { kind: "slice", at: base.at, base: container, step: this.#step(glued) };
      }
    } else if (base.kind === "list" && !glued && this.#opens(glued) === "[") {
      return { kind: "slice", at: base.at, base, step: this.#step(glued) };
    }
    for (;;) {
      const element: Expression = steps.length === 0 ? base : { kind: "element", at: base.at, base, steps };
      if (direct && this.#opens(glued) !== "") {
        steps.push(this.#step(glued));
        continue;
      }
      if (!this.#arrow(glued)) return element;
      const opener = this.#opens(glued);
      if (opener !== "") {
        if (steps.length === 0) base = { kind: "unary", at: base.at, operator: "->", operand: base };
        steps.push(this.#step(glued));
        direct = true;
      } else return this.#afterArrow(element);
    }
  }

  #arrow(glued: boolean): boolean {
    if (!glued) return this.lexer.take("->") !== undefined;
    const text = this.source.text;
    const at = this.lexer.position;
    if (!text.startsWith("->", at) || !"[{".includes(text.charAt(at + 2)) || text.charAt(at + 2) === "") return false;
    this.lexer.jump(at + 2);
    return true;
  }

  /** `->@*`, `->method(…)`, `->(…)`. */
  #afterArrow(invocant: Expression): Expression {
    const token = this.lexer.next("term");
    if (token.kind === "operator" && token.text === "(") {
      const args = this.#closeList(")");
      return { kind: "method", at: invocant.at, invocant, name: "()", args };
    }
    if (token.kind === "operator" && (token.text === "@" || token.text === "%") && this.lexer.take("*") !== undefined) {
      return this.subscripts({ kind: "dereference", at: invocant.at, sigil: token.text, reference: invocant }, false);
    }
    if (token.kind !== "word") throw new SyntaxProblem(token.at, `unexpected ${this.lexer.describe(token)} after "->"`);
    const args = this.lexer.take("(") === undefined ? [] : this.#closeList(")");
    return this.subscripts({ kind: "method", at: invocant.at, invocant, name: token.text, args }, false);
  }

  /** `$x[…]` is an element of @x, `$x{…}` of %x, `$$x[…]` of what $x refers to. */
  #container(
    base: Expression & { kind: "variable" | "dereference" },
    glued: boolean,
  ): { base: Expression; step: Step } | undefined {
    const opener = this.#opens(glued);
    if (opener === "") return undefined;
    const container = this.#slicedContainer(base, opener);
    return { base: container, step: this.#step(glued) };
  }

  #slicedContainer(base: Expression & { kind: "variable" | "dereference" }, opener: string): Expression {
    const sigil: Sigil = opener === "[" ? "@" : "%";
    return base.kind === "variable" ? { ...base, sigil } : { ...base, sigil };
  }

  /** The bracket that comes next, if one does that can be a subscript. */
  #opens(glued: boolean, what: "element" | "slice" = "element"): "[" | "{" | "" {
    if (!glued) {
      const token = this.lexer.peek("operator");
      return token.kind === "operator" && (token.text === "[" || token.text === "{") ? token.text : "";
    }
    const text = this.source.text;
    const at = this.lexer.position;
    const ahead = text.slice(at, at + 40);
    if (/^\[(?:-?\d{1,9}|\$\w{1,30})\]/.test(ahead)) return "[";
    if (what === "slice" && /^\[[-\d\s,.$\w]{1,38}\]/.test(ahead)) return "[";
    return /^\{\s*(?:['"$]|-?[A-Za-z_]\w*\s*\})/.test(ahead) ? "{" : "";
  }

  #step(glued: boolean): Step {
    if (glued) this.lexer.jump(this.lexer.position);
    const open = this.lexer.next("operator");
    if (open.kind === "operator" && open.text === "[") {
      const expression = this.expression();
      this.lexer.expect("]", "to close the index");
      return { kind: "index", at: open.at, expression };
    }
    const bare = this.lexer.takeBareKey();
    if (bare !== undefined)
      return { kind: "key", at: open.at, expression: { kind: "string", at: bare.at, value: bare.value } };
    const expression = this.expression();
    this.lexer.expect("}", "to close the key");
    return { kind: "key", at: open.at, expression };
  }

  /** The items up to the closing bracket, whose opening one is already taken. */
  #closeList(closer: string): Expression[] {
    if (this.lexer.take(closer) !== undefined) return [];
    this.#comma();
    if (this.lexer.take(closer) !== undefined) return [];
    const items = this.expression();
    this.lexer.expect(closer, "to close the list");
    return items.kind === "list" ? [...items.items] : [items];
  }

  #primary(): Expression {
    const token = this.lexer.next("term");
    switch (token.kind) {
      case "number":
        return { kind: "number", at: token.at, value: token.value };
      case "quote":
        return this.#quoted(token.at, token.quote);
      case "variable":
        return token.sigil === "&"
          ? this.#call(token.at, token.name)
          : { kind: "variable", at: token.at, sigil: token.sigil, name: token.name };
      case "cast":
        return this.#dereference(token.at, token.sigil);
      case "word":
        return this.#word(token.at, token.text, token.end);
      case "end":
        throw new SyntaxProblem(token.at, "the file ends in the middle of a statement", true);
      case "operator":
        return this.#bracketed(token.at, token.text);
    }
  }

  #bracketed(at: number, operator: string): Expression {
    switch (operator) {
      case "(":
        return { kind: "list", at, items: this.#closeList(")") };
      case "[":
        return { kind: "array", at, items: { kind: "list", at, items: this.#closeList("]") } };
      case "{":
        return { kind: "hash", at, items: { kind: "list", at, items: this.#closeList("}") } };
      case "<": {
        const close = this.source.text.indexOf(">", at);
        const newline = this.source.text.indexOf("\n", at);
        if (close < 0 || (newline >= 0 && newline < close)) break;
        this.lexer.jump(close + 1);
        return { kind: "beyond", at, what: "reading from a file handle", text: this.source.text.slice(at, close + 1) };
      }
      case "*": {
        const name = /^\*[\w:{}]{1,100}/.exec(this.source.text.slice(at, at + 100))?.[0];
        if (name === undefined) break;
        this.lexer.jump(at + name.length);
        return { kind: "beyond", at, what: "a symbol table entry", text: name };
      }
    }
    throw new SyntaxProblem(at, `unexpected "${operator}" where a value should be`);
  }

  #dereference(at: number, sigil: Sigil): Expression {
    return this.nested(at, () => {
      const brace = this.lexer.take("{");
      let reference: Expression;
      if (brace !== undefined) {
        reference = this.expression();
        this.lexer.take(";");
        this.lexer.expect("}", "to close the dereference");
      } else {
        const token = this.lexer.next("term");
        if (token.kind === "variable")
          reference = { kind: "variable", at: token.at, sigil: token.sigil, name: token.name };
        else if (token.kind === "cast") reference = this.#dereference(token.at, token.sigil);
        else throw new SyntaxProblem(at, `unexpected ${this.lexer.describe(token)} after "${sigil}"`);
      }
      if (sigil === "&") return { kind: "beyond", at, what: "a call of code", text: "&…" };
      return { kind: "dereference", at, sigil, reference };
    });
  }

  #quoted(at: number, quote: Quote): Expression {
    const text = this.source.text;
    switch (quote.form) {
      case "literal":
        return { kind: "string", at, value: literalText(text, quote) };
      case "words": {
        const words: { value: string; at: number }[] = [];
        for (const match of text.slice(quote.from, quote.to).matchAll(/\S+/g)) {
          words.push({ value: match[0].replace(/\\([\\()[\]{}<>])/g, "$1"), at: quote.from + match.index });
        }
        return { kind: "words", at, words };
      }
      case "interpolated": {
        const parts = interpolate(text, quote, "string", (from, limit) => this.#embedded(from, limit));
        const [first] = parts;
        if (first === undefined) return { kind: "string", at, value: "" };
        if (parts.length === 1 && first.kind === "string") return { ...first, at };
        return { kind: "joined", at, parts };
      }
      case "regexp":
      case "match": {
        const parts: Expression[] =
          quote.delimiter === "'"
            ? [{ kind: "string", at: quote.from, value: text.slice(quote.from, quote.to) }]
            : interpolate(text, quote, "pattern", (from, limit) => this.#embedded(from, limit));
        return { kind: "regexp", at, parts, flags: quote.flags, asks: quote.form === "match" };
      }
      case "rewrite":
        return (
          this.#substitution(at, quote) ?? {
            kind: "beyond",
            at,
            what: "a substitution",
            text: text.slice(at, (quote.replacement?.to ?? quote.to) + 1),
          }
        );
      case "command":
        return { kind: "beyond", at, what: "a command", text: text.slice(quote.from, quote.to) };
    }
  }

  /** Undefined where the replacement is code (s/…/…/e), or it is no s/…/…/ at all. */
  #substitution(at: number, quote: Quote): Expression | undefined {
    const { replacement, flags, delimiter } = quote;
    if (replacement === undefined || !/^[gimsx]*$/.test(flags)) return undefined;
    const text = this.source.text;
    const parts = (part: { readonly from: number; readonly to: number }, kind: "pattern" | "string"): Expression[] =>
      delimiter === "'"
        ? [{ kind: "string", at: part.from, value: text.slice(part.from, part.to) }]
        : interpolate(text, { ...quote, ...part }, kind, (from, limit) => this.#embedded(from, limit));
    const pattern = {
      kind: "regexp" as const,
      at,
      parts: parts(quote, "pattern"),
      flags: flags.replace("g", ""),
      asks: false,
    };
    return { kind: "substitution", at, pattern, replacement: parts(replacement, "string"), flags };
  }

  /** A variable inside a string or pattern. */
  #embedded(from: number, limit: number): { expression: Expression; end: number } {
    const token = readVariable(this.source.text, from, limit);
    if (token === undefined)
      return { expression: { kind: "string", at: from, value: this.source.text.charAt(from) }, end: from + 1 };
    const inner = new ExpressionParser(this.source, new Lexer(this.source, token.end, limit), this.#depth);
    let variable: Expression;
    if (token.kind === "variable") variable = { kind: "variable", at: from, sigil: token.sigil, name: token.name };
    else if (token.kind === "cast") variable = inner.#dereference(from, token.sigil);
    else throw new SyntaxProblem(from, "unexpected variable");
    const expression = inner.subscripts(variable, true);
    return { expression, end: inner.lexer.position };
  }

  #word(at: number, word: string, end: number): Expression {
    if (this.lexer.fatCommaAt(end)) return { kind: "string", at, value: word };
    switch (word) {
      case "my":
      case "our":
      case "local":
      case "state":
        return this.nested(at, () => {
          const target = this.subscripts(this.#primary(), false);
          return { kind: "declaration", at, how: word, target };
        });
      case "sub":
        skipBlock(this.lexer);
        return { kind: "beyond", at, what: "code", text: this.#textFrom(at) };
      case "do":
      case "eval":
        if (this.lexer.upcoming() === "{") {
          skipBlock(this.lexer);
          return { kind: "beyond", at, what: "a block of code", text: this.#textFrom(at) };
        }
        return { kind: "call", at, name: word, args: [this.nested(at, () => this.#binary(namedUnaryLevel))] };
      case "map":
      case "grep":
      case "sort":
        return this.#each(at, word);
      case "__FILE__":
        return { kind: "string", at, value: this.source.file };
      case "__PACKAGE__":
        return { kind: "string", at, value: "main" };
      case "__LINE__":
        return { kind: "number", at, value: this.source.place(at).line };
    }
    const next = this.lexer.peek("operator");
    if (next.kind === "operator" && next.text === "->") return { kind: "string", at, value: word };
    if (next.kind === "operator" && next.text === "(") return this.#call(at, word);
    if (unaryFunctions.has(word)) {
      if (this.#argumentEnds()) return { kind: "call", at, name: word, args: [] };
      return { kind: "call", at, name: word, args: [this.nested(at, () => this.#binary(namedUnaryLevel))] };
    }
    if (listFunctions.has(word)) {
      if (this.#argumentEnds()) return { kind: "call", at, name: word, args: [] };
      const args = this.nested(at, () => this.list());
      return { kind: "call", at, name: word, args: args.kind === "list" ? args.items : [args] };
    }
    return { kind: "call", at, name: word, args: [], bare: true };
  }

  #argumentEnds(): boolean {
    const token = this.lexer.peek("operator");
    if (this.#listEnds()) return true;
    if (token.kind !== "operator") return true;
    return [",", "=>", "=", "?", "==", "!=", "||", "&&", ".", "=~", "eq", "ne"].includes(token.text);
  }

  #call(at: number, name: string): Expression {
    const args = this.lexer.take("(") === undefined ? [] : this.nested(at, () => this.#closeList(")"));
    return { kind: "call", at, name, args };
  }

  /** map, grep and sort: with a block or an expression before the list. */
  #each(at: number, name: "map" | "grep" | "sort"): Expression {
    return this.nested(at, () => {
      const parenthesis = this.lexer.take("(") !== undefined;
      let body: Expression | undefined;
      if (this.lexer.upcoming() === "{") {
        const brace = this.lexer.next("term");
        body = { kind: "list", at: brace.at, items: this.lexer.upcoming() === "}" ? [] : [this.expression()] };
        this.lexer.take(";");
        this.lexer.expect("}", `to close the block of ${name}`);
        // With a comma behind it, what looked like a block was a hash.
        if (this.lexer.take(",") !== undefined) body = { kind: "hash", at: brace.at, items: body };
      } else if (name !== "sort") {
        body = this.assignment();
        if (!this.#comma()) throw new SyntaxProblem(at, `expected "," after the expression of ${name}`);
      }
      const list: Expression = this.#listEnds() ? { kind: "list", at, items: [] } : this.list();
      if (parenthesis) this.lexer.expect(")", `to close ${name}`);
      return { kind: "each", at, name, body, list };
    });
  }

  #textFrom(at: number): string {
    return this.source.text.slice(at, Math.min(this.lexer.position, at + 200));
  }
}
