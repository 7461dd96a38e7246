// The one table of settings: every name, its shape, default and words. Types, `--print` and the manual come from it.
import { authenticationSettings, dkimSettings } from "./rows/authentication.ts";
import { checkSettings, scoreSettings, storageSettings } from "./rows/checks.ts";
import { globalSettings } from "./rows/global.ts";
import { categorySettings, headerSettings } from "./rows/headers.ts";
import { outcomeSettings } from "./rows/outcome.ts";
import { logSettings, originSettings, routingSettings, sessionSettings } from "./rows/session.ts";
import type { SettingRows } from "./setting.ts";

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
export const structuralNames = ["policy_bank", "include"] as const;

export type Scope = "global" | "bank" | "structure";

/** Whether a name is known, and where it may stand. */
export function scopeOf(name: string): Scope | undefined {
  if (Object.hasOwn(bankSettings, name)) return "bank";
  if (Object.hasOwn(globalSettings, name)) return "global";
  return structuralNames.some((known) => known === name) ? "structure" : undefined;
}

/** Every name that may stand at top level. */
export const settingNames: readonly string[] = [
  ...structuralNames,
  ...Object.keys(globalSettings),
  ...Object.keys(bankSettings),
];

export const bankSettingNames: readonly string[] = Object.keys(bankSettings);

const all: SettingRows = { ...globalSettings, ...bankSettings };

/** What the table knows of a name, of either scope. */
export function settingNamed(name: string): SettingRows[string] | undefined {
  return Object.hasOwn(all, name) ? all[name] : undefined;
}
