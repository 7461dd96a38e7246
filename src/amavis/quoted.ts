// Quotes: strings with what they interpolate, words, patterns, substitutions.
import { interpolate, literalText } from "./interpolation.ts";
import { Lexer } from "./lexer.ts";
import { SubscriptParser } from "./subscripts.ts";
import { type Expression, type Quote, type Sigil, SyntaxProblem } from "./syntax.ts";
import { readVariable } from "./token.ts";

export abstract class QuoteParser extends SubscriptParser {
  /** One as this is, on another part of the source and as deep. */
  protected abstract on(lexer: Lexer): QuoteParser;
  /** What a cast applies to: `@{…}`, `$$x`. */
  protected abstract dereference(at: number, sigil: Sigil): Expression;

  protected quoted(at: number, quote: Quote): Expression {
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
    const inner = this.on(new Lexer(this.source, token.end, limit));
    let variable: Expression;
    if (token.kind === "variable") variable = { kind: "variable", at: from, sigil: token.sigil, name: token.name };
    else if (token.kind === "cast") variable = inner.dereference(from, token.sigil);
    else throw new SyntaxProblem(from, "unexpected variable");
    // "${x}[…]" is $x and a bracket: the braces end the name, and with it the variable.
    const braced = token.kind === "variable" && this.source.text.charAt(token.end - 1) === "}";
    const expression = braced ? variable : inner.subscripts(variable, true);
    return { expression, end: inner.lexer.position };
  }
}
