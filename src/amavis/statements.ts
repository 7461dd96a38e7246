// Parses an amavisd.conf into statements. A statement that cannot be read costs itself, not the file.
import { ExpressionParser } from "./expressions.ts";
import { Lexer } from "./lexer.ts";
import { skipBlock } from "./skip-block.ts";
import type { SourceText } from "./source-text.ts";
import { type Expression, type Statement, SyntaxProblem } from "./syntax.ts";

export interface Program {
  readonly statements: readonly Statement[];
  readonly problems: readonly SyntaxProblem[];
}

/** After so many the rest is not looked at: such a file is not an amavisd.conf. */
const maxProblems = 50;

export function parseProgram(source: SourceText): Program {
  const lexer = new Lexer(source);
  const parser = new StatementParser(source, lexer);
  const statements = parser.body("end");
  return { statements, problems: parser.problems };
}

class StatementParser {
  readonly problems: SyntaxProblem[] = [];
  readonly #lexer: Lexer;
  readonly #expressions: ExpressionParser;
  /** Of the package that statements stand in, with its colons; empty in those of amavisd's configuration. */
  #packageName = "";

  constructor(source: SourceText, lexer: Lexer) {
    this.#lexer = lexer;
    this.#expressions = new ExpressionParser(source, lexer);
  }

  /** Statements up to the closing brace (taken) or the end. */
  body(until: "}" | "end"): Statement[] {
    const statements: Statement[] = [];
    for (;;) {
      const from = this.#lexer.position;
      try {
        const token = this.#lexer.peek("term");
        if (token.kind === "end") {
          if (until === "}") throw new SyntaxProblem(token.at, "a block is never closed", true);
          return statements;
        }
        if (token.kind === "operator" && (token.text === ";" || token.text === "}")) {
          this.#lexer.next("term");
          if (token.text === ";") continue;
          if (until === "}") return statements;
          this.#report(new SyntaxProblem(token.at, 'this "}" closes nothing'));
        } else statements.push(this.#statement());
      } catch (error) {
        // Inside a block the whole outer statement is given up.
        if (!(error instanceof SyntaxProblem) || until === "}") throw error;
        this.#report(error);
        if (error.fatal || this.problems.length >= maxProblems || !this.#resume(from)) return statements;
      }
    }
  }

  #report(problem: SyntaxProblem): void {
    if (this.problems.length < maxProblems) this.problems.push(problem);
  }

  /**
   * Goes on behind the ";" that most likely ends the broken statement: outside of brackets, inside of round or square
   * ones (where none can stand), or before a line that starts with a variable.
   */
  #resume(from: number): boolean {
    const brackets: string[] = [];
    let expectsTerm = true;
    // The problem's place may lie behind what was taken; tokens are read again from the start of the statement.
    this.#lexer.jump(from);
    try {
      for (;;) {
        const isTerm = expectsTerm || "'\"`$@".includes(this.#lexer.upcoming());
        const token = this.#lexer.next(isTerm ? "term" : "operator");
        if (token.kind === "end") return false;
        if (token.kind !== "operator") {
          expectsTerm = token.kind === "word";
          continue;
        }
        if ("([{".includes(token.text)) brackets.push(token.text);
        else if (")]}".includes(token.text)) brackets.pop();
        expectsTerm = !")]}".includes(token.text) || token.text === "}";
        if (token.text === ";" && (brackets.at(-1) !== "{" || this.#lexer.atNewLine("$@%"))) return true;
      }
    } catch (error) {
      if (!(error instanceof SyntaxProblem)) throw error;
      this.#report(error);
      return false;
    }
  }

  #statement(): Statement {
    const token = this.#lexer.peek("term");
    if (token.kind === "operator" && token.text === "{") return this.#block();
    if (token.kind === "word" && !this.#lexer.fatCommaAt(token.end)) {
      const at = token.at;
      // A label means nothing to statements in a row.
      if (this.#lexer.labelAt(token.end)) {
        this.#lexer.next("term");
        this.#lexer.next("operator");
        return { kind: "block", at, body: [] };
      }
      switch (token.text) {
        case "use":
        case "no":
          return this.#use();
        case "import": {
          // import Module LIST: Perl's older way to write Module->import(LIST).
          this.#lexer.next("term");
          const module = this.#lexer.peek("term");
          this.#lexer.jump(at);
          if (module.kind !== "word") break;
          return this.#use();
        }
        case "package":
          return this.#package();
        case "BEGIN":
        case "END":
        case "INIT":
          this.#lexer.next("term");
          return this.#block();
        case "sub": {
          this.#lexer.next("term");
          const name = this.#lexer.peek("term");
          if (name.kind !== "word") break;
          this.#lexer.next("term");
          skipBlock(this.#lexer);
          return { kind: "sub", at, name: name.text, within: this.#packageName };
        }
        case "if":
        case "unless":
          this.#lexer.next("term");
          return this.#if(at, token.text === "unless");
        case "for":
        case "foreach":
          this.#lexer.next("term");
          return this.#foreach(at);
        case "while":
        case "until":
          this.#lexer.next("term");
          this.#lexer.expect("(", `after "${token.text}"`);
          this.#lexer.jump(this.#lexer.position - 1);
          return this.#skipLoop(at, `a ${token.text} loop`);
      }
    }
    return this.#simple();
  }

  /** `package X;` holds to the end of the block or file, `package X { … }` for the block. */
  #package(): Statement {
    const { at } = this.#lexer.next("term");
    const token = this.#lexer.next("term");
    const name = token.kind === "word" ? token.text : "";
    const prefix = name === "main" || name === "Amavis::Conf" ? "" : `${name}::`;
    if (this.#lexer.upcoming() !== "{") {
      this.#end();
      this.#packageName = prefix;
      return { kind: "package", at, name: prefix.slice(0, -2), body: [] };
    }
    const outer = this.#packageName;
    this.#packageName = prefix;
    try {
      return { kind: "package", at, name: prefix.slice(0, -2), body: this.#braced() };
    } finally {
      this.#packageName = outer;
    }
  }

  #block(): Statement {
    const open = this.#lexer.expect("{", "to open a block");
    return { kind: "block", at: open.at, body: this.#nestedBody(open.at) };
  }

  #nestedBody(at: number): Statement[] {
    const outer = this.#packageName;
    try {
      return this.#expressions.nested(at, () => this.body("}"));
    } finally {
      this.#packageName = outer;
    }
  }

  /** `use strict;`, `use vars qw($x);`, `no warnings 'once';` */
  #use(): Statement {
    const keyword = this.#lexer.next("term");
    const no = keyword.kind === "word" && keyword.text === "no";
    const module = this.#lexer.next("term");
    const names: string[] = [];
    const upcoming = this.#lexer.upcoming();
    const given = upcoming === ";" || upcoming === "}" || upcoming === "" ? undefined : this.#expressions.expression();
    if (given !== undefined) collectStrings(given, names);
    this.#end();
    const name = module.kind === "word" ? module.text : "";
    const values = name === "constant" && given !== undefined ? { values: given } : {};
    return { kind: "use", at: keyword.at, no, module: name, names, ...values };
  }

  #if(at: number, negated: boolean): Statement {
    const branches: { condition: Expression; body: Statement[] }[] = [];
    let otherwise: Statement[] = [];
    const first = this.#condition();
    branches.push({
      condition: negated ? { kind: "unary", at: first.at, operator: "!", operand: first } : first,
      body: this.#braced(),
    });
    for (;;) {
      const token = this.#lexer.peek("term");
      if (token.kind !== "word") break;
      if (token.text === "elsif") {
        this.#lexer.next("term");
        branches.push({ condition: this.#condition(), body: this.#braced() });
      } else if (token.text === "else") {
        this.#lexer.next("term");
        otherwise = this.#braced();
        break;
      } else break;
    }
    return { kind: "if", at, branches, otherwise };
  }

  #condition(): Expression {
    this.#lexer.expect("(", "before the condition");
    const condition = this.#expressions.expression();
    this.#lexer.expect(")", "behind the condition");
    return condition;
  }

  #braced(): Statement[] {
    const open = this.#lexer.expect("{", "to open a block");
    return this.#nestedBody(open.at);
  }

  #foreach(at: number): Statement {
    let name = "_";
    let lexical = false;
    const token = this.#lexer.peek("term");
    if (token.kind === "word" && (token.text === "my" || token.text === "our")) {
      this.#lexer.next("term");
      lexical = token.text === "my";
    }
    const variable = this.#lexer.peek("term");
    if (variable.kind === "variable" && variable.sigil === "$") {
      this.#lexer.next("term");
      name = variable.name;
    }
    const open = this.#lexer.expect("(", "before the list of a loop");
    let list: Expression = { kind: "list", at: open.at, items: [] };
    if (this.#lexer.upcoming() !== ")") {
      if (this.#lexer.upcoming() !== ";") list = this.#expressions.expression();
      if (this.#lexer.take(";") !== undefined) {
        this.#lexer.jump(open.at);
        return this.#skipLoop(at, "a counting loop");
      }
    }
    this.#lexer.expect(")", "behind the list of a loop");
    return { kind: "foreach", at, variable: { name, lexical }, list, body: this.#braced() };
  }

  /** A loop that is not read: its head in parentheses and its body are skipped. */
  #skipLoop(at: number, what: string): Statement {
    let depth = 0;
    let expectsTerm = true;
    do {
      const token = this.#lexer.next(expectsTerm ? "term" : "operator");
      if (token.kind === "end") throw new SyntaxProblem(at, "the loop is never closed", true);
      expectsTerm = token.kind === "operator" && !")]}".includes(token.text);
      if (token.kind === "operator" && token.text === "(") depth++;
      if (token.kind === "operator" && token.text === ")") depth--;
    } while (depth > 0);
    skipBlock(this.#lexer);
    return { kind: "beyond", at, what };
  }

  /** An expression with its modifier, if any. */
  #simple(): Statement {
    const at = this.#lexer.peek("term").at;
    const expression = this.#expressions.expression();
    const statement: Statement = { kind: "expression", at, expression };
    const token = this.#lexer.peek("operator");
    if (token.kind === "operator") {
      switch (token.text) {
        case "if":
        case "unless": {
          this.#lexer.next("operator");
          const asked = this.#expressions.expression();
          this.#end();
          const condition: Expression =
            token.text === "if" ? asked : { kind: "unary", at: asked.at, operator: "!", operand: asked };
          return { kind: "if", at, branches: [{ condition, body: [statement] }], otherwise: [], modifier: true };
        }
        case "for":
        case "foreach": {
          this.#lexer.next("operator");
          const list = this.#expressions.expression();
          this.#end();
          return { kind: "foreach", at, variable: { name: "_", lexical: false }, list, body: [statement] };
        }
        case "while":
        case "until":
          this.#lexer.next("operator");
          this.#expressions.expression();
          this.#end();
          return { kind: "beyond", at, what: `a ${token.text} loop` };
      }
    }
    this.#end();
    return statement;
  }

  /** The end of a statement: ";" (taken), or the brace or end that makes it unnecessary. */
  #end(): void {
    const token = this.#lexer.peek("operator");
    if (token.kind === "end") return;
    if (token.kind === "operator" && token.text === "}") return;
    if (token.kind === "operator" && token.text === ";") {
      this.#lexer.next("operator");
      return;
    }
    throw new SyntaxProblem(token.at, `expected ";", found ${this.#lexer.describe(token)}`);
  }
}

function collectStrings(expression: Expression, into: string[]): void {
  if (expression.kind === "string") into.push(expression.value);
  else if (expression.kind === "words") into.push(...expression.words.map(({ value }) => value));
  else if (expression.kind === "list") for (const item of expression.items) collectStrings(item, into);
}
