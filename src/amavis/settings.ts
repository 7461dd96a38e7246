// From the variables, as they stand at the end of reading, to settings: which variable is which setting, what the old
// names feed, what is left out and why.
import { feeders, feedersOf, madeOf } from "../settings/map-sources.ts";
import { sigilNamed } from "../settings/registry.ts";
import { banks, baseBank } from "./banks.ts";
import { Converter, type Located, type SettingsSink } from "./convert.ts";
import { asClientPolicy } from "./map-forms.ts";
import { idleName, isSettingVariable } from "./names.ts";
import { formOf, hashSetting, isLenient, scalarSetting } from "./setting-values.ts";
import type { SourceOrigin } from "./source-text.ts";
import { isUnknown, type ScalarBox, truth, type Value } from "./values.ts";
import type { Variables } from "./variables.ts";

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
    // Here, too, the map is made of the setting of that name: to set that is enough, unless it holds a whole table.
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
