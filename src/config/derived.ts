// Defaults that follow from other settings: amavisd's maps whose tables are the building blocks of the same file.

import { isMapping } from "../lookup/value.ts";
import { type BankSettings, type GlobalSettings, mergedSettings } from "../settings/bank-settings.ts";
import { madeMaps } from "../settings/map-sources.ts";
import { bankSettings } from "../settings/registry.ts";
import { withDefaults } from "../settings/setting.ts";

/** The whole base bank from what the file sets. */
export function withDerived(given: Partial<BankSettings>, global: GlobalSettings, hostname: string): BankSettings {
  const derived = {
    myhostname: hostname,
    X_HEADER_LINE: global.mydomain === null ? null : `signpost at ${global.mydomain}`,
  } satisfies Partial<BankSettings>;
  return withDefaults({ ...derived, ...made(given, global), ...given, ...merged(given) }, bankSettings);
}

/** A map that the file does not set is the value of the setting it is made of. */
function made(given: Partial<BankSettings>, global: GlobalSettings): Partial<BankSettings> {
  const values = new Map<string, unknown>(Object.entries({ ...withDefaults(given, bankSettings), ...global }));
  return Object.fromEntries(
    madeMaps.map(([map, setting]) => {
      const value = values.get(setting) ?? null;
      return [map, value === null ? [] : [value]];
    }),
  );
}

/** Mappings of names are laid over their defaults, unless a true member REPLACE discards these. */
function merged(given: Partial<BankSettings>): Partial<BankSettings> {
  const over = (name: keyof BankSettings) => {
    const value = given[name];
    const fallback = bankSettings[name].fallback;
    if (!isMapping(value) || !isMapping(fallback)) return value;
    const { REPLACE: replace, ...members }: Readonly<Record<string, unknown>> = value;
    return replace ? members : { ...fallback, ...members };
  };
  const names = [...mergedSettings].filter((name) => given[name] !== undefined);
  return Object.fromEntries(names.map((name) => [name, over(name)]));
}
