// The effective configuration as YAML, every setting with its value. Reading the text again gives the same configuration.
import { stringify } from "yaml";
import { isMapping } from "../lookup/value.ts";
import { mergedSettings } from "../settings/bank-settings.ts";
import { settingNamed } from "../settings/registry.ts";
import type { Config } from "./config.ts";

export function printConfig(config: Config): string {
  const { base, policy_bank: banks, ...global } = config;
  const settings: Record<string, unknown> = { ...global };
  const merged: ReadonlySet<string> = mergedSettings;
  for (const [name, value] of Object.entries(base)) {
    settings[name] = merged.has(name) && isMapping(value) ? whole(name, value) : value;
  }
  settings["policy_bank"] = Object.fromEntries(banks);
  return stringify(settings, { lineWidth: 120, aliasDuplicateObjects: false });
}

/** A mapping that lacks a member of its default is marked, or the member would come back. */
function whole(name: string, value: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const fallback = settingNamed(name)?.fallback;
  const lacks = isMapping(fallback) && Object.keys(fallback).some((member) => !Object.hasOwn(value, member));
  return lacks ? { REPLACE: name === "signed_header_fields" ? 1 : true, ...value } : value;
}
