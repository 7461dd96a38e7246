// What follows a term: indexes, keys, slices, arrows; and the lists in brackets that all kinds of terms share.
import type { Lexer } from "./lexer.ts";
import { lowOperators, modifiers } from "./perl-words.ts";
import type { SourceText } from "./source-text.ts";
import { type Expression, type Sigil, type StatementStep, SyntaxProblem } from "./syntax.ts";

/** How deep expressions may nest; a pair of brackets takes two. */
const maxNesting = 400;

export abstract class SubscriptParser {
  readonly source: SourceText;
  readonly lexer: Lexer;
  protected depth: number;

  constructor(source: SourceText, lexer: Lexer, depth = 0) {
    this.source = source;
    this.lexer = lexer;
    this.depth = depth;
  }

  /** With commas, `and`, `or`, `not`. */
  abstract expression(): Expression;

  nested<T>(at: number, parse: () => T): T {
    if (this.depth >= maxNesting) throw new SyntaxProblem(at, "nested too deeply", true);
    this.depth++;
    try {
      return parse();
    } finally {
      this.depth--;
    }
  }

  /** One or more commas in a row count as one. */
  protected comma(): boolean {
    let found = false;
    while (this.lexer.take(",") !== undefined || this.lexer.take("=>") !== undefined) found = true;
    return found;
  }

  protected listEnds(): boolean {
    const token = this.lexer.peek("operator");
    if (token.kind === "end") return true;
    if (token.kind !== "operator") return false;
    if (")]};:".includes(token.text)) return true;
    return (modifiers.has(token.text) || lowOperators.has(token.text)) && !this.lexer.fatCommaAt(token.end);
  }

  /** The items up to the closing bracket, whose opening one is already taken. */
  protected closeList(closer: string): Expression[] {
    if (this.lexer.take(closer) !== undefined) return [];
    this.comma();
    if (this.lexer.take(closer) !== undefined) return [];
    const items = this.expression();
    this.lexer.expect(closer, "to close the list");
    return items.kind === "list" ? [...items.items] : [items];
  }

  /**
   * What follows a term: `[…]`, `{…}`, `->[…]`, `->{…}`, `->method(…)`.
   * @param glued inside a string, where nothing may stand between and methods are not called
   */
  subscripts(term: Expression, glued: boolean): Expression {
    let base = term;
    const steps: StatementStep[] = [];
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
      const args = this.closeList(")");
      return { kind: "method", at: invocant.at, invocant, name: "()", args };
    }
    if (token.kind === "operator" && (token.text === "@" || token.text === "%") && this.lexer.take("*") !== undefined) {
      return this.subscripts({ kind: "dereference", at: invocant.at, sigil: token.text, reference: invocant }, false);
    }
    if (token.kind !== "word") throw new SyntaxProblem(token.at, `unexpected ${this.lexer.describe(token)} after "->"`);
    const args = this.lexer.take("(") === undefined ? [] : this.closeList(")");
    return this.subscripts({ kind: "method", at: invocant.at, invocant, name: token.text, args }, false);
  }

  /** `$x[…]` is an element of @x, `$x{…}` of %x, `$$x[…]` of what $x refers to. */
  #container(
    base: Expression & { kind: "variable" | "dereference" },
    glued: boolean,
  ): { base: Expression; step: StatementStep } | undefined {
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
    if (/^\[(?:-?\d{1,9}|\$#?\w{1,30}(?: ?[-+] ?\d{1,9})?)\]/.test(ahead)) return "[";
    if (what === "slice" && /^\[[-\d\s,.$\w]{1,38}\]/.test(ahead)) return "[";
    return /^\{\s*(?:['"$]|-?[A-Za-z_]\w*\s*\})/.test(ahead) ? "{" : "";
  }

  #step(glued: boolean): StatementStep {
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
}
