// Works out the values of expressions. Nothing is executed: no code, no command, no file but those the host hands out.
import { callFunction } from "./functions.ts";
import { operate, perlTruth, TooMuch } from "./operators.ts";
import { matchPattern } from "./perl-match.ts";
import type { Origin, SourceText } from "./source-text.ts";
import type { Expression, Sigil, Step } from "./syntax.ts";
import {
  type ArrayBox,
  createHash,
  type HashBox,
  type Item,
  isUnknown,
  numberOf,
  type ScalarBox,
  textOf,
  truth,
  type Unknown,
  type Value,
} from "./values.ts";
import { type ContainerSigil, touchHash, type Variables } from "./variables.ts";

/** What the reader does for the evaluator: files, the report, the names. */
export interface Host {
  report(severity: "error" | "warning" | "note", origin: Origin, message: string): void;
  /** The contents of a file named in the configuration, or why there are none. */
  readFile(name: string): { text: string } | { fault: string };
  exists(name: string): boolean;
  isFolder(name: string): boolean;
  /** Reads another configuration file into the same variables. */
  include(name: string, origin: Origin, optional: boolean): void;
  declareKey(args: readonly Item[], origin: Origin): void;
  /** Called for each variable that is not lexical, so that unknown names are said once. */
  mention(sigil: ContainerSigil, name: string, origin: Origin): void;
  readonly hostname: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Values worked out per reading; a configuration takes some thousands. */
const maxSteps = 500_000;
/** Elements one list may get. */
const maxElements = 200_000;

export class Evaluator {
  readonly variables: Variables;
  readonly host: Host;
  source: SourceText;
  #steps = 0;

  constructor(variables: Variables, host: Host, source: SourceText) {
    this.variables = variables;
    this.host = host;
    this.source = source;
  }

  origin(node: { readonly at: number }): Origin {
    return { source: this.source, offset: node.at };
  }

  unknown(node: { readonly at: number }, what: string): Unknown {
    return { kind: "unknown", what, origin: this.origin(node) };
  }

  /** Counts one piece of work; a configuration that asks for too many ends here. */
  step(): void {
    if (++this.#steps > maxSteps) throw new TooMuch("more work than a configuration should be");
  }

  /** One value, as in `$x = …`. */
  scalar(node: Expression): Value {
    this.step();
    switch (node.kind) {
      case "number":
      case "string":
        return node.value;
      case "words":
        return node.words.at(-1)?.value;
      case "joined":
        return this.#joined(node.parts);
      case "regexp":
        return this.#regexp(node);
      case "variable":
      case "dereference":
        return this.#scalarVariable(node);
      case "element":
        return this.elementBox(node, false)?.value;
      case "array":
        return { kind: "array", box: this.#newArray(node, this.list(node.items)) };
      case "hash":
        return { kind: "hash", box: this.newHash(this.origin(node), this.list(node.items)) };
      case "list": {
        let last: Value;
        for (const item of node.items) last = this.scalar(item);
        return last;
      }
      case "reference":
        return this.#reference(node);
      case "unary":
        return this.#unary(node);
      case "chain":
        return this.#chain(node);
      case "choice": {
        const yes = this.truth(node.condition);
        return isUnknownTruth(yes) ? yes : this.scalar(yes ? node.yes : node.no);
      }
      case "assignment":
        return this.#assign(node);
      case "declaration":
        this.#declare(node);
        return this.scalar(node.target);
      case "call":
      case "each":
      case "slice":
      case "method": {
        const items = this.list(node);
        if (node.kind === "each" && node.name !== "sort") return items.length;
        return items.at(-1)?.value;
      }
      case "beyond":
        return this.beyond(node);
    }
  }

  /** Any number of values, as in `@x = …`. */
  list(node: Expression): Item[] {
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
        if (node.sigil === "@") return (this.arrayBox(node, false)?.items ?? []).map((box) => this.#item(box, node));
        if (node.sigil === "%") return this.#pairs(this.hashBox(node, false), node);
        break;
      case "slice":
        return this.#slice(node);
      case "choice": {
        const yes = this.truth(node.condition);
        return isUnknownTruth(yes) ? [{ value: yes, origin: yes.origin }] : this.list(yes ? node.yes : node.no);
      }
      case "chain": {
        const repeated = this.#listChain(node);
        if (repeated !== undefined) return repeated;
        break;
      }
      case "assignment":
        if (isListTarget(node.target)) {
          this.#assign(node);
          return this.list(node.target.kind === "declaration" ? node.target.target : node.target);
        }
        break;
      case "declaration":
        this.#declare(node);
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
        return this.#method(node);
      case "each":
        return this.#each(node);
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

  /** What only Perl can tell. Reported here unless it is code, which may be no loss where it stands. */
  beyond(node: Expression & { kind: "beyond" }): Value {
    if (node.what === "code") return this.unknown(node, "code");
    if (node.what === "a command") return this.#command(node);
    const text = node.text.split("\n", 1)[0]?.slice(0, 60) ?? "";
    this.host.report("warning", this.origin(node), `not taken: ${node.what} (${text}); what it gives is not known`);
    return this.unknown(node, node.what);
  }

  /** Commands are never run; the few that Debian's files use have an answer of our own. */
  #command(node: Expression & { kind: "beyond" }): Value {
    const command = node.text.trim().replace(/\s+/g, " ");
    if (/^(\/bin\/|\/usr\/bin\/)?(hostname( -f| --fqdn| --long)?|uname -n)$/.test(command)) {
      this.host.report(
        "note",
        this.origin(node),
        `\`${command}\` is not run: taken as this host's name, ${this.host.hostname}`,
      );
      return `${this.host.hostname}\n`;
    }
    const file = /^(?:\/bin\/|\/usr\/bin\/)?(?:cat|head -(?:n ?)?1) (\/[\w./-]+)$/.exec(command)?.[1];
    if (file !== undefined) {
      const found = this.host.readFile(file);
      if ("text" in found) {
        this.host.report("note", this.origin(node), `\`${command}\` is not run: ${file} is read instead`);
        return command.includes("cat") ? found.text : `${found.text.split("\n", 1)[0]}\n`;
      }
    }
    this.host.report(
      "warning",
      this.origin(node),
      `not run: the command \`${command.slice(0, 60)}\`; what it prints is not known`,
    );
    return this.unknown(node, "the output of a command");
  }

  // --- variables and elements ---

  #scalarVariable(node: Expression & { kind: "variable" | "dereference" }): Value {
    switch (node.sigil) {
      case "$":
        return this.#scalarBox(node, false)?.value;
      case "@":
        return this.arrayBox(node, false)?.items.length ?? 0;
      case "%":
        return this.hashBox(node, false)?.map.size ?? 0;
      case "$#":
        return (this.arrayBox({ ...node, sigil: "@" }, false)?.items.length ?? 0) - 1;
      case "&":
        return this.unknown(node, "a call of code");
    }
  }

  /** The box behind `$x` or `$$x`. */
  #scalarBox(node: Expression & { kind: "variable" | "dereference" }, create: boolean): ScalarBox | undefined {
    if (node.kind === "variable") {
      if (!this.variables.isLexical("$", node.name)) this.host.mention("$", node.name, this.origin(node));
      return this.variables.scalar(node.name);
    }
    const value = this.scalar(node.reference);
    if (typeof value === "object" && value.kind === "scalar") return value.box;
    if (isUnknown(value)) return { value, origin: this.origin(node) };
    this.host.report("error", this.origin(node), "this is no reference to a scalar");
    return create ? { value: undefined, origin: undefined } : undefined;
  }

  arrayBox(node: Expression, create: boolean): ArrayBox | undefined {
    if (node.kind === "variable" && node.sigil === "@") {
      if (!this.variables.isLexical("@", node.name)) this.host.mention("@", node.name, this.origin(node));
      return this.variables.array(node.name);
    }
    if (node.kind === "declaration") {
      this.#declare(node);
      return this.arrayBox(node.target, create);
    }
    const reference = referenceOf(node);
    if (reference === undefined) return undefined;
    const value = this.#referent(
      reference,
      create ? () => ({ kind: "array", box: { items: [], origin: this.origin(node) } }) : undefined,
    );
    if (typeof value === "object" && value.kind === "array") return value.box;
    if (value !== undefined && !isUnknown(value))
      this.host.report("error", this.origin(node), "this is no reference to an array");
    return undefined;
  }

  hashBox(node: Expression, create: boolean): HashBox | undefined {
    if (node.kind === "variable" && node.sigil === "%") {
      if (node.name === "ENV") return this.#environment(node);
      if (!this.variables.isLexical("%", node.name)) this.host.mention("%", node.name, this.origin(node));
      return this.variables.hash(node.name);
    }
    if (node.kind === "declaration") {
      this.#declare(node);
      return this.hashBox(node.target, create);
    }
    const reference = referenceOf(node);
    if (reference === undefined) return undefined;
    const value = this.#referent(
      reference,
      create ? () => ({ kind: "hash", box: createHash(this.origin(node)) }) : undefined,
    );
    if (typeof value === "object" && value.kind === "hash") return value.box;
    if (value !== undefined && !isUnknown(value))
      this.host.report("error", this.origin(node), "this is no reference to a hash");
    return undefined;
  }

  /** The value of a reference expression; an undefined place is filled by `make` (autovivification). */
  #referent(node: Expression, make: (() => Value) | undefined): Value {
    if (make === undefined || !(node.kind === "element" || (node.kind === "variable" && node.sigil === "$")))
      return this.scalar(node);
    const box = this.#lvalue(node);
    if (box === undefined) return undefined;
    if (box.value === undefined) {
      box.value = make();
      box.origin ??= this.origin(node);
    }
    return box.value;
  }

  #environment(node: Expression): HashBox {
    const box = this.variables.hash("ENV");
    if (box.origin === undefined) {
      box.origin = this.origin(node);
      for (const [name, value] of Object.entries(this.host.environment)) {
        if (value !== undefined) box.map.set(name, { value, origin: undefined });
      }
    }
    return box;
  }

  /** The box of `$x[…]{…}`; with `create`, missing containers on the way come into being. */
  elementBox(node: Expression & { kind: "element" }, create: boolean): ScalarBox | undefined {
    let box: ScalarBox | undefined;
    for (const [index, step] of node.steps.entries()) {
      if (index > 0) {
        if (box === undefined) return undefined;
        if (isUnknown(box.value)) return box;
        if (box.value === undefined && create) {
          const origin = this.origin(step);
          box.value =
            step.kind === "index"
              ? { kind: "array", box: { items: [], origin } }
              : { kind: "hash", box: createHash(origin) };
          box.origin ??= origin;
        }
      }
      box = this.#stepInto(index === 0 ? node.base : box?.value, step, create);
    }
    return box;
  }

  /** One subscript on a container expression (the first) or on the value found so far. */
  #stepInto(from: Expression | Value, step: Step, create: boolean): ScalarBox | undefined {
    const isNode = typeof from === "object" && "at" in from;
    if (step.kind === "index") {
      const array = isNode
        ? this.arrayBox(from, create)
        : typeof from === "object" && from.kind === "array"
          ? from.box
          : undefined;
      const position = numberOf(this.scalar(step.expression));
      if (array === undefined || typeof position !== "number") return undefined;
      const index = position < 0 ? array.items.length + Math.trunc(position) : Math.trunc(position);
      if (index < 0) return undefined;
      if (create) {
        if (index > maxElements) throw new TooMuch(`an array of more than ${maxElements} elements`);
        const origin = this.origin(step);
        array.origin = origin;
        delete array.file;
        while (array.items.length <= index) array.items.push({ value: undefined, origin });
      }
      return array.items[index];
    }
    const key = textOf(this.scalar(step.expression));
    const hash = isNode
      ? this.hashBox(from, create)
      : typeof from === "object" && from.kind === "hash"
        ? from.box
        : undefined;
    if (isNode && from.kind === "variable" && from.name === "ENV")
      this.#environmentUsed(step, typeof key === "string" ? key : "", create);
    if (hash === undefined || typeof key !== "string") return undefined;
    let box = hash.map.get(key);
    if (create) {
      touchHash(hash, this.origin(step));
      if (box === undefined) {
        box = { value: undefined, origin: undefined };
        hash.map.set(key, box);
      }
      box.origin = this.origin(step);
    }
    return box;
  }

  #environmentUsed(step: Step, name: string, assigned: boolean): void {
    if (assigned) return;
    const found = this.host.environment[name];
    const what = found === undefined ? "is not set, so it is empty here" : `is "${found.slice(0, 60)}" here`;
    this.host.report(
      found === undefined ? "warning" : "note",
      this.origin(step),
      `taken from the environment: ${name} ${what}`,
    );
  }

  #lvalue(node: Expression): ScalarBox | undefined {
    if (node.kind === "variable" || node.kind === "dereference")
      return node.sigil === "$" ? this.#scalarBox(node, true) : undefined;
    if (node.kind === "element") return this.elementBox(node, true);
    if (node.kind === "declaration") {
      this.#declare(node);
      return this.#lvalue(node.target);
    }
    if (node.kind === "assignment") {
      this.#assign(node);
      return this.#lvalue(node.target.kind === "declaration" ? node.target.target : node.target);
    }
    if (node.kind === "list" && node.items.length === 1 && node.items[0] !== undefined)
      return this.#lvalue(node.items[0]);
    return undefined;
  }

  #declare(node: Expression & { kind: "declaration" }): void {
    const targets = node.target.kind === "list" ? node.target.items : [node.target];
    for (const target of targets) {
      if (target.kind !== "variable") continue;
      const sigil = target.sigil;
      if (sigil !== "$" && sigil !== "@" && sigil !== "%") continue;
      if (node.how === "local") this.variables.localize(sigil, target.name);
      else if (node.how === "our") this.host.mention(sigil, `our ${target.name}`, this.origin(target));
      else this.variables.declare(sigil, target.name);
    }
  }

  // --- assignment ---

  #assign(node: Expression & { kind: "assignment" }): Value {
    const { target, operator } = node;
    if (operator === "=" && isListTarget(target)) return this.#assignList(target, this.list(node.value));
    if (isListTarget(target)) return this.#assignToWhole(node);
    // The right side first: `local $x = $x` and autovivification depend on it.
    const logical = operator === "||=" || operator === "&&=" || operator === "//=";
    const right = logical ? undefined : this.scalar(node.value);
    const box = this.#lvalue(target);
    if (box === undefined) {
      this.host.report("error", this.origin(target), "not taken: an assignment to something that is no variable");
      return undefined;
    }
    if (logical) {
      const held = operator === "//=" ? (isUnknown(box.value) ? box.value : box.value !== undefined) : truth(box.value);
      if (isUnknownTruth(held)) return held;
      if (held === (operator !== "&&=")) return box.value;
    }
    const value = logical ? this.scalar(node.value) : right;
    box.value = operator === "=" || logical ? value : operate(operator.slice(0, -1), box.value, value)?.value;
    box.origin = this.origin(target.kind === "element" ? (target.steps.at(-1) ?? target) : target);
    return box.value;
  }

  /** `@x = …`, `%h = …`, `($a, @b) = …`, `@h{…} = …`: gives the number of values on the right. */
  #assignList(target: Expression, items: Item[]): Value {
    const inner = target.kind === "declaration" ? target.target : target;
    if (target.kind === "declaration") this.#declare(target);
    if (inner.kind === "list") {
      let rest = items;
      for (const one of inner.items) {
        if (isListTarget(one)) {
          this.#assignList(one, rest);
          rest = [];
        } else {
          const [first, ...others] = rest;
          const skips = one.kind === "call" && one.name === "undef";
          const box = skips ? undefined : this.#lvalue(one);
          if (box !== undefined) Object.assign(box, { value: first?.value, origin: this.origin(one) });
          rest = others;
        }
      }
    } else if (inner.kind === "slice") {
      this.#assignSlice(inner, items);
    } else if ((inner.kind === "variable" || inner.kind === "dereference") && inner.sigil === "%") {
      const box = this.hashBox(inner, true);
      if (box !== undefined) {
        box.map = this.newHash(this.origin(inner), items).map;
        box.origin = this.origin(inner);
        touchHash(box, box.origin);
      }
    } else {
      const box = this.arrayBox(inner, true);
      if (box !== undefined) {
        box.items = items.map(({ value, origin }) => ({ value, origin }));
        box.origin = this.origin(inner);
        delete box.file;
      }
    }
    return items.length;
  }

  #assignSlice(slice: Expression & { kind: "slice" }, items: Item[]): void {
    for (const [index, key] of this.list(slice.step.expression).entries()) {
      const text = textOf(key.value);
      if (typeof text !== "string") continue;
      const expression: Expression = { kind: "string", at: slice.step.at, value: text };
      const box = this.#stepInto(slice.base, { ...slice.step, expression }, true);
      if (box !== undefined) Object.assign(box, { value: items[index]?.value, origin: key.origin });
    }
  }

  /** `@x x= 3`, `@x ||= …`: hardly ever there, so only said. */
  #assignToWhole(node: Expression & { kind: "assignment" }): Value {
    this.host.report("warning", this.origin(node), `not taken: "${node.operator}" on a whole list`);
    return undefined;
  }

  #newArray(node: Expression, items: Item[]): ArrayBox {
    return { items: items.map(({ value, origin }) => ({ value, origin })), origin: this.origin(node) };
  }

  newHash(origin: Origin, items: readonly Item[]): HashBox {
    const hash = createHash(origin);
    for (let index = 0; index < items.length; index += 2) {
      const key = items[index];
      const value = items[index + 1];
      if (key === undefined) break;
      const text = textOf(key.value);
      if (typeof text !== "string") {
        this.host.report("error", key.origin, `the key of this entry is not known: it would come from ${text.what}`);
        continue;
      }
      if (value === undefined)
        this.host.report("warning", key.origin, `"${text}" has no value: an odd number of elements in a hash`);
      hash.map.set(text, { value: value?.value, origin: key.origin });
    }
    return hash;
  }

  // --- operators ---

  #joined(parts: readonly Expression[]): Value {
    let joined: Value = "";
    for (const part of parts) {
      const value: Value =
        (part.kind === "variable" || part.kind === "dereference" || part.kind === "slice") &&
        "sigil" in part &&
        part.sigil === "@"
          ? this.#embeddedArray(part)
          : part.kind === "slice"
            ? this.#spaced(this.list(part))
            : this.scalar(part);
      joined = operate(".", joined, value)?.value;
    }
    return joined;
  }

  #embeddedArray(part: Expression & { kind: "variable" | "dereference" }): Value {
    if (
      part.kind === "variable" &&
      !this.variables.isLexical("@", part.name) &&
      !this.variables.arrays.has(part.name)
    ) {
      this.host.report(
        "error",
        this.origin(part),
        `"@${part.name}" in double quotes is an array in Perl; write \\@${part.name}`,
      );
      return `@${part.name}`;
    }
    return this.#spaced(this.list(part));
  }

  #spaced(items: Item[]): Value {
    let joined: Value = "";
    for (const [index, item] of items.entries()) {
      joined = operate(".", joined, index === 0 ? "" : " ")?.value;
      joined = operate(".", joined, item.value)?.value;
    }
    return joined;
  }

  #regexp(node: Expression & { kind: "regexp" }): Value {
    const source = this.#joined(node.parts);
    if (typeof source !== "string") return source;
    // In the order in which Perl prints them; the others do not change what matches.
    const flags = [..."msixn"].filter((flag) => node.flags.includes(flag)).join("");
    const pattern: Value = { kind: "pattern", source, flags, origin: this.origin(node) };
    return node.asks ? this.#match(this.variables.scalar("_").value, pattern, node)[0]?.value : pattern;
  }

  /** The captures of a match (or 1), nothing if there is none; unknown where RE2 cannot tell. */
  #match(subject: Value, pattern: Value, node: { readonly at: number }): Item[] {
    const origin = this.origin(node);
    const text = textOf(subject);
    if (typeof text !== "string") return [{ value: text, origin }];
    if (isUnknown(pattern)) return [{ value: pattern, origin }];
    const found = matchPattern(pattern, text);
    if ("fault" in found) {
      this.host.report("warning", origin, `not taken: a match (${found.fault}); whether it matches is not known`);
      return [{ value: this.unknown(node, "a match"), origin }];
    }
    if (found.groups === undefined) return [];
    for (const [index, group] of found.groups.entries()) this.variables.scalar(String(index + 1)).value = group;
    return found.groups.length === 0 ? [{ value: 1, origin }] : found.groups.map((value) => ({ value, origin }));
  }

  #unary(node: Expression & { kind: "unary" }): Value {
    if (node.operator === "!") {
      const held = this.truth(node.operand);
      return isUnknownTruth(held) ? held : perlTruth(!held);
    }
    if (node.operator === "->") return this.scalar(node.operand);
    if (node.operator === "++" || node.operator === "--") {
      const box = this.#lvalue(node.operand);
      if (box === undefined) return undefined;
      box.value = operate(node.operator === "++" ? "+" : "-", box.value, 1)?.value;
      box.origin = this.origin(node);
      return box.value;
    }
    if (
      node.operand.kind === "call" &&
      node.operator === "-" &&
      node.operand.bare === true &&
      !/^(?:D|CC)_/.test(node.operand.name)
    ) {
      return `-${node.operand.name}`;
    }
    const value = this.scalar(node.operand);
    if (isUnknown(value)) return value;
    // The minus of a word is a minus in front of it: -foo is "-foo".
    if (node.operator === "-" && typeof value === "string" && /^[A-Za-z_]/.test(value)) return `-${value}`;
    const number = numberOf(value);
    if (typeof number !== "number") return number;
    return node.operator === "-" ? 0 - number : Number(~BigInt(Math.trunc(number)) & 0xffffffffffffffffn);
  }

  #chain(node: Expression & { kind: "chain" }): Value {
    const first = node.rest[0]?.operator;
    if (first === "=~" || first === "!~") return this.#listChain(node)?.[0]?.value ?? "";
    let value = this.scalar(node.first);
    for (const { operator, right, at } of node.rest) {
      switch (operator) {
        case "||":
        case "or":
        case "&&":
        case "and": {
          const held = truth(value);
          if (isUnknownTruth(held)) return held;
          if (held === (operator === "&&" || operator === "and")) value = this.scalar(right);
          break;
        }
        case "//":
          if (value === undefined) value = this.scalar(right);
          break;
        case "xor": {
          const left = truth(value);
          const other = this.truth(right);
          if (isUnknownTruth(left) || isUnknownTruth(other)) return this.unknown({ at }, "a condition");
          value = perlTruth(left !== other);
          break;
        }
        default: {
          if ((operator === "/" || operator === "%") && numberOf(this.scalar(right)) === 0) {
            this.host.report("error", this.origin({ at }), "division by zero");
            return this.unknown({ at }, "a division by zero");
          }
          const result = operate(operator, value, this.scalar(right));
          if (result === undefined) {
            this.host.report("warning", this.origin({ at }), `not taken: the operator "${operator}" here`);
            return this.unknown({ at }, `the operator "${operator}"`);
          }
          value = result.value;
        }
      }
    }
    return value;
  }

  /** Chains that give lists: ranges, repeated lists, matches, and lists behind `||` or `or`. */
  #listChain(node: Expression & { kind: "chain" }): Item[] | undefined {
    const [link] = node.rest;
    if (link === undefined) return undefined;
    const origin = this.origin(node);
    if (link.operator === ".." || link.operator === "...")
      return this.#range(this.scalar(node.first), this.scalar(link.right), origin);
    if (link.operator === "x" && (node.first.kind === "list" || node.first.kind === "words")) {
      const items = this.list(node.first);
      const times = numberOf(this.scalar(link.right));
      if (typeof times !== "number") return [{ value: times, origin }];
      if (items.length * times > maxElements) throw new TooMuch(`a list of more than ${maxElements} elements`);
      return Array.from({ length: Math.max(0, Math.trunc(times)) }, () => items).flat();
    }
    if (link.operator === "=~" || link.operator === "!~") {
      if (link.right.kind === "beyond") {
        this.beyond(link.right);
        const box = this.#lvalue(node.first);
        if (box !== undefined) Object.assign(box, { value: this.unknown(link.right, link.right.what), origin });
        return [];
      }
      const pattern =
        link.right.kind === "regexp" ? this.scalar({ ...link.right, asks: false }) : this.scalar(link.right);
      const found = this.#match(this.scalar(node.first), pattern, link);
      if (link.operator === "=~" || isUnknown(found[0]?.value)) return found;
      return [{ value: perlTruth(found.length === 0), origin }];
    }
    if (link.operator === "or" || link.operator === "and" || link.operator === "||") {
      // The last operand decides what is given: keep its list.
      const held = this.truth(node.first);
      if (node.rest.length === 1 && !isUnknownTruth(held) && held === (link.operator === "and"))
        return this.list(link.right);
    }
    return undefined;
  }

  #range(from: Value, to: Value, origin: Origin): Item[] {
    if (isUnknown(from) || isUnknown(to)) return [{ value: isUnknown(from) ? from : to, origin }];
    const first = numberOf(from);
    const last = numberOf(to);
    if (typeof from === "string" && typeof to === "string" && /^[a-z]$/i.test(from) && /^[a-z]$/i.test(to)) {
      const letters: Item[] = [];
      for (let code = from.charCodeAt(0); code <= to.charCodeAt(0); code++)
        letters.push({ value: String.fromCharCode(code), origin });
      return letters;
    }
    if (typeof first !== "number" || typeof last !== "number") return [];
    if (last - first > maxElements) throw new TooMuch(`a range of more than ${maxElements} numbers`);
    const numbers: Item[] = [];
    for (let number = Math.trunc(first); number <= Math.trunc(last); number++) numbers.push({ value: number, origin });
    return numbers;
  }

  // --- references, slices, methods ---

  #reference(node: Expression & { kind: "reference" }): Value {
    const { target } = node;
    if (target.kind === "call") {
      return { kind: "code", name: target.name.replace(/^.*::/, ""), origin: this.origin(node) };
    }
    if (target.kind === "variable" || target.kind === "dereference") {
      if (target.sigil === "@") {
        const box = this.arrayBox(target, true);
        return box === undefined ? this.unknown(node, "a reference") : { kind: "array", box };
      }
      if (target.sigil === "%") {
        const box = this.hashBox(target, true);
        return box === undefined ? this.unknown(node, "a reference") : { kind: "hash", box };
      }
    }
    const box = this.#isPlace(target) ? this.#lvalue(target) : undefined;
    return { kind: "scalar", box: box ?? { value: this.scalar(target), origin: this.origin(target) } };
  }

  #isPlace(node: Expression): boolean {
    return (
      node.kind === "variable" || node.kind === "dereference" || node.kind === "element" || node.kind === "declaration"
    );
  }

  #slice(node: Expression & { kind: "slice" }): Item[] {
    const keys = this.list(node.step.expression);
    if (node.base.kind === "list") {
      const items = this.list(node.base);
      return keys.flatMap((key) => {
        const index = numberOf(key.value);
        const found = typeof index === "number" ? items.at(Math.trunc(index)) : undefined;
        return found === undefined ? [] : [found];
      });
    }
    return keys.map((key) => {
      const text = textOf(key.value);
      const expression: Expression = { kind: "string", at: node.step.at, value: typeof text === "string" ? text : "" };
      return { value: this.#stepInto(node.base, { ...node.step, expression }, false)?.value, origin: key.origin };
    });
  }

  #method(node: Expression & { kind: "method" }): Item[] {
    const origin = this.origin(node);
    const invocant = this.scalar(node.invocant);
    if (invocant === "Amavis::Lookup::RE" && node.name === "new") {
      return callFunction(this, { kind: "call", at: node.at, name: "new_RE", args: node.args });
    }
    if (invocant === "Mail::DKIM::PrivateKey" && node.name === "load") {
      // load(File => "x.pem"): the file is all there is to know.
      const file = this.newHash(origin, this.list({ kind: "list", at: node.at, items: node.args })).map.get(
        "File",
      )?.value;
      if (typeof file === "string") return [{ value: file, origin }];
    }
    if (isUnknown(invocant)) return [{ value: invocant, origin }];
    const name = typeof invocant === "string" ? `${invocant}->${node.name}` : `->${node.name}`;
    this.host.report("warning", origin, `not taken: ${name} needs Perl; what it gives is not known`);
    return [{ value: this.unknown(node, `a call of ${name}`), origin }];
  }

  #each(node: Expression & { kind: "each" }): Item[] {
    const items = this.list(node.list);
    if (node.name === "sort") {
      if (node.body !== undefined)
        this.host.report("warning", this.origin(node), "sorted as text: the rule given is not looked at");
      const texts = items.map((item) => ({ item, text: textOf(item.value) }));
      return texts.sort((left, right) => (String(left.text) < String(right.text) ? -1 : 1)).map(({ item }) => item);
    }
    const given: Item[] = [];
    this.variables.enter();
    try {
      for (const item of items) {
        this.variables.bind("_", { value: item.value, origin: item.origin });
        if (node.body === undefined) continue;
        if (node.name === "grep") {
          const kept = this.truth(node.body);
          if (isUnknownTruth(kept) || kept) given.push(item);
        } else {
          for (const one of this.list(node.body)) given.push(one);
        }
        if (given.length > maxElements) throw new TooMuch(`a list of more than ${maxElements} elements`);
      }
    } finally {
      this.variables.leave();
    }
    return given;
  }

  #item(box: ScalarBox, node: Expression): Item {
    return { value: box.value, origin: box.origin ?? this.origin(node) };
  }

  #pairs(hash: HashBox | undefined, node: Expression): Item[] {
    const items: Item[] = [];
    for (const [key, box] of hash?.map ?? []) {
      const item = this.#item(box, node);
      items.push({ value: key, origin: item.origin }, item);
    }
    return items;
  }
}

function isUnknownTruth(held: boolean | Unknown): held is Unknown {
  return typeof held === "object";
}

/** `@{…}` and `->`: the expression whose value is the reference. */
function referenceOf(node: Expression): Expression | undefined {
  if (node.kind === "dereference") return node.reference;
  if (node.kind === "unary" && node.operator === "->") return node.operand;
  return undefined;
}

function isListTarget(node: Expression): boolean {
  const target = node.kind === "declaration" ? node.target : node;
  if (target.kind === "list" || target.kind === "slice") return true;
  const sigil: Sigil | undefined =
    target.kind === "variable" || target.kind === "dereference" ? target.sigil : undefined;
  return sigil === "@" || sigil === "%";
}
