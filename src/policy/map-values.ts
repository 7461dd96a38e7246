// What each lookup map of a bank yields, and by which address it is asked.
import { contextBelow } from "../lookup/context.ts";
import type { MapCompiler } from "../lookup/map.ts";
import type { LookupMap, RawTable, TableContext } from "../lookup/table.ts";
import {
  anyValue,
  booleanValue,
  nameListValue,
  numberValue,
  type Options,
  optionsValue,
  textListValue,
  textValue,
  type ValueType,
} from "../lookup/value.ts";
import type { BankSettings } from "../settings/bank-settings.ts";

/** Settings of a bank that are lists of networks and not maps by address. */
export type NetworkMapName = "mynetworks_maps" | "ip_repu_ignore_maps";

/** Every other map. */
export type MapName = Exclude<
  Extract<keyof BankSettings, `${string}_maps` | `${string}_lookup_tables`>,
  NetworkMapName
>;

type Yields<V, Names extends MapName> = Readonly<Record<Names, V>>;

/** The type of value by map. */
export type MapValues = Yields<
  boolean,
  | "debug_sender_maps"
  | "debug_recipient_maps"
  | "local_domains_maps"
  | "bypass_virus_checks_maps"
  | "bypass_spam_checks_maps"
  | "bypass_banned_checks_maps"
  | "bypass_header_checks_maps"
  | "virus_lovers_maps"
  | "spam_lovers_maps"
  | "unchecked_lovers_maps"
  | "banned_files_lovers_maps"
  | "bad_header_lovers_maps"
  | "viruses_that_fake_sender_maps"
  | "spam_modifies_subj_maps"
  | "whitelist_sender_maps"
  | "blacklist_sender_maps"
  | "warnvirusrecip_maps"
  | "warnbannedrecip_maps"
  | "warnbadhrecip_maps"
  | "remove_existing_spam_headers_maps"
> &
  Yields<
    number,
    | "signer_reputation_maps"
    | "virus_name_to_spam_score_maps"
    | "message_size_limit_maps"
    | "spam_tag_level_maps"
    | "spam_tag2_level_maps"
    | "spam_tag3_level_maps"
    | "spam_kill_level_maps"
    | "spam_dsn_cutoff_level_maps"
    | "spam_dsn_cutoff_level_bysender_maps"
    | "spam_crediblefrom_dsn_cutoff_level_maps"
    | "spam_crediblefrom_dsn_cutoff_level_bysender_maps"
    | "spam_quarantine_cutoff_level_maps"
    | "spam_notifyadmin_cutoff_level_maps"
  > &
  Yields<
    string,
    | "spam_subject_tag_maps"
    | "spam_subject_tag2_maps"
    | "spam_subject_tag3_maps"
    | "sa_userconf_maps"
    | "sa_username_maps"
    | "virus_quarantine_to_maps"
    | "banned_quarantine_to_maps"
    | "unchecked_quarantine_to_maps"
    | "spam_quarantine_to_maps"
    | "spam_quarantine_bysender_to_maps"
    | "bad_header_quarantine_to_maps"
    | "clean_quarantine_to_maps"
    | "archive_quarantine_to_maps"
    | "virus_admin_maps"
    | "newvirus_admin_maps"
    | "banned_admin_maps"
    | "spam_admin_maps"
    | "bad_header_admin_maps"
    | "addr_extension_virus_maps"
    | "addr_extension_banned_maps"
    | "addr_extension_spam_maps"
    | "addr_extension_bad_header_maps"
    | "disclaimer_options_bysender_maps"
  > &
  Yields<readonly string[], "forward_method_maps" | "author_to_policy_bank_maps" | "virus_name_to_policy_bank_maps"> &
  Yields<readonly Options[], "dkim_signature_options_bysender_maps"> &
  /** Names of banned_rules, or tables: what they mean is the banned check's to say. */
  Yields<unknown, "banned_filename_maps"> &
  /** The second level, by sender: one map per table. */
  Yields<readonly LookupMap<number>[], "score_sender_maps"> &
  Yields<
    readonly LookupMap<boolean>[],
    "per_recip_whitelist_sender_lookup_tables" | "per_recip_blacklist_sender_lookup_tables"
  >;

export type CompiledMaps = { readonly [Name in MapName]: LookupMap<MapValues[Name]> };
export type MapTypes = { readonly [Name in MapName]: ValueType<MapValues[Name]> };

/** Who a map is asked about. */
export type AskedBy = "recipient" | "sender" | "author" | "signer" | "virus";

/** The bank that the value 1 of author_to_policy_bank_maps stands for. */
export const approvedBank = "AUTHOR_APPROVED";
const virusBank = "VIRUS";
/** Loaded by rule wherever they are defined: naming them without a definition is no mistake. */
const impliedBanks: readonly string[] = ["MYNETS", "MYUSERS", approvedBank, virusBank];

/** Types of all maps. `compiler` and `context` are for tables within tables, `banks` are the names that exist. */
export function mapTypes(compiler: MapCompiler, context: TableContext, banks: ReadonlySet<string>): MapTypes {
  const existing = (whenTrue: string): ValueType<readonly string[]> => ({
    ...nameListValue(whenTrue),
    fault(names) {
      const unknown = names.filter((name) => !banks.has(name) && !impliedBanks.includes(name));
      return unknown.length === 0 ? undefined : `there is no policy bank ${unknown.join(", ")}`;
    },
  });
  // A nested table is compiled as a map of one table: the leading index of its paths is not in the settings.
  const truths: ValueType<readonly LookupMap<boolean>[]> = {
    expected: "a table by sender, or a list of tables",
    read(raw, path) {
      // A list of addresses is one access list; a list that holds other tables is a list of tables.
      const tables = Array.isArray(raw) && !raw.every((element) => typeof element === "string") ? raw : [raw];
      return secondLevel(tables, (table, index) =>
        compiler.compile([table], booleanValue, contextBelow(context, tables === raw ? [...path, index] : path, 1)),
      );
    },
  };
  const scores: ValueType<readonly LookupMap<number>[]> = {
    expected: "a list of tables by sender",
    read(raw, path) {
      if (!Array.isArray(raw)) return undefined;
      return secondLevel(raw, (table, index) =>
        compiler.compile([table], numberValue, contextBelow(context, [...path, index], 1)),
      );
    },
  };
  return {
    debug_sender_maps: booleanValue,
    debug_recipient_maps: booleanValue,
    local_domains_maps: booleanValue,
    bypass_virus_checks_maps: booleanValue,
    bypass_spam_checks_maps: booleanValue,
    bypass_banned_checks_maps: booleanValue,
    bypass_header_checks_maps: booleanValue,
    virus_lovers_maps: booleanValue,
    spam_lovers_maps: booleanValue,
    unchecked_lovers_maps: booleanValue,
    banned_files_lovers_maps: booleanValue,
    bad_header_lovers_maps: booleanValue,
    viruses_that_fake_sender_maps: booleanValue,
    spam_modifies_subj_maps: booleanValue,
    whitelist_sender_maps: booleanValue,
    blacklist_sender_maps: booleanValue,
    warnvirusrecip_maps: booleanValue,
    warnbannedrecip_maps: booleanValue,
    warnbadhrecip_maps: booleanValue,
    remove_existing_spam_headers_maps: booleanValue,
    signer_reputation_maps: numberValue,
    virus_name_to_spam_score_maps: numberValue,
    message_size_limit_maps: numberValue,
    spam_tag_level_maps: numberValue,
    spam_tag2_level_maps: numberValue,
    spam_tag3_level_maps: numberValue,
    spam_kill_level_maps: numberValue,
    spam_dsn_cutoff_level_maps: numberValue,
    spam_dsn_cutoff_level_bysender_maps: numberValue,
    spam_crediblefrom_dsn_cutoff_level_maps: numberValue,
    spam_crediblefrom_dsn_cutoff_level_bysender_maps: numberValue,
    spam_quarantine_cutoff_level_maps: numberValue,
    spam_notifyadmin_cutoff_level_maps: numberValue,
    spam_subject_tag_maps: textValue,
    spam_subject_tag2_maps: textValue,
    spam_subject_tag3_maps: textValue,
    sa_userconf_maps: textValue,
    sa_username_maps: textValue,
    virus_quarantine_to_maps: textValue,
    banned_quarantine_to_maps: textValue,
    unchecked_quarantine_to_maps: textValue,
    spam_quarantine_to_maps: textValue,
    spam_quarantine_bysender_to_maps: textValue,
    bad_header_quarantine_to_maps: textValue,
    clean_quarantine_to_maps: textValue,
    archive_quarantine_to_maps: textValue,
    virus_admin_maps: textValue,
    newvirus_admin_maps: textValue,
    banned_admin_maps: textValue,
    spam_admin_maps: textValue,
    bad_header_admin_maps: textValue,
    addr_extension_virus_maps: textValue,
    addr_extension_banned_maps: textValue,
    addr_extension_spam_maps: textValue,
    addr_extension_bad_header_maps: textValue,
    disclaimer_options_bysender_maps: textValue,
    forward_method_maps: textListValue,
    author_to_policy_bank_maps: existing(approvedBank),
    virus_name_to_policy_bank_maps: existing(virusBank),
    dkim_signature_options_bysender_maps: optionsValue,
    banned_filename_maps: anyValue,
    score_sender_maps: scores,
    per_recip_whitelist_sender_lookup_tables: truths,
    per_recip_blacklist_sender_lookup_tables: truths,
  };
}

/** Maps that are not asked about the recipient. */
const otherwiseAsked: { readonly [Name in MapName]?: AskedBy } = {
  debug_sender_maps: "sender",
  dkim_signature_options_bysender_maps: "author",
  author_to_policy_bank_maps: "author",
  signer_reputation_maps: "signer",
  viruses_that_fake_sender_maps: "virus",
  virus_name_to_spam_score_maps: "virus",
  virus_name_to_policy_bank_maps: "virus",
  spam_dsn_cutoff_level_bysender_maps: "sender",
  spam_crediblefrom_dsn_cutoff_level_bysender_maps: "sender",
  spam_quarantine_bysender_to_maps: "sender",
  disclaimer_options_bysender_maps: "sender",
  whitelist_sender_maps: "sender",
  blacklist_sender_maps: "sender",
};

export function askedBy(name: MapName): AskedBy {
  return otherwiseAsked[name] ?? "recipient";
}

function secondLevel<V>(
  tables: readonly unknown[],
  compile: (table: RawTable, index: number) => LookupMap<V>,
): readonly LookupMap<V>[] | undefined {
  return tables.every(isTable) ? tables.map(compile) : undefined;
}

function isTable(raw: unknown): raw is RawTable {
  return raw !== undefined && typeof raw !== "function";
}
