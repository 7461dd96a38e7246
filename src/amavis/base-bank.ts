// The bank with the empty name: amavisd keeps references to its variables there, and loads it before any other bank.
// What a configuration puts in their place holds for all mail, whatever the variable says.

import { bankSettingNames, sigilNamed } from "../settings/registry.ts";
import { createHash, isUnknown, type ScalarBox, type Value } from "./values.ts";
import type { Variables } from "./variables.ts";

/** Puts the references there, as amavisd does before it reads its configuration. */
export function setBaseBank(variables: Variables): void {
  const bank = createHash();
  for (const name of bankSettingNames) {
    const value = variableOf(variables, name);
    if (typeof value !== "object") continue;
    put.add(value);
    bank.map.set(name, { value, origin: undefined });
  }
  variables.hash("policy_bank").map.set("", { value: { kind: "hash", box: bank }, origin: undefined });
}

/** The references that were put there: one that a bank names itself, to the same variable, is a value of that bank. */
const put = new WeakSet<object>();

/** True for an element of a bank that is as `setBaseBank` put it, or a copy of that: it says nothing of its own. */
export function isVariable(value: Value): boolean {
  return typeof value === "object" && put.has(value);
}

/** The elements of the base bank that were replaced; undefined where the bank itself is no longer a table of keys. */
export function replacedInBase(variables: Variables): ReadonlyMap<string, ScalarBox> | undefined {
  const value = variables.hash("policy_bank").map.get("")?.value;
  if (value === undefined) return new Map();
  if (isUnknown(value) || typeof value !== "object" || value.kind !== "hash") return undefined;
  return new Map([...value.box.map].filter(([, element]) => !isVariable(element.value)));
}

/** False once a table of its own was assigned to the whole base bank. */
export function holdsVariables(variables: Variables): boolean {
  const value = variables.hash("policy_bank").map.get("")?.value;
  if (typeof value !== "object" || value.kind !== "hash") return false;
  return [...value.box.map].some(([, element]) => isVariable(element.value));
}

/** A reference to amavisd's variable of a name; undefined for settings that only signpost has. */
function variableOf(variables: Variables, name: string): Value {
  switch (sigilNamed(name)) {
    case "$":
      return { kind: "scalar", box: variables.scalar(name) };
    case "@":
      return { kind: "array", box: variables.array(name) };
    case "%":
      return { kind: "hash", box: variables.hash(name) };
    default:
      return undefined;
  }
}
