// What the table of settings gives: the settings of a policy bank and of the daemon, by amavisd's names (without sigil), values
// in their normal form.
import { bankSettings } from "./registry.ts";
import type { globalSettings } from "./rows/global.ts";
import type { ValuesOf } from "./setting.ts";

/** Times are seconds, sizes octets. */
export type BankSettings = ValuesOf<typeof bankSettings>;

/** Settings of the whole daemon; they cannot stand in a bank. */
export type GlobalSettings = ValuesOf<typeof globalSettings>;

/**
 * A bank as configured: only the keys it sets. Laid over another it replaces each value whole, but for the mappings
 * among `mergedSettings`, whose members are laid over one by one (a true member REPLACE discards the old ones).
 */
export type BankOverlay = Partial<BankSettings>;

/** The settings that are mappings of names, merged and not replaced by a bank (amavisd: "a hash over a hash"). */
export const mergedSettings: ReadonlySet<keyof BankSettings> = new Set(
  Object.keys(bankSettings).filter(isBankSetting).filter(isMappingByDefault),
);

function isBankSetting(name: string): name is keyof BankSettings {
  return Object.hasOwn(bankSettings, name);
}

function isMappingByDefault(name: keyof BankSettings): boolean {
  const fallback: unknown = bankSettings[name].fallback;
  return typeof fallback === "object" && fallback !== null && !Array.isArray(fallback);
}
