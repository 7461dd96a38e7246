// Defaults that follow from other settings: amavisd's maps whose tables are the building blocks of the same file.
import type { RawTable } from "../lookup/table.ts";
import { type BankSettings, type GlobalSettings, mergedSettings } from "../settings/bank-settings.ts";
import { bankSettings } from "../settings/registry.ts";
import { withDefaults } from "../settings/setting.ts";
import { isMapping } from "../settings/shape.ts";

/** Maps that are the constant of another setting, where the file says nothing of the map itself. */
const constantFrom = {
  spam_tag_level_maps: "sa_tag_level_deflt",
  spam_tag2_level_maps: "sa_tag2_level_deflt",
  spam_tag3_level_maps: "sa_tag3_level_deflt",
  spam_kill_level_maps: "sa_kill_level_deflt",
  spam_dsn_cutoff_level_maps: "sa_dsn_cutoff_level",
  spam_dsn_cutoff_level_bysender_maps: "sa_dsn_cutoff_level",
  spam_crediblefrom_dsn_cutoff_level_maps: "sa_crediblefrom_dsn_cutoff_level",
  spam_crediblefrom_dsn_cutoff_level_bysender_maps: "sa_crediblefrom_dsn_cutoff_level",
  spam_quarantine_cutoff_level_maps: "sa_quarantine_cutoff_level",
  spam_subject_tag2_maps: "sa_spam_subject_tag",
  virus_admin_maps: "virus_admin",
  newvirus_admin_maps: "newvirus_admin",
  banned_admin_maps: "banned_admin",
  spam_admin_maps: "spam_admin",
  bad_header_admin_maps: "bad_header_admin",
} satisfies Partial<Record<keyof BankSettings, keyof GlobalSettings>>;

/** The setting that a map is made of unless it is set itself; undefined for all others. */
export function builtFrom(map: string): keyof GlobalSettings | "remove_existing_spam_headers" | undefined {
  if (map === "mynetworks_maps") return "mynetworks";
  if (map === "remove_existing_spam_headers_maps") return "remove_existing_spam_headers";
  return isConstantMap(map) ? constantFrom[map] : undefined;
}

function isConstantMap(map: string): map is keyof typeof constantFrom {
  return Object.hasOwn(constantFrom, map);
}

/** The whole base bank from what the file sets. */
export function withDerived(given: Partial<BankSettings>, global: GlobalSettings, hostname: string): BankSettings {
  const derived = {
    myhostname: hostname,
    mynetworks_maps: [global.mynetworks],
    X_HEADER_LINE: global.mydomain === null ? null : `signpost at ${global.mydomain}`,
    ...constants(global),
    remove_existing_spam_headers_maps: [given.remove_existing_spam_headers ?? true],
  } satisfies Partial<BankSettings>;
  return withDefaults({ ...derived, ...given, ...merged(given) }, bankSettings);
}

function constants(global: GlobalSettings): Partial<BankSettings> {
  const made = Object.keys(constantFrom).filter(isConstantMap);
  return Object.fromEntries(made.map((map) => [map, constant(global[constantFrom[map]])]));
}

function constant(value: string | number | null): readonly RawTable[] {
  return value === null ? [] : [value];
}

/** Mappings of names are laid over their defaults, unless a true member REPLACE discards these. */
function merged(given: Partial<BankSettings>): Partial<BankSettings> {
  const over = (name: keyof BankSettings) => {
    const value = given[name];
    const fallback = bankSettings[name].fallback;
    if (!isMapping(value) || !isMapping(fallback)) return value;
    const { REPLACE: replace, ...members } = value;
    return replace ? members : { ...fallback, ...members };
  };
  const names = [...mergedSettings].filter((name) => given[name] !== undefined);
  return Object.fromEntries(names.map((name) => [name, over(name)]));
}
