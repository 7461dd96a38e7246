// Assignments: to a scalar, to a list of places, to a whole array or hash.

import { operate } from "./operators.ts";
import type { Perl } from "./perl.ts";
import { arrayBox, declare, hashBox, lvalue, stepInto } from "./places.ts";
import type { SourceOrigin } from "./source-text.ts";
import type { Expression, Sigil } from "./syntax.ts";
import {
  type ArrayBox,
  createHash,
  type HashBox,
  type Item,
  isUnknown,
  isUnknownTruth,
  textOf,
  truth,
  type Value,
} from "./values.ts";
import { touchHash } from "./variables.ts";

export function assign(perl: Perl, node: Expression & { kind: "assignment" }): Value {
  const { target, operator } = node;
  if (operator === "=" && isListTarget(target)) return assignList(perl, target, perl.list(node.value));
  if (isListTarget(target)) return assignToWhole(perl, node);
  // The right side first: `local $x = $x` and autovivification depend on it.
  const logical = operator === "||=" || operator === "&&=" || operator === "//=";
  const right = logical ? undefined : perl.scalar(node.value);
  const box = lvalue(perl, target);
  if (box === undefined) {
    perl.report("error", perl.origin(target), "not taken: an assignment to something that is no variable");
    return undefined;
  }
  if (logical) {
    const held = operator === "//=" ? (isUnknown(box.value) ? box.value : box.value !== undefined) : truth(box.value);
    if (isUnknownTruth(held)) return held;
    if (held === (operator !== "&&=")) return box.value;
  }
  const value = logical ? perl.scalar(node.value) : right;
  box.value = operator === "=" || logical ? value : operate(operator.slice(0, -1), box.value, value)?.value;
  box.origin = perl.origin(target.kind === "element" ? (target.steps.at(-1) ?? target) : target);
  return box.value;
}

/** `@x = …`, `%h = …`, `($a, @b) = …`, `@h{…} = …`: gives the number of values on the right. */
function assignList(perl: Perl, target: Expression, items: Item[]): Value {
  const inner = target.kind === "declaration" ? target.target : target;
  if (target.kind === "declaration") declare(perl, target);
  if (inner.kind === "list") {
    let rest = items;
    for (const one of inner.items) {
      if (isListTarget(one)) {
        assignList(perl, one, rest);
        rest = [];
      } else {
        const [first, ...others] = rest;
        const skips = one.kind === "call" && one.name === "undef";
        const box = skips ? undefined : lvalue(perl, one);
        if (box !== undefined) Object.assign(box, { value: first?.value, origin: perl.origin(one) });
        rest = others;
      }
    }
  } else if (inner.kind === "slice") {
    assignSlice(perl, inner, items);
  } else if ((inner.kind === "variable" || inner.kind === "dereference") && inner.sigil === "%") {
    const box = hashBox(perl, inner, true);
    if (box !== undefined) {
      box.map = newHash(perl, perl.origin(inner), items).map;
      box.origin = perl.origin(inner);
      touchHash(box, box.origin);
    }
  } else {
    const box = arrayBox(perl, inner, true);
    if (box !== undefined) {
      box.items = items.map(({ value, origin }) => ({ value, origin }));
      box.origin = perl.origin(inner);
      delete box.file;
    }
  }
  return items.length;
}

function assignSlice(perl: Perl, slice: Expression & { kind: "slice" }, items: Item[]): void {
  for (const [index, key] of perl.list(slice.step.expression).entries()) {
    const text = textOf(key.value);
    if (typeof text !== "string") continue;
    const expression: Expression = { kind: "string", at: slice.step.at, value: text };
    const box = stepInto(perl, slice.base, { ...slice.step, expression }, true);
    if (box !== undefined) Object.assign(box, { value: items[index]?.value, origin: key.origin });
  }
}

/** `@x x= 3`, `@x ||= …`: hardly ever there, so only said. */
function assignToWhole(perl: Perl, node: Expression & { kind: "assignment" }): Value {
  perl.report("warning", perl.origin(node), `not taken: "${node.operator}" on a whole list`);
  return undefined;
}

export function newArray(perl: Perl, node: Expression, items: Item[]): ArrayBox {
  return { items: items.map(({ value, origin }) => ({ value, origin })), origin: perl.origin(node) };
}

export function newHash(perl: Perl, origin: SourceOrigin, items: readonly Item[]): HashBox {
  const hash = createHash(origin);
  for (let index = 0; index < items.length; index += 2) {
    const key = items[index];
    const value = items[index + 1];
    if (key === undefined) break;
    const text = textOf(key.value);
    if (typeof text !== "string") {
      perl.report("error", key.origin, `the key of this entry is not known: it would come from ${text.what}`);
      continue;
    }
    if (value === undefined)
      perl.report("warning", key.origin, `"${text}" has no value: an odd number of elements in a hash`);
    hash.map.set(text, { value: value?.value, origin: key.origin });
  }
  return hash;
}

/** True for what takes a list when it is assigned to: `@x`, `%x`, `(…)`, slices. */
export function isListTarget(node: Expression): boolean {
  const target = node.kind === "declaration" ? node.target : node;
  if (target.kind === "list" || target.kind === "slice") return true;
  const sigil: Sigil | undefined =
    target.kind === "variable" || target.kind === "dereference" ? target.sigil : undefined;
  return sigil === "@" || sigil === "%";
}
