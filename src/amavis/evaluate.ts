// Works out the values of expressions. Nothing is executed: no code, no command, no file but those the host hands out.
import { assign, isListTarget, newArray, newHash } from "./assignment.ts";
import { callFunction, scalarResult } from "./functions.ts";
import { callMethod, command, each, itemOf, pairs, reference, slice } from "./lists.ts";
import { chain, joined, listChain, regexp, substitute, unary } from "./operations.ts";
import { TooMuch } from "./operators.ts";
import type { Host, Perl } from "./perl.ts";
import { arrayBox, declare, elementBox, hashBox, scalarVariable } from "./places.ts";
import type { SourceOrigin, SourceText } from "./source-text.ts";
import type { Expression } from "./syntax.ts";
import { type Item, isUnknownTruth, maxElements, textOf, truth, type Unknown, type Value } from "./values.ts";
import type { Variables } from "./variables.ts";

/** Values worked out per reading; a configuration takes some thousands. */
const maxSteps = 500_000;

export class Evaluator implements Perl {
  readonly variables: Variables;
  readonly host: Host;
  source: SourceText;
  /** Declared by `use constant`. */
  readonly constants = new Map<string, readonly Item[]>();
  /** Loops under way, one in the other. */
  loops = 0;
  #steps = 0;

  constructor(variables: Variables, host: Host, source: SourceText) {
    this.variables = variables;
    this.host = host;
    this.source = source;
  }

  report(severity: "error" | "warning" | "note", origin: SourceOrigin, message: string): void {
    this.host.report(severity, origin, message);
  }

  origin(node: { readonly at: number }): SourceOrigin {
    return { source: this.source, offset: node.at };
  }

  unknown(node: { readonly at: number }, what: string): Unknown {
    return { kind: "unknown", what, origin: this.origin(node) };
  }

  /** Counts one piece of work; a configuration that asks for too many ends here. */
  step(pieces = 1): void {
    this.#steps += pieces;
    if (this.#steps > maxSteps) throw new TooMuch("more work than a configuration should be");
  }

  /** One value, as in `$x = …`. */
  scalar(node: Expression): Value {
    const value = this.#scalar(node);
    // A text of megabytes is work each time something is done with it.
    this.step(typeof value === "string" ? 1 + value.length / 400 : 1);
    return value;
  }

  #scalar(node: Expression): Value {
    switch (node.kind) {
      case "number":
      case "string":
        return node.value;
      case "words":
        return node.words.at(-1)?.value;
      case "joined":
        return joined(this, node.parts);
      case "substitution":
        return substitute(this, { kind: "variable", at: node.at, sigil: "$", name: "_" }, node);
      case "regexp":
        return regexp(this, node);
      case "variable":
      case "dereference":
        return scalarVariable(this, node);
      case "element":
        return elementBox(this, node, false)?.value;
      case "array":
        return { kind: "array", box: newArray(this, node, this.list(node.items)) };
      case "hash":
        return { kind: "hash", box: newHash(this, this.origin(node), this.list(node.items)) };
      case "list": {
        let last: Value;
        for (const item of node.items) last = this.scalar(item);
        return last;
      }
      case "reference":
        return reference(this, node);
      case "unary":
        return unary(this, node);
      case "chain":
        return chain(this, node);
      case "choice": {
        const yes = this.truth(node.condition);
        return isUnknownTruth(yes) ? yes : this.scalar(yes ? node.yes : node.no);
      }
      case "assignment":
        return assign(this, node);
      case "declaration":
        declare(this, node);
        return this.scalar(node.target);
      case "call":
      case "each":
      case "slice":
      case "method": {
        const items = this.list(node);
        if (node.kind === "each" && node.name !== "sort") return items.length;
        return node.kind === "call" ? scalarResult(node, items) : items.at(-1)?.value;
      }
      case "beyond":
        return this.beyond(node);
    }
  }

  /** Any number of values, as in `@x = …`. */
  list(node: Expression): Item[] {
    const items = this.#list(node);
    this.step(items.length / 20);
    return items;
  }

  #list(node: Expression): Item[] {
    switch (node.kind) {
      case "words":
        return node.words.map(({ value, at }) => ({ value, origin: this.origin({ at }) }));
      case "list": {
        const items: Item[] = [];
        for (const item of node.items) {
          const found = this.list(item);
          if (items.length + found.length > maxElements)
            throw new TooMuch(`a list of more than ${maxElements} elements`);
          for (const one of found) items.push(one);
        }
        return items;
      }
      case "variable":
      case "dereference":
        if (node.sigil === "@") return (arrayBox(this, node, false)?.items ?? []).map((box) => itemOf(this, box, node));
        if (node.sigil === "%") return pairs(this, hashBox(this, node, false), node);
        break;
      case "slice":
        return slice(this, node);
      case "choice": {
        const yes = this.truth(node.condition);
        return isUnknownTruth(yes) ? [{ value: yes, origin: yes.origin }] : this.list(yes ? node.yes : node.no);
      }
      case "chain": {
        const repeated = listChain(this, node);
        if (repeated !== undefined) return repeated;
        break;
      }
      case "assignment":
        if (isListTarget(node.target)) {
          assign(this, node);
          return this.list(declared(node.target));
        }
        break;
      case "declaration":
        declare(this, node);
        return this.list(node.target);
      case "reference":
        // \(@a) and \(%h, $x): one reference for each.
        if (node.target.kind === "list") {
          return node.target.items.map((target) => ({
            value: this.scalar({ kind: "reference", at: target.at, target }),
            origin: this.origin(target),
          }));
        }
        break;
      case "call":
        return callFunction(this, node);
      case "method":
        return callMethod(this, node);
      case "each":
        return each(this, node);
    }
    return [{ value: this.scalar(node), origin: this.origin(node) }];
  }

  truth(node: Expression): boolean | Unknown {
    return truth(this.scalar(node));
  }

  /** A text, or nothing (said already) where it cannot be known. */
  text(node: Expression): string | undefined {
    const value = textOf(this.scalar(node));
    return typeof value === "string" ? value : undefined;
  }

  /** What only Perl knows. Reported here unless it is code, which may be no loss where it stands. */
  beyond(node: Expression & { kind: "beyond" }): Value {
    if (node.what === "code") return this.unknown(node, "code");
    if (node.what === "a command") return command(this, node);
    const text = node.text.split("\n", 1)[0]?.slice(0, 60) ?? "";
    this.report("warning", this.origin(node), `not taken: ${node.what} (${text}); what it gives is not known`);
    return this.unknown(node, node.what);
  }
}

/** A target without its `my`: what was declared and assigned is not to be declared anew. */
function declared(target: Expression): Expression {
  if (target.kind === "declaration") return target.target;
  return target.kind === "list" ? { ...target, items: target.items.map(declared) } : target;
}
