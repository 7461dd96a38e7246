// Where values are kept: the boxes behind variables, elements and references. With `create`, what is missing on the way
// comes into being, as in Perl.

import { TooMuch } from "./operators.ts";
import type { Perl } from "./perl.ts";
import type { Expression, StatementStep } from "./syntax.ts";
import {
  type ArrayBox,
  createHash,
  type HashBox,
  isUnknown,
  maxElements,
  numberOf,
  type ScalarBox,
  textOf,
  type Value,
} from "./values.ts";
import { touchHash } from "./variables.ts";

export function scalarVariable(perl: Perl, node: Expression & { kind: "variable" | "dereference" }): Value {
  switch (node.sigil) {
    case "$":
      return scalarBox(perl, node, false)?.value;
    case "@":
      return arrayBox(perl, node, false)?.items.length ?? 0;
    case "%":
      return hashBox(perl, node, false)?.map.size ?? 0;
    case "$#":
      return (arrayBox(perl, { ...node, sigil: "@" }, false)?.items.length ?? 0) - 1;
    case "&":
      return perl.unknown(node, "a call of code");
  }
}

/** The box behind `$x` or `$$x`. */
function scalarBox(
  perl: Perl,
  node: Expression & { kind: "variable" | "dereference" },
  create: boolean,
): ScalarBox | undefined {
  if (node.kind === "variable") {
    if (!perl.variables.isLexical("$", node.name)) perl.host.mention("$", node.name, perl.origin(node));
    return perl.variables.scalar(node.name);
  }
  const value = perl.scalar(node.reference);
  if (typeof value === "object" && value.kind === "scalar") return value.box;
  if (isUnknown(value)) return { value, origin: perl.origin(node) };
  perl.report("error", perl.origin(node), "this is no reference to a scalar");
  return create ? { value: undefined, origin: undefined } : undefined;
}

export function arrayBox(perl: Perl, node: Expression, create: boolean): ArrayBox | undefined {
  if (node.kind === "variable" && node.sigil === "@") {
    if (!perl.variables.isLexical("@", node.name)) perl.host.mention("@", node.name, perl.origin(node));
    return perl.variables.array(node.name);
  }
  if (node.kind === "declaration") {
    declare(perl, node);
    return arrayBox(perl, node.target, create);
  }
  const reference = referenceOf(node);
  if (reference === undefined) return undefined;
  const value = referent(
    perl,
    reference,
    create ? () => ({ kind: "array", box: { items: [], origin: perl.origin(node) } }) : undefined,
  );
  if (typeof value === "object" && value.kind === "array") return value.box;
  if (value !== undefined && !isUnknown(value))
    perl.report("error", perl.origin(node), "this is no reference to an array");
  return undefined;
}

export function hashBox(perl: Perl, node: Expression, create: boolean): HashBox | undefined {
  if (node.kind === "variable" && node.sigil === "%") {
    if (node.name === "ENV") return environment(perl, node);
    if (!perl.variables.isLexical("%", node.name)) perl.host.mention("%", node.name, perl.origin(node));
    return perl.variables.hash(node.name);
  }
  if (node.kind === "declaration") {
    declare(perl, node);
    return hashBox(perl, node.target, create);
  }
  const reference = referenceOf(node);
  if (reference === undefined) return undefined;
  const value = referent(
    perl,
    reference,
    create ? () => ({ kind: "hash", box: createHash(perl.origin(node)) }) : undefined,
  );
  if (typeof value === "object" && value.kind === "hash") return value.box;
  if (value !== undefined && !isUnknown(value))
    perl.report("error", perl.origin(node), "this is no reference to a hash");
  return undefined;
}

/** The value of a reference expression; an undefined place is filled by `make` (autovivification). */
function referent(perl: Perl, node: Expression, make: (() => Value) | undefined): Value {
  if (make === undefined || !(node.kind === "element" || (node.kind === "variable" && node.sigil === "$")))
    return perl.scalar(node);
  const box = lvalue(perl, node);
  if (box === undefined) return undefined;
  if (box.value === undefined) {
    box.value = make();
    box.origin ??= perl.origin(node);
  }
  return box.value;
}

function environment(perl: Perl, node: Expression): HashBox {
  const box = perl.variables.hash("ENV");
  if (box.origin === undefined) {
    box.origin = perl.origin(node);
    for (const [name, value] of Object.entries(perl.host.environment)) {
      if (value !== undefined) box.map.set(name, { value, origin: undefined });
    }
  }
  return box;
}

/** The box of `$x[…]{…}`; with `create`, missing containers on the way come into being. */
export function elementBox(perl: Perl, node: Expression & { kind: "element" }, create: boolean): ScalarBox | undefined {
  let box: ScalarBox | undefined;
  for (const [index, step] of node.steps.entries()) {
    if (index > 0) {
      if (box === undefined) return undefined;
      if (isUnknown(box.value)) return box;
      if (box.value === undefined && create) {
        const origin = perl.origin(step);
        box.value =
          step.kind === "index"
            ? { kind: "array", box: { items: [], origin } }
            : { kind: "hash", box: createHash(origin) };
        box.origin ??= origin;
      }
    }
    box = stepInto(perl, index === 0 ? node.base : box?.value, step, create);
  }
  return box;
}

/** One subscript on a container expression (the first) or on the value found so far. */
export function stepInto(
  perl: Perl,
  from: Expression | Value,
  step: StatementStep,
  create: boolean,
): ScalarBox | undefined {
  const isNode = typeof from === "object" && "at" in from;
  if (step.kind === "index") {
    const array = isNode
      ? arrayBox(perl, from, create)
      : typeof from === "object" && from.kind === "array"
        ? from.box
        : undefined;
    const position = numberOf(perl.scalar(step.expression));
    if (array === undefined || typeof position !== "number") return undefined;
    const index = position < 0 ? array.items.length + Math.trunc(position) : Math.trunc(position);
    if (index < 0) return undefined;
    if (create) {
      if (index > maxElements) throw new TooMuch(`an array of more than ${maxElements} elements`);
      const origin = perl.origin(step);
      array.origin = origin;
      delete array.file;
      while (array.items.length <= index) array.items.push({ value: undefined, origin });
    }
    return array.items[index];
  }
  const key = textOf(perl.scalar(step.expression));
  const hash = isNode
    ? hashBox(perl, from, create)
    : typeof from === "object" && from.kind === "hash"
      ? from.box
      : undefined;
  if (isNode && from.kind === "variable" && from.name === "ENV")
    environmentUsed(perl, step, typeof key === "string" ? key : "", create);
  if (hash === undefined || typeof key !== "string") return undefined;
  let box = hash.map.get(key);
  if (create) {
    touchHash(hash, perl.origin(step));
    if (box === undefined) {
      box = { value: undefined, origin: undefined };
      hash.map.set(key, box);
    }
    box.origin = perl.origin(step);
  }
  return box;
}

function environmentUsed(perl: Perl, step: StatementStep, name: string, assigned: boolean): void {
  if (assigned) return;
  const found = perl.host.environment[name];
  const what = found === undefined ? "is not set, so it is empty here" : `is "${found.slice(0, 60)}" here`;
  perl.report(
    found === undefined ? "warning" : "note",
    perl.origin(step),
    `taken from the environment: ${name} ${what}`,
  );
}

export function lvalue(perl: Perl, node: Expression): ScalarBox | undefined {
  if (node.kind === "variable" || node.kind === "dereference")
    return node.sigil === "$" ? scalarBox(perl, node, true) : undefined;
  if (node.kind === "element") return elementBox(perl, node, true);
  if (node.kind === "declaration") {
    declare(perl, node);
    return lvalue(perl, node.target);
  }
  if (node.kind === "assignment") {
    perl.scalar(node);
    return lvalue(perl, node.target.kind === "declaration" ? node.target.target : node.target);
  }
  if (node.kind === "list" && node.items.length === 1 && node.items[0] !== undefined)
    return lvalue(perl, node.items[0]);
  return undefined;
}

export function declare(perl: Perl, node: Expression & { kind: "declaration" }): void {
  const targets = node.target.kind === "list" ? node.target.items : [node.target];
  for (const target of targets) {
    if (target.kind !== "variable") continue;
    const sigil = target.sigil;
    if (sigil !== "$" && sigil !== "@" && sigil !== "%") continue;
    if (node.how === "local") perl.variables.localize(sigil, target.name);
    else if (node.how === "our") perl.host.mention(sigil, `our ${target.name}`, perl.origin(target));
    else perl.variables.declare(sigil, target.name);
  }
}

/** `@{…}` and `->`: the expression whose value is the reference. */
function referenceOf(node: Expression): Expression | undefined {
  if (node.kind === "dereference") return node.reference;
  if (node.kind === "unary" && node.operator === "->") return node.operand;
  return undefined;
}
