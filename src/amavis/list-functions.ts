// Perl's functions on lists, hashes and places.
import { type Call, listed, unknowable } from "./builtin.ts";
import { TooMuch } from "./operators.ts";
import type { Perl } from "./perl.ts";
import { arrayBox, elementBox, hashBox } from "./places.ts";
import type { SourceOrigin } from "./source-text.ts";
import type { Expression } from "./syntax.ts";
import { type Item, maxElements, textOf, type Value } from "./values.ts";
import { touchHash } from "./variables.ts";

export function extend(perl: Perl, call: Call, where: "start" | "end"): Value {
  const [target] = call.args;
  const array = target === undefined ? undefined : arrayBox(perl, target, true);
  if (array === undefined) {
    perl.report("warning", perl.origin(call), `not taken: ${call.name} on something that is no array`);
    return undefined;
  }
  const boxes = listed(perl, call, 1).map(({ value, origin }) => ({ value, origin }));
  if (array.items.length + boxes.length > maxElements)
    throw new TooMuch(`an array of more than ${maxElements} elements`);
  array.items = where === "end" ? [...array.items, ...boxes] : [...boxes, ...array.items];
  array.origin = perl.origin(call);
  delete array.file;
  return array.items.length;
}

export function takeOne(perl: Perl, call: Call, where: "start" | "end"): Value {
  const [target] = call.args;
  const array = target === undefined ? undefined : arrayBox(perl, target, true);
  if (array === undefined) return undefined;
  array.origin = perl.origin(call);
  delete array.file;
  return (where === "end" ? array.items.pop() : array.items.shift())?.value;
}

export function hashOf(perl: Perl, call: Call) {
  const [target] = call.args;
  return target === undefined ? undefined : hashBox(perl, target, false);
}

export function exists(perl: Perl, call: Call): Value {
  const [target] = call.args;
  return target?.kind === "element" && elementBox(perl, target, false) !== undefined ? 1 : "";
}

/** delete $h{k} and delete @h{…}. The key stays as undefined where amavisd had a value of its own. */
export function remove(perl: Perl, call: Call, origin: SourceOrigin): Item[] {
  const [target] = call.args;
  const step = target?.kind === "element" ? target.steps.at(-1) : target?.kind === "slice" ? target.step : undefined;
  if (target === undefined || step === undefined || step.kind !== "key")
    return unknowable(perl, call, origin, "this delete");
  let container: Expression;
  if (target.kind === "element" && target.steps.length > 1) {
    container = {
      kind: "unary",
      at: target.at,
      operator: "->",
      operand: { ...target, steps: target.steps.slice(0, -1) },
    };
  } else container = target.kind === "element" || target.kind === "slice" ? target.base : target;
  const hash = hashBox(perl, container, true);
  if (hash === undefined) return [];
  const removed: Item[] = [];
  for (const key of perl.list(step.expression)) {
    const text = textOf(key.value);
    if (typeof text !== "string") continue;
    removed.push({ value: hash.map.get(text)?.value, origin });
    hash.map.delete(text);
    hash.removed ??= new Map();
    hash.removed.set(text, origin);
  }
  touchHash(hash, origin);
  return removed;
}

export function undefine(perl: Perl, call: Call, origin: SourceOrigin): Item[] {
  const [target] = call.args;
  if (target !== undefined) {
    const sigil = target.kind === "variable" || target.kind === "dereference" ? target.sigil : "$";
    const value: Expression =
      sigil === "$" ? { kind: "call", at: call.at, name: "undef", args: [] } : { kind: "list", at: call.at, items: [] };
    perl.scalar({ kind: "assignment", at: call.at, operator: "=", target, value });
  }
  return [{ value: undefined, origin }];
}

export function refName(value: Value): Value {
  if (typeof value !== "object") return "";
  if (value.kind === "unknown") return value;
  return value.kind === "pattern" ? "Regexp" : value.kind === "table" ? "Amavis::Lookup::RE" : value.kind.toUpperCase();
}
