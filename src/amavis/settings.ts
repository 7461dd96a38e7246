// From the variables, as they stand at the end of reading, to settings: which variable is which setting, what the old
// names feed, what is left out and why.

import { mergedSettings } from "../settings/bank-settings.ts";
import { isMapShape } from "../settings/map-shape.ts";
import { feeders, feedersOf, madeOf } from "../settings/map-sources.ts";
import { nearest } from "../settings/nearest.ts";
import { bankNames, knownNamed, scopeOf, shapeNamed, sigilNamed } from "../settings/registry.ts";
import { holdsVariables, isVariable, replacedInBase } from "./base-bank.ts";
import { Converter, type Located, type SettingsSink } from "./convert.ts";
import { constants } from "./functions.ts";
import { asClientPolicy, asTruths } from "./map-forms.ts";
import { idleName, isSettingVariable } from "./names.ts";
import type { SourceOrigin } from "./source-text.ts";
import { type HashBox, isUnknown, type ScalarBox, truth, type Value } from "./values.ts";
import type { Variables } from "./variables.ts";

/**
 * Scanners are written with code and patterns for amavisd's own machinery, and nothing acts on names that are only known: what is not
 * understood there is no error.
 */
function isLenient(name: string): boolean {
  return knownNamed(name) !== undefined || shapeNamed(name)?.kind === "scanners";
}

const categoryNames = new Map(
  Object.entries(constants)
    .filter(([name]) => name.startsWith("CC_"))
    .map(([name, value]) => [String(value), name]),
);
const destinyNames = new Map(
  Object.entries(constants)
    .filter(([name]) => name.startsWith("D_"))
    .map(([name, value]) => [value, name]),
);

/** All settings the configuration makes, in the order in which it makes them. */
export function collectSettings(
  variables: Variables,
  keys: readonly Located[],
  sink: SettingsSink,
): Map<string, Located> {
  const found: [string, Located][] = [];
  const add = (name: string, located: Located) => {
    if (located.value !== undefined) found.push([name, located]);
  };

  for (const [name, box] of variables.scalars) {
    if (box.origin === undefined || !isSetting("$", name) || feedsTables(name, box.value)) continue;
    add(name, scalarSetting(name, box, sink));
  }
  for (const [name, box] of variables.arrays) {
    if (!isSetting("@", name)) continue;
    const origin = box.origin ?? fedBy(name, variables);
    if (origin === undefined) continue;
    const converter = new Converter(`@${name}`, sink, isLenient(name));
    if (name === "client_ipaddr_policy") {
      add(name, { ...asClientPolicy(converter.list(knownPairs(box.items, converter), origin), sink), origin });
      continue;
    }
    const located = name.endsWith("_maps") ? converter.map(box.items, origin) : converter.list(box.items, origin);
    add(name, { ...formOf(name, located, sink), origin });
  }
  for (const [name, box] of variables.hashes) {
    if (box.touched === undefined || !isSetting("%", name)) continue;
    add(name, name === "policy_bank" ? banks(box, sink) : hashSetting(name, box, sink));
  }
  const [firstKey] = keys;
  if (firstKey !== undefined) {
    add("dkim_keys", {
      value: keys.map(({ value }) => value),
      origin: firstKey.origin,
      members: new Map(keys.entries()),
    });
  }
  const log = logTarget(variables);
  if (log !== undefined) add("log", log);
  group(variables, add, sink);
  sayIdle(variables, sink);
  const fromBase = baseBank(variables, sink);
  const all = [...found.filter(([name]) => !fromBase.has(name)), ...fromBase];
  return new Map(all.sort(([, left], [, right]) => rank(left) - rank(right)));
}

function rank(located: Located): number {
  const { origin } = located;
  return origin === undefined ? Number.POSITIVE_INFINITY : origin.source.order * 2 ** 32 + origin.offset;
}

/** True for a variable that is a setting of signpost by this name. */
function isSetting(sigil: "$" | "@" | "%", name: string): boolean {
  return isSettingVariable(sigil, name) && idleName(sigil, name) === undefined;
}

/** A variable that is a constant by habit may hold a whole table: then only its map can take it. */
function feedsTables(name: string, value: Value): boolean {
  return feeders.has(`$${name}`) && typeof value === "object" && !isUnknown(value);
}

/** The latest assignment among the variables that feed a map by default, unless the setting of that name says it all. */
function fedBy(map: string, variables: Variables): SourceOrigin | undefined {
  let latest: SourceOrigin | undefined;
  for (const name of feedersOf(map)) {
    const bare = name.slice(1);
    const origin = name.startsWith("$")
      ? variables.scalar(bare).origin
      : name.startsWith("@")
        ? variables.array(bare).origin
        : name.startsWith("%")
          ? variables.hash(bare).touched
          : undefined;
    // The setting of that name makes the map here, too: setting that is enough, unless it holds a whole table.
    const isSource = madeOf(map) === bare && sigilNamed(bare) === name.charAt(0);
    const derived = isSource && !(name.startsWith("$") && feedsTables(bare, variables.scalar(bare).value));
    if (origin === undefined || derived) continue;
    latest = origin;
  }
  return latest;
}

/** Table and banks in turn: where a table is not known, its banks go with it, or all others would shift. */
function knownPairs(items: readonly ScalarBox[], converter: Converter): readonly ScalarBox[] {
  return items.filter((item, index) => {
    const table = index % 2 === 0 ? item : items[index - 1];
    if (table === undefined || !isUnknown(table.value)) return true;
    if (item === table) converter.convert(item.value, item.origin);
    return false;
  });
}

function scalarSetting(name: string, box: ScalarBox, sink: SettingsSink): Located {
  const value = plainValue(name, box.value);
  const located = new Converter(`$${name}`, sink, isLenient(name)).convert(value, box.origin);
  return { ...asSwitch(name, located, value), origin: box.origin };
}

/** Destinies by name, switches as true and false; everything else as it is. */
function plainValue(name: string, value: Value): Value {
  const shape = shapeNamed(name);
  // A file that is not wanted has an empty name in amavisd.
  if (value === "" && shape?.kind === "file" && shape.nullable) return undefined;
  if (/^final_\w+_destiny$/.test(name) && typeof value === "number") return destinyNames.get(value) ?? value;
  return value;
}

function formOf(name: string, located: Located, sink: SettingsSink): Located {
  if (name === "client_ipaddr_policy") return asClientPolicy(located, sink);
  const shape = shapeNamed(name);
  const asksTruth = shape !== undefined && isMapShape(shape) && shape.yields.kind === "truth";
  return asksTruth ? asTruths(located) : located;
}

function asSwitch(name: string, located: Located, value: Value): Located {
  if (shapeNamed(name)?.kind !== "truth" || isUnknown(value) || typeof value === "object") return located;
  return { ...located, value: truth(value) === true };
}

function hashSetting(name: string, box: HashBox, sink: SettingsSink): Located {
  const converter = new Converter(`%${name}`, sink, isLenient(name));
  const byCategory = name.endsWith("_by_ccat");
  const entries: [string, ScalarBox][] = [];
  // A whole hash that is assigned replaces amavisd's own; single elements are laid over it.
  if (box.origin !== undefined && isMerged(name) && name !== "local_delivery_aliases")
    entries.push(["REPLACE", { value: 1, origin: box.origin }]);
  for (const [key, element] of box.map) {
    if (element.origin === undefined) continue;
    const value =
      name === "final_destiny_maps_by_ccat" && typeof element.value === "number"
        ? destinyNames.get(element.value)
        : element.value;
    entries.push([byCategory ? categoryName(key) : key, { ...element, value: value ?? element.value }]);
  }
  for (const [key, origin] of isMerged(name) ? (box.removed ?? []) : []) {
    if (!box.map.has(key)) entries.push([byCategory ? categoryName(key) : key, { value: undefined, origin }]);
  }
  return { ...converter.mapping(entries, box.touched), origin: box.touched };
}

function isMerged(name: string): boolean {
  return [...mergedSettings].some((merged) => merged === name);
}

/** "4,3" to "CC_BADH,3". */
function categoryName(key: string): string {
  const [major = "", ...minor] = key.split(",");
  return [categoryNames.get(major) ?? major, ...minor].join(",");
}

function banks(box: HashBox, sink: SettingsSink): Located {
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
function baseBank(variables: Variables, sink: SettingsSink): ReadonlyMap<string, Located> {
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
    const meant = nearest(key, bankNames);
    sink.report(
      "warning",
      origin,
      `${where}unknown key ${key}${meant === undefined ? ";" : `, did you mean ${meant}?`} amavisd ignores it`,
    );
  }
}

/** amavisd says by two variables where its log goes. */
function logTarget(variables: Variables): Located | undefined {
  const syslog = variables.scalar("do_syslog");
  const file = variables.scalar("logfile");
  const used = truth(syslog.value) === true ? syslog : file;
  if (used.origin === undefined) return undefined;
  const to = used === syslog ? "syslog" : used.value;
  if (typeof to !== "string" || to === "") return undefined;
  const member = { value: to, origin: used.origin };
  return { value: { to }, origin: used.origin, members: new Map([["to", member]]) };
}

/** The first of several groups is the one to run as. */
function group(variables: Variables, add: (name: string, located: Located) => void, sink: SettingsSink): void {
  const groups = variables.array("daemon_groups");
  const [first, ...others] = groups.items;
  if (groups.origin === undefined || variables.scalar("daemon_group").origin !== undefined || first === undefined)
    return;
  add("daemon_group", scalarSetting("daemon_group", { value: first.value, origin: groups.origin }, sink));
  if (others.length > 0) sink.report("warning", groups.origin, "@daemon_groups: only the first group is taken");
}

function sayIdle(variables: Variables, sink: SettingsSink): void {
  const say = (sigil: "$" | "@" | "%", name: string, origin: SourceOrigin | undefined) => {
    const idle = origin === undefined ? undefined : idleName(sigil, name);
    if (idle !== undefined) sink.report(idle.severity, origin, `${sigil}${name} is not used: ${idle.why}`);
  };
  for (const [name, box] of variables.scalars) say("$", name, box.origin);
  for (const [name, box] of variables.arrays) say("@", name, box.origin);
  for (const [name, box] of variables.hashes) say("%", name, box.touched);
}
