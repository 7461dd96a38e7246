// The one table of settings: every name, its shape, default and words. Types, `--print` and the manual come from it.
import { knownBankNames, knownGlobalNames } from "./known-names.ts";
import { authenticationSettings, dkimSettings } from "./rows/authentication.ts";
import { checkSettings, scoreSettings, storageSettings } from "./rows/checks.ts";
import { globalSettings } from "./rows/global.ts";
import { categorySettings, headerSettings } from "./rows/headers.ts";
import { outcomeSettings } from "./rows/outcome.ts";
import { logSettings, originSettings, routingSettings, sessionSettings } from "./rows/session.ts";
import type { AmavisSigil, KnownName, KnownNames, SettingRows } from "./setting.ts";
import type { Shape } from "./shape.ts";

/** In the order of the manual. */
export const bankChapters = {
  "Sessions with the MTA": sessionSettings,
  "Where mail goes": routingSettings,
  "Where mail comes from": originSettings,
  DKIM: dkimSettings,
  "SPF, DMARC and ARC": authenticationSettings,
  "Content checks": checkSettings,
  "Scores and levels": scoreSettings,
  "What becomes of a mail": outcomeSettings,
  "Header fields": headerSettings,
  Log: logSettings,
  "Tables by contents category": categorySettings,
  "Storage of amavisd": storageSettings,
} as const;

export const bankSettings = {
  ...sessionSettings,
  ...routingSettings,
  ...originSettings,
  ...dkimSettings,
  ...authenticationSettings,
  ...checkSettings,
  ...scoreSettings,
  ...outcomeSettings,
  ...headerSettings,
  ...logSettings,
  ...categorySettings,
  ...storageSettings,
} satisfies SettingRows;

/** Names that are neither: the banks themselves, and files read in. */
const structuralNames = ["policy_bank", "include"] as const;

export type Scope = "global" | "bank" | "structure";

/** Whether a name may stand in a configuration, and where. */
export function scopeOf(name: string): Scope | undefined {
  if (Object.hasOwn(bankSettings, name) || Object.hasOwn(knownBankNames, name)) return "bank";
  if (Object.hasOwn(globalSettings, name) || Object.hasOwn(knownGlobalNames, name)) return "global";
  return structuralNames.some((structural) => structural === name) ? "structure" : undefined;
}

/** Every name that may stand in a bank. */
export const bankSettingNames: readonly string[] = [...Object.keys(bankSettings), ...Object.keys(knownBankNames)];

/** Every name that may stand at top level. */
export const allNames: readonly string[] = [
  ...structuralNames,
  ...Object.keys(globalSettings),
  ...Object.keys(knownGlobalNames),
  ...bankSettingNames,
];

const all: SettingRows = { ...globalSettings, ...bankSettings };

/** The row of a setting, of either scope. */
export function settingNamed(name: string): SettingRows[string] | undefined {
  return Object.hasOwn(all, name) ? all[name] : undefined;
}

const allKnown: KnownNames = { ...knownGlobalNames, ...knownBankNames };

/** What is known of a name that nothing acts on; undefined for settings. */
export function knownNamed(name: string): KnownName | undefined {
  return Object.hasOwn(allKnown, name) ? allKnown[name] : undefined;
}

/** What a value of this name must look like, whether something acts on it or not. */
export function shapeNamed(name: string): Shape<unknown> | undefined {
  return settingNamed(name)?.shape ?? knownNamed(name)?.shape;
}

/** The sigil of a name in amavisd; "any" where only signpost has it. */
export function sigilNamed(name: string): AmavisSigil {
  const stated = settingNamed(name)?.sigil ?? knownNamed(name)?.sigil;
  if (stated !== undefined) return stated;
  if (name === "include") return "none";
  if (name === "policy_bank" || name.endsWith("_by_ccat")) return "%";
  return name.endsWith("_maps") ? "@" : "$";
}
