// Parses expressions by Perl's precedences. Nesting is bounded and rows of operators are kept flat, so no input is deep.
import type { Lexer } from "./lexer.ts";
import { assignments, levels, namedUnaryLevel } from "./perl-words.ts";
import type { ChainLink, Expression } from "./syntax.ts";
import { TermParser } from "./terms.ts";
import type { Token } from "./token.ts";

export class ExpressionParser extends TermParser {
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
    const isNot = token.kind === "word" && token.text === "not" && !this.lexer.fatCommaAt(token.end);
    // With parentheses it is a function of what they hold.
    if (isNot && !/^\s*\(/.test(this.source.text.slice(token.end, token.end + 80))) {
      this.lexer.next("term");
      return this.nested(token.at, () => ({ kind: "unary", at: token.at, operator: "!", operand: this.#negation() }));
    }
    return this.list();
  }

  /** Comma separated; one item without a comma is itself. */
  list(): Expression {
    const first = this.assignment();
    if (!this.comma()) return first;
    const items = [first];
    do {
      if (this.listEnds()) break;
      items.push(this.assignment());
    } while (this.comma());
    return { kind: "list", at: first.at, items };
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
    const condition = this.binary(0);
    if (this.lexer.take("?") === undefined) return condition;
    const yes = this.assignment();
    this.lexer.expect(":", 'after "? …"');
    return { kind: "choice", at: condition.at, condition, yes, no: this.assignment() };
  }

  protected binary(least: number): Expression {
    let left = this.#unary();
    let level = -1;
    let rest: ChainLink[] = [];
    for (;;) {
      const token = this.lexer.peek("operator");
      const found = token.kind === "operator" ? levels.get(token.text) : undefined;
      if (token.kind !== "operator" || found === undefined || found < least) return left;
      this.lexer.next("operator");
      const right = this.binary(found + 1);
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
    const operand = this.nested(minus.at, () => this.binary(namedUnaryLevel));
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
    const term = this.subscripts(this.primary(), false);
    const token = this.lexer.peek("operator");
    if (token.kind === "operator" && (token.text === "++" || token.text === "--")) {
      this.lexer.next("operator");
      return { kind: "unary", at: term.at, operator: `postfix ${token.text}`, operand: term };
    }
    return term;
  }

  protected on(lexer: Lexer): ExpressionParser {
    return new ExpressionParser(this.source, lexer, this.depth);
  }
}
