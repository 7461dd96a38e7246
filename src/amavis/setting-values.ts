// From the value of one variable to the value of its setting: destinies by name, truths, maps, hashes by category.
import { mergedSettings } from "../settings/bank-settings.ts";
import { isMapShape } from "../settings/map-shape.ts";
import { knownNamed, shapeNamed } from "../settings/registry.ts";
import { Converter, type Located, type SettingsSink } from "./convert.ts";
import { constants } from "./functions.ts";
import { asClientPolicy, asTruths } from "./map-forms.ts";
import { type HashBox, isUnknown, type ScalarBox, truth, type Value } from "./values.ts";

/**
 * Scanners are written with code and patterns for amavisd's own machinery, and nothing acts on names that are only known: what is not
 * understood there is no error.
 */
export function isLenient(name: string): boolean {
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

/** The setting that a scalar variable makes. */
export function scalarSetting(name: string, box: ScalarBox, sink: SettingsSink): Located {
  const value = plainValue(name, box.value);
  const located = new Converter(`$${name}`, sink, isLenient(name)).convert(value, box.origin);
  return { ...asSwitch(name, located, value), origin: box.origin };
}

/** Destinies by name, switches as true and false; everything else as it is. */
export function plainValue(name: string, value: Value): Value {
  const shape = shapeNamed(name);
  // A file that is not wanted has an empty name in amavisd.
  if (value === "" && shape?.kind === "file" && shape.nullable) return undefined;
  if (/^final_\w+_destiny$/.test(name) && typeof value === "number") return destinyNames.get(value) ?? value;
  return value;
}

/** A value of a bank or list in the form that its setting takes. */
export function formOf(name: string, located: Located, sink: SettingsSink): Located {
  if (name === "client_ipaddr_policy") return asClientPolicy(located, sink);
  const shape = shapeNamed(name);
  const asksTruth = shape !== undefined && isMapShape(shape) && shape.yields.kind === "truth";
  return asksTruth ? asTruths(located) : located;
}

/** Truths as Perl has them become true and false where the setting is a switch. */
export function asSwitch(name: string, located: Located, value: Value): Located {
  if (shapeNamed(name)?.kind !== "truth" || isUnknown(value) || typeof value === "object") return located;
  return { ...located, value: truth(value) === true };
}

/** The setting that a hash makes. */
export function hashSetting(name: string, box: HashBox, sink: SettingsSink): Located {
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
export function categoryName(key: string): string {
  const [major = "", ...minor] = key.split(",");
  return [categoryNames.get(major) ?? major, ...minor].join(",");
}
