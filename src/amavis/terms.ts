// Terms: numbers, quotes, variables, brackets, calls of functions.

import { visibleCharacter } from "./lexer.ts";
import { listFunctions, namedUnaryLevel, unaryFunctions } from "./perl-words.ts";
import { QuoteParser } from "./quoted.ts";
import { skipBlock } from "./skip-block.ts";
import { type Expression, type Sigil, SyntaxProblem } from "./syntax.ts";

export abstract class TermParser extends QuoteParser {
  /** Comma separated; one item without a comma is itself. */
  abstract list(): Expression;
  abstract assignment(): Expression;
  /** Operators that bind at least as tightly as `least`, a level of perl-words.ts. */
  protected abstract binary(least: number): Expression;

  protected primary(): Expression {
    const token = this.lexer.next("term");
    switch (token.kind) {
      case "number":
        return { kind: "number", at: token.at, value: token.value };
      case "quote":
        return this.quoted(token.at, token.quote);
      case "variable":
        return token.sigil === "&"
          ? this.#call(token.at, token.name)
          : { kind: "variable", at: token.at, sigil: token.sigil, name: token.name };
      case "cast":
        return this.dereference(token.at, token.sigil);
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
        return { kind: "list", at, items: this.closeList(")") };
      case "[":
        return { kind: "array", at, items: { kind: "list", at, items: this.closeList("]") } };
      case "{":
        return { kind: "hash", at, items: { kind: "list", at, items: this.closeList("}") } };
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
    throw new SyntaxProblem(at, `unexpected ${visibleCharacter(operator)} where a value should be`);
  }

  protected dereference(at: number, sigil: Sigil): Expression {
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
        else if (token.kind === "cast") reference = this.dereference(token.at, token.sigil);
        else throw new SyntaxProblem(at, `unexpected ${this.lexer.describe(token)} after "${sigil}"`);
      }
      if (sigil === "&") return { kind: "beyond", at, what: "a call of code", text: "&…" };
      return { kind: "dereference", at, sigil, reference };
    });
  }

  #word(at: number, word: string, end: number): Expression {
    if (this.lexer.fatCommaAt(end)) return { kind: "string", at, value: word };
    switch (word) {
      case "my":
      case "our":
      case "local":
      case "state":
        return this.nested(at, () => {
          const target = this.subscripts(this.primary(), false);
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
        return { kind: "call", at, name: word, args: [this.nested(at, () => this.binary(namedUnaryLevel))] };
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
      return { kind: "call", at, name: word, args: [this.nested(at, () => this.binary(namedUnaryLevel))] };
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
    if (this.listEnds()) return true;
    if (token.kind !== "operator") return true;
    return [",", "=>", "=", "?", "==", "!=", "||", "&&", ".", "=~", "eq", "ne"].includes(token.text);
  }

  #call(at: number, name: string): Expression {
    const args = this.lexer.take("(") === undefined ? [] : this.nested(at, () => this.closeList(")"));
    return { kind: "call", at, name, args };
  }

  /** map, grep and sort: with a block or an expression before the list. */
  #each(at: number, name: "map" | "grep" | "sort"): Expression {
    return this.nested(at, () => {
      const parenthesis = this.lexer.take("(") !== undefined;
      let body: Expression | undefined;
      if (this.lexer.upcoming() === "{") {
        const brace = this.lexer.next("term");
        // map {; …}: by this Perl knows that a block begins and no hash.
        this.lexer.take(";");
        body = { kind: "list", at: brace.at, items: this.lexer.upcoming() === "}" ? [] : [this.expression()] };
        this.lexer.take(";");
        this.lexer.expect("}", `to close the block of ${name}`);
        // With a comma behind it, what looked like a block was a hash.
        if (this.lexer.take(",") !== undefined) body = { kind: "hash", at: brace.at, items: body };
      } else if (name !== "sort") {
        body = this.assignment();
        if (!this.comma()) throw new SyntaxProblem(at, `expected "," after the expression of ${name}`);
      }
      const list: Expression = this.listEnds() ? { kind: "list", at, items: [] } : this.list();
      if (parenthesis) this.lexer.expect(")", `to close ${name}`);
      return { kind: "each", at, name, body, list };
    });
  }

  #textFrom(at: number): string {
    return this.source.text.slice(at, Math.min(this.lexer.position, at + 200));
  }
}
