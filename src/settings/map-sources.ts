// What lookup maps are made of while they are not set themselves: other settings here, variables in an amavisd.conf. Both fronts
// go by this one table.

export interface MapSource {
  /** The setting that is the map's one table; null leaves the map empty. */
  readonly setting?: string;
  /**
   * What amavisd's map refers to before it reads its configuration, in order: a variable that is assigned later, or earlier,
   * counts either way, because the reference is followed when the map is asked. "=" stands for a constant.
   */
  readonly amavisd?: string;
}

const sources = {
  local_domains_maps: { amavisd: "%local_domains @local_domains_acl $local_domains_re" },
  mynetworks_maps: { setting: "mynetworks", amavisd: "@mynetworks" },
  ip_repu_ignore_maps: { amavisd: "@ip_repu_ignore_networks" },
  bypass_virus_checks_maps: { amavisd: "%bypass_virus_checks @bypass_virus_checks_acl $bypass_virus_checks_re" },
  bypass_spam_checks_maps: { amavisd: "%bypass_spam_checks @bypass_spam_checks_acl $bypass_spam_checks_re" },
  bypass_banned_checks_maps: { amavisd: "%bypass_banned_checks @bypass_banned_checks_acl $bypass_banned_checks_re" },
  bypass_header_checks_maps: { amavisd: "%bypass_header_checks @bypass_header_checks_acl $bypass_header_checks_re" },
  virus_lovers_maps: { amavisd: "%virus_lovers @virus_lovers_acl $virus_lovers_re" },
  spam_lovers_maps: { amavisd: "%spam_lovers @spam_lovers_acl $spam_lovers_re" },
  banned_files_lovers_maps: { amavisd: "%banned_files_lovers @banned_files_lovers_acl $banned_files_lovers_re" },
  bad_header_lovers_maps: { amavisd: "%bad_header_lovers @bad_header_lovers_acl $bad_header_lovers_re" },
  warnvirusrecip_maps: { amavisd: "$warnvirusrecip" },
  warnbannedrecip_maps: { amavisd: "$warnbannedrecip" },
  warnbadhrecip_maps: { amavisd: "$warnbadhrecip" },
  newvirus_admin_maps: { setting: "newvirus_admin", amavisd: "$newvirus_admin" },
  virus_admin_maps: { setting: "virus_admin", amavisd: "%virus_admin $virus_admin" },
  banned_admin_maps: { setting: "banned_admin", amavisd: "$banned_admin %virus_admin $virus_admin" },
  bad_header_admin_maps: { setting: "bad_header_admin", amavisd: "$bad_header_admin" },
  spam_admin_maps: { setting: "spam_admin", amavisd: "%spam_admin $spam_admin" },
  virus_quarantine_to_maps: { amavisd: "$virus_quarantine_to" },
  banned_quarantine_to_maps: { amavisd: "$banned_quarantine_to" },
  unchecked_quarantine_to_maps: { amavisd: "$unchecked_quarantine_to" },
  spam_quarantine_to_maps: { amavisd: "$spam_quarantine_to" },
  spam_quarantine_bysender_to_maps: { amavisd: "$spam_quarantine_bysender_to" },
  bad_header_quarantine_to_maps: { amavisd: "$bad_header_quarantine_to" },
  clean_quarantine_to_maps: { amavisd: "$clean_quarantine_to" },
  archive_quarantine_to_maps: { amavisd: "$archive_quarantine_to" },
  keep_decoded_original_maps: { amavisd: "$keep_decoded_original_re" },
  map_full_type_to_short_type_maps: { amavisd: "$map_full_type_to_short_type_re" },
  viruses_that_fake_sender_maps: { amavisd: "$viruses_that_fake_sender_re =1" },
  spam_tag_level_maps: { setting: "sa_tag_level_deflt", amavisd: "$sa_tag_level_deflt" },
  spam_tag2_level_maps: { setting: "sa_tag2_level_deflt", amavisd: "$sa_tag2_level_deflt" },
  spam_tag3_level_maps: { setting: "sa_tag3_level_deflt", amavisd: "$sa_tag3_level_deflt" },
  spam_kill_level_maps: { setting: "sa_kill_level_deflt", amavisd: "$sa_kill_level_deflt" },
  spam_dsn_cutoff_level_maps: { setting: "sa_dsn_cutoff_level", amavisd: "$sa_dsn_cutoff_level" },
  spam_dsn_cutoff_level_bysender_maps: { setting: "sa_dsn_cutoff_level", amavisd: "$sa_dsn_cutoff_level" },
  spam_crediblefrom_dsn_cutoff_level_maps: {
    setting: "sa_crediblefrom_dsn_cutoff_level",
    amavisd: "$sa_crediblefrom_dsn_cutoff_level",
  },
  spam_crediblefrom_dsn_cutoff_level_bysender_maps: {
    setting: "sa_crediblefrom_dsn_cutoff_level",
    amavisd: "$sa_crediblefrom_dsn_cutoff_level",
  },
  spam_quarantine_cutoff_level_maps: { setting: "sa_quarantine_cutoff_level", amavisd: "$sa_quarantine_cutoff_level" },
  spam_subject_tag_maps: { amavisd: "$sa_spam_subject_tag1" },
  spam_subject_tag2_maps: { setting: "sa_spam_subject_tag", amavisd: "$sa_spam_subject_tag" },
  whitelist_sender_maps: { amavisd: "%whitelist_sender @whitelist_sender_acl $whitelist_sender_re" },
  blacklist_sender_maps: { amavisd: "%blacklist_sender @blacklist_sender_acl $blacklist_sender_re" },
  addr_extension_virus_maps: { amavisd: "$addr_extension_virus" },
  addr_extension_spam_maps: { amavisd: "$addr_extension_spam" },
  addr_extension_banned_maps: { amavisd: "$addr_extension_banned" },
  addr_extension_bad_header_maps: { amavisd: "$addr_extension_bad_header" },
  debug_sender_maps: { amavisd: "@debug_sender_acl" },
  remove_existing_spam_headers_maps: {
    setting: "remove_existing_spam_headers",
    amavisd: "$remove_existing_spam_headers",
  },
} as const satisfies Readonly<Record<string, MapSource>>;

const byMap: ReadonlyMap<string, MapSource> = new Map(Object.entries(sources));

/** The setting that a map is made of unless it is set itself; undefined for all others. */
export function madeOf(map: string): string | undefined {
  return byMap.get(map)?.setting;
}

/** Maps that are made of a setting, with it. */
export const madeMaps: readonly (readonly [map: string, setting: string])[] = [...byMap].flatMap(
  ([map, { setting }]) => (setting === undefined ? [] : [[map, setting] as const]),
);

/** Maps that amavisd fills with references by default. */
export const fedMaps: readonly string[] = [...byMap].flatMap(([map, { amavisd }]) =>
  amavisd === undefined ? [] : [map],
);

/** The variables, with sigils, that fill a map of amavisd's by default; empty for a map without such. */
export function feedersOf(map: string): readonly string[] {
  return byMap.get(map)?.amavisd?.split(" ") ?? [];
}

/** Variables of amavisd's, with sigils, that some map is fed by. */
export const feeders: ReadonlySet<string> = new Set(
  fedMaps.flatMap((map) => feedersOf(map).filter((name) => !name.startsWith("="))),
);
