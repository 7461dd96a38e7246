// The effective configuration as YAML. Reading the text again gives the same configuration.
import { stringify } from "yaml";
import { mergedSettings } from "../policy/settings.ts";
import type { Config } from "./config.ts";
import { isMapping } from "./shape.ts";

export function printConfig(config: Config): string {
  const { base, policy_bank: banks, ...global } = config;
  const settings: Record<string, unknown> = { ...global };
  const merged: ReadonlySet<string> = mergedSettings;
  for (const [name, value] of Object.entries(base)) {
    // Without REPLACE the defaults would come back under the members that are left.
    settings[name] = merged.has(name) && isMapping(value) ? { ...value, REPLACE: replaceMark(name) } : value;
  }
  settings["policy_bank"] = Object.fromEntries(banks);
  return stringify(settings, { lineWidth: 120, flowCollectionPadding: true, aliasDuplicateObjects: false });
}

function replaceMark(name: string): unknown {
  return name === "signed_header_fields" ? 1 : true;
}
