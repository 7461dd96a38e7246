// Defaults that follow from other settings: amavisd's maps whose tables are the building blocks of the same file.
import type { RawTable } from "../lookup/table.ts";
import { type BankSettings, mergedSettings } from "../policy/settings.ts";
import type { GlobalSettings } from "./config.ts";
import { bankSettings } from "./registry.ts";
import { withDefaults } from "./setting.ts";
import { isMapping } from "./shape.ts";

/** The whole base bank from what the file sets. */
export function withDerived(given: Partial<BankSettings>, global: GlobalSettings, hostname: string): BankSettings {
  const derived = {
    myhostname: hostname,
    mynetworks_maps: [global.mynetworks],
    X_HEADER_LINE: global.mydomain === null ? null : `signpost at ${global.mydomain}`,
    spam_tag_level_maps: constant(global.sa_tag_level_deflt),
    spam_tag2_level_maps: constant(global.sa_tag2_level_deflt),
    spam_tag3_level_maps: constant(global.sa_tag3_level_deflt),
    spam_kill_level_maps: constant(global.sa_kill_level_deflt),
    spam_dsn_cutoff_level_maps: constant(global.sa_dsn_cutoff_level),
    spam_dsn_cutoff_level_bysender_maps: constant(global.sa_dsn_cutoff_level),
    spam_crediblefrom_dsn_cutoff_level_maps: constant(global.sa_crediblefrom_dsn_cutoff_level),
    spam_crediblefrom_dsn_cutoff_level_bysender_maps: constant(global.sa_crediblefrom_dsn_cutoff_level),
    spam_quarantine_cutoff_level_maps: constant(global.sa_quarantine_cutoff_level),
    spam_subject_tag2_maps: constant(global.sa_spam_subject_tag),
    virus_admin_maps: constant(global.virus_admin),
    newvirus_admin_maps: constant(global.newvirus_admin),
    banned_admin_maps: constant(global.banned_admin),
    spam_admin_maps: constant(global.spam_admin),
    bad_header_admin_maps: constant(global.bad_header_admin),
    remove_existing_spam_headers_maps: [given.remove_existing_spam_headers ?? true],
  } satisfies Partial<BankSettings>;
  return withDefaults({ ...derived, ...given, ...merged(given) }, bankSettings);
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
