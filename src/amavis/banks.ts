// From %policy_bank to banks: which keys are settings, what stands in the base bank, what is left out and why.
import { feeders } from "../settings/map-sources.ts";
import { nearest } from "../settings/nearest.ts";
import { bankSettingNames, scopeOf } from "../settings/registry.ts";
import { holdsVariables, isVariable, replacedInBase } from "./base-bank.ts";
import { Converter, type Located, type SettingsSink } from "./convert.ts";
import { idleName } from "./names.ts";
import { asSwitch, categoryName, formOf, isLenient, plainValue } from "./setting-values.ts";
import type { SourceOrigin } from "./source-text.ts";
import { type HashBox, isUnknown, type ScalarBox } from "./values.ts";
import type { Variables } from "./variables.ts";

/** The setting policy_bank. */
export function banks(box: HashBox, sink: SettingsSink): Located {
  const members = new Map<string, Located>();
  for (const [name, element] of box.map) {
    if (name === "") continue;
    const { value, origin } = element;
    const content = typeof value === "object" && value.kind === "scalar" ? value.box.value : value;
    if (isUnknown(content) || typeof content !== "object" || content.kind !== "hash") {
      sink.report("error", origin, `policy bank "${name}": expected { key => value, … }`);
      continue;
    }
    const own = [...content.box.map].filter(([, { value }]) => !isVariable(value));
    const bank = bankSettings(`policy bank ${name}`, own, content.box.origin, sink);
    members.set(name, { ...asMapping(bank, content.box.origin), origin });
  }
  return members.size === 0 ? nothing : asMapping(members, box.touched);
}

const nothing: Located = { value: undefined, origin: undefined };

/** What the base bank says instead of the variables, as settings of their own. */
export function baseBank(variables: Variables, sink: SettingsSink): ReadonlyMap<string, Located> {
  const element = variables.hash("policy_bank").map.get("");
  const replaced = replacedInBase(variables);
  if (element?.origin !== undefined && replaced !== undefined && replaced.size > 0 && !holdsVariables(variables)) {
    const text =
      "this takes all other keys out of the base bank, which amavisd cannot work with; here the variables stay";
    sink.report("warning", element.origin, text);
  }
  if (replaced !== undefined) return bankSettings("the base bank", [...replaced], element?.origin, sink);
  sink.report("error", element?.origin, "the base bank (policy bank ''): expected { key => value, … }");
  return new Map();
}

function asMapping(members: ReadonlyMap<string, Located>, origin: SourceOrigin | undefined): Located {
  const plain: Record<string, unknown> = {};
  for (const [key, { value }] of members)
    Object.defineProperty(plain, key, { value, enumerable: true, writable: true, configurable: true });
  return { value: plain, origin, members };
}

function bankSettings(
  bank: string,
  elements: readonly (readonly [string, ScalarBox])[],
  from: SourceOrigin | undefined,
  sink: SettingsSink,
): Map<string, Located> {
  const members = new Map<string, Located>();
  for (const [given, element] of elements) {
    const key = given
      .replace(/^final_destiny_by_ccat$/, "final_destiny_maps_by_ccat")
      .replace(/^defang_by_ccat$/, "defang_maps_by_ccat");
    const origin = element.origin ?? from;
    if (scopeOf(key) !== "bank") {
      sayForeignKey(bank, key, origin, sink);
      continue;
    }
    const located = bankValue(key, `key ${key} of ${bank}`, element, origin, sink);
    if (located.value !== undefined) members.set(key, { ...located, origin });
  }
  return members;
}

function bankValue(
  key: string,
  words: string,
  element: ScalarBox,
  origin: SourceOrigin | undefined,
  sink: SettingsSink,
): Located {
  const converter = new Converter(words, sink, isLenient(key));
  const { value } = element;
  if (key.endsWith("_maps")) {
    // An undefined map is empty, a plain scalar a constant for everybody.
    const content = typeof value === "object" && value.kind === "scalar" ? value.box.value : value;
    if (content === undefined) return { value: [], origin };
    const items =
      typeof content === "object" && content.kind === "array" ? content.box.items : [{ value: content, origin }];
    return formOf(key, converter.map(items, origin), sink);
  }
  if (typeof value === "object" && value.kind === "hash" && key.endsWith("_by_ccat")) {
    const entries = [...value.box.map].map(([name, box]) => [categoryName(name), box] as const);
    return converter.mapping(entries, origin);
  }
  const plain = plainValue(key, value);
  return formOf(key, asSwitch(key, converter.convert(plain, origin), plain), sink);
}

function sayForeignKey(bank: string, key: string, origin: SourceOrigin | undefined, sink: SettingsSink): void {
  const where = `${bank}: `;
  const idle = idleName("@", key) ?? idleName("$", key) ?? idleName("%", key);
  if (key === "ACTION")
    sink.report("warning", origin, `${where}ACTION is code that runs when the bank is loaded; not taken`);
  else if (key.startsWith("policy_bank_")) sink.report("note", origin, `${where}${key} is set by loading the bank`);
  else if (idle !== undefined) sink.report(idle.severity, origin, `${where}${key} is not used: ${idle.why}`);
  else if (feeders.has(`$${key}`) || feeders.has(`@${key}`) || feeders.has(`%${key}`)) {
    sink.report(
      "warning",
      origin,
      `${where}${key} has no effect in a bank, in amavisd neither; its map is what a bank can set`,
    );
  } else if (scopeOf(key) === "global") {
    sink.report(
      "warning",
      origin,
      `${where}${key} holds for the whole daemon and has no effect in a bank, in amavisd neither`,
    );
  } else {
    const meant = nearest(key, bankSettingNames);
    sink.report(
      "warning",
      origin,
      `${where}unknown key ${key}${meant === undefined ? ";" : `, did you mean ${meant}?`} amavisd ignores it`,
    );
  }
}
