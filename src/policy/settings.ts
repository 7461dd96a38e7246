// The settings that a policy bank may change, by amavisd's names (without sigil), values already in one normal form.
// Which of them has which default and what the manual says of it stands in src/config; here is only their type.
import type { RawTable } from "../lookup/table.ts";

/** A lookup map as configured: tables in order. A scalar stood for a map of one constant, null for an empty map. */
export type MapSetting = readonly RawTable[];
/** Next hop of mail, "smtp:[127.0.0.1]:10025"; of several the first that works; null where there is none. */
export type MethodSetting = string | readonly string[] | null;
export type Destiny = "D_PASS" | "D_DISCARD" | "D_BOUNCE" | "D_REJECT" | "D_TEMPFAIL";
/** Settings by contents category ("CC_VIRUS", "CC_SPAM,1"). */
export type ByCategory = Readonly<Record<string, unknown>>;
/** Switches by name; merged key by key when a bank is laid over another. */
export type Switches = Readonly<Record<string, boolean>>;

/** One entry of client_ipaddr_policy: the first whose networks hold the client loads its banks, left to right. */
export interface ClientPolicy {
  readonly networks: RawTable;
  readonly banks: readonly string[];
}

/** Times are seconds, sizes octets. */
export interface BankSettings {
  // session
  readonly protocol: "SMTP" | "LMTP" | "AM.PDP" | "TCP-LOOKUP" | null;
  readonly haproxy_target_enabled: boolean;
  readonly inet_acl: readonly string[];
  readonly child_timeout: number;
  readonly smtpd_timeout: number;
  readonly myhostname: string;
  /** null: the same as myhostname. */
  readonly myauthservid: string | null;
  readonly localhost_name: string;
  readonly smtpd_greeting_banner: string;
  readonly smtpd_quit_banner: string;
  /** Upper case. */
  readonly smtpd_discard_ehlo_keywords: readonly string[];
  readonly smtpd_message_size_limit: number | null;
  readonly bare_newline: "replace" | "reject";
  readonly soft_bounce: boolean;
  readonly tls_security_level_in: "may" | "encrypt" | null;
  readonly tls_security_level_out: "may" | "encrypt" | null;
  readonly local_client_bind_address: string | null;
  readonly auth_mech_avail: readonly string[];
  readonly auth_required_inp: boolean;
  readonly auth_required_out: boolean;
  readonly auth_required_release: boolean;
  readonly amavis_auth_user: string | null;
  readonly amavis_auth_pass: string | null;
  readonly auth_reauthenticate_forwarded: boolean;
  readonly snmp_contact: string | null;
  readonly snmp_location: string | null;

  // log
  readonly log_level: number;
  readonly log_templ: string | null;
  readonly log_recip_templ: string | null;
  readonly syslog_ident: string;
  readonly syslog_facility: string;
  readonly enable_log_capture_dump: boolean;
  readonly debug_sender_maps: MapSetting;
  readonly debug_recipient_maps: MapSetting;

  // routing
  readonly forward_method: MethodSetting;
  /** By recipient; where it yields nothing, forward_method. */
  readonly forward_method_maps: MapSetting;
  readonly notify_method: MethodSetting;
  readonly resend_method: MethodSetting;
  readonly release_method: MethodSetting;
  readonly requeue_method: MethodSetting;
  readonly release_format: string;
  readonly report_format: string;
  readonly attachment_password: string | null;
  readonly attachment_email_name: string;
  readonly attachment_outer_name: string;
  readonly propagate_dsn_if_possible: boolean;
  readonly terminate_dsn_on_notify_success: boolean;
  readonly mailfrom_to_quarantine: string | null;
  readonly always_bcc: string | null;
  readonly dsn_bcc: string | null;
  readonly local_delivery_aliases: Readonly<Record<string, unknown>>;

  // origin
  readonly originating: boolean;
  /** Networks whose mail is ours; [] keeps MYNETS away. */
  readonly mynetworks_maps: MapSetting;
  /** null: each table of mynetworks_maps with the bank MYNETS. */
  readonly client_ipaddr_policy: readonly ClientPolicy[] | null;
  readonly local_domains_maps: MapSetting;
  readonly ip_repu_ignore_maps: MapSetting;
  readonly enable_ip_repu: boolean;
  readonly ip_repu_score_limit: number;

  // DKIM
  readonly enable_dkim_verification: boolean;
  readonly enable_dkim_signing: boolean;
  readonly enable_domainkeys_verification: boolean;
  /** Lower-case field name to 0 (never), 1 (every occurrence) or 2 (and one entry more). Merged by name. */
  readonly signed_header_fields: Readonly<Record<string, number>>;
  /** By author: mappings of signature tags (d s a c i q ttl x), or a list of such mappings for several signatures. */
  readonly dkim_signature_options_bysender_maps: MapSetting;
  readonly dkim_signing_service: string | null;
  readonly dkim_minimum_key_bits: number;
  readonly dkim_rsa_sha1: "policy" | "accept";
  readonly dk_counts: boolean;
  readonly dkim_clock_drift: number;
  readonly dkim_max_signatures: number;
  readonly dkim_max_keys: number;
  /** By author: a comma list of banks, or 1 for AUTHOR_APPROVED. */
  readonly author_to_policy_bank_maps: MapSetting;
  readonly signer_reputation_maps: MapSetting;
  readonly reputation_factor: number;

  // SPF, DMARC, ARC
  readonly enable_spf_verification: boolean;
  readonly enable_dmarc_verification: boolean;
  readonly enable_arc_verification: boolean;
  readonly dmarc_mode: "rfc7489" | "rfc9989";
  readonly final_dmarc_destiny: Destiny;
  /** Domains, lower case; ".example.com" with those below. */
  readonly arc_trusted_sealers: readonly string[];
  readonly arc_seal: boolean;

  // checks
  readonly bypass_decode_parts: boolean;
  readonly bypass_virus_checks_maps: MapSetting;
  readonly bypass_spam_checks_maps: MapSetting;
  readonly bypass_banned_checks_maps: MapSetting;
  readonly bypass_header_checks_maps: MapSetting;
  readonly virus_lovers_maps: MapSetting;
  readonly spam_lovers_maps: MapSetting;
  readonly unchecked_lovers_maps: MapSetting;
  readonly banned_files_lovers_maps: MapSetting;
  readonly bad_header_lovers_maps: MapSetting;
  readonly decoders: readonly unknown[];
  readonly av_scanners: readonly unknown[];
  readonly av_scanners_backup: readonly unknown[];
  readonly spam_scanners: readonly unknown[];
  readonly first_infected_stops_scan: boolean;
  readonly virus_scanners_failure_is_fatal: boolean;
  readonly virus_check_fail: "tempfail" | "pass-unchecked";
  readonly viruses_that_fake_sender_maps: MapSetting;
  readonly virus_name_to_spam_score_maps: MapSetting;
  readonly virus_name_to_policy_bank_maps: MapSetting;
  /** By recipient: names of banned_rules, or tables. */
  readonly banned_filename_maps: MapSetting;
  readonly banned_namepath_re: RawTable;
  readonly allowed_header_tests: Switches;
  readonly message_size_limit_maps: MapSetting;
  readonly undecipherable_subject_tag: string | null;
  readonly mail_digest_algorithm: string;
  readonly mail_part_digest_algorithm: string;
  readonly os_fingerprint_method: string | null;
  readonly os_fingerprint_dst_ip_and_port: string | null;
  readonly penpals_bonus_score: number | null;
  readonly penpals_halflife: number;
  readonly bounce_killer_score: number;
  readonly sa_spam_level_char: string;
  readonly sa_mail_body_size_limit: number | null;

  // scores
  readonly spam_tag_level_maps: MapSetting;
  readonly spam_tag2_level_maps: MapSetting;
  readonly spam_tag3_level_maps: MapSetting;
  readonly spam_kill_level_maps: MapSetting;
  readonly spam_dsn_cutoff_level_maps: MapSetting;
  readonly spam_dsn_cutoff_level_bysender_maps: MapSetting;
  readonly spam_crediblefrom_dsn_cutoff_level_maps: MapSetting;
  readonly spam_crediblefrom_dsn_cutoff_level_bysender_maps: MapSetting;
  readonly spam_quarantine_cutoff_level_maps: MapSetting;
  readonly spam_notifyadmin_cutoff_level_maps: MapSetting;
  readonly spam_subject_tag_maps: MapSetting;
  readonly spam_subject_tag2_maps: MapSetting;
  readonly spam_subject_tag3_maps: MapSetting;
  readonly spam_modifies_subj_maps: MapSetting;
  readonly whitelist_sender_maps: MapSetting;
  readonly blacklist_sender_maps: MapSetting;
  /** By recipient, then by sender. */
  readonly score_sender_maps: MapSetting;
  readonly per_recip_whitelist_sender_lookup_tables: MapSetting;
  readonly per_recip_blacklist_sender_lookup_tables: MapSetting;
  readonly sa_userconf_maps: MapSetting;
  readonly sa_username_maps: MapSetting;

  // outcome
  readonly final_virus_destiny: Destiny;
  readonly final_banned_destiny: Destiny;
  readonly final_unchecked_destiny: Destiny;
  readonly final_spam_destiny: Destiny;
  readonly final_bad_header_destiny: Destiny;
  readonly virus_quarantine_method: string | null;
  readonly banned_files_quarantine_method: string | null;
  readonly unchecked_quarantine_method: string | null;
  readonly spam_quarantine_method: string | null;
  readonly bad_header_quarantine_method: string | null;
  readonly clean_quarantine_method: string | null;
  readonly archive_quarantine_method: string | null;
  readonly virus_quarantine_to_maps: MapSetting;
  readonly banned_quarantine_to_maps: MapSetting;
  readonly unchecked_quarantine_to_maps: MapSetting;
  readonly spam_quarantine_to_maps: MapSetting;
  readonly spam_quarantine_bysender_to_maps: MapSetting;
  readonly bad_header_quarantine_to_maps: MapSetting;
  readonly clean_quarantine_to_maps: MapSetting;
  readonly archive_quarantine_to_maps: MapSetting;
  readonly virus_admin_maps: MapSetting;
  readonly newvirus_admin_maps: MapSetting;
  readonly banned_admin_maps: MapSetting;
  readonly spam_admin_maps: MapSetting;
  readonly bad_header_admin_maps: MapSetting;
  readonly warnvirusrecip_maps: MapSetting;
  readonly warnbannedrecip_maps: MapSetting;
  readonly warnbadhrecip_maps: MapSetting;
  readonly warnbannedsender: boolean;
  readonly warnbadhsender: boolean;
  readonly warn_offsite: boolean;
  readonly mailfrom_notify_admin: string | null;
  readonly mailfrom_notify_recip: string | null;
  readonly mailfrom_notify_spamadmin: string | null;
  readonly hdrfrom_notify_sender: string | null;
  readonly hdrfrom_notify_recip: string | null;
  readonly hdrfrom_notify_admin: string | null;
  readonly hdrfrom_notify_spamadmin: string | null;
  readonly hdrfrom_notify_release: string | null;
  readonly hdrfrom_notify_report: string | null;
  readonly notify_sender_templ: string | null;
  readonly notify_virus_sender_templ: string | null;
  readonly notify_spam_sender_templ: string | null;
  readonly notify_virus_admin_templ: string | null;
  readonly notify_spam_admin_templ: string | null;
  readonly notify_virus_recips_templ: string | null;
  readonly notify_spam_recips_templ: string | null;
  readonly notify_release_templ: string | null;
  readonly notify_report_templ: string | null;
  readonly notify_autoresp_templ: string | null;
  readonly defang_virus: boolean;
  readonly defang_banned: boolean;
  readonly defang_spam: boolean;
  readonly defang_bad_header: boolean;
  readonly defang_undecipherable: boolean;
  readonly defang_all: boolean;
  readonly addr_extension_virus_maps: MapSetting;
  readonly addr_extension_banned_maps: MapSetting;
  readonly addr_extension_spam_maps: MapSetting;
  readonly addr_extension_bad_header_maps: MapSetting;
  readonly recipient_delimiter: string | null;
  readonly replace_existing_extension: boolean;
  readonly localpart_is_case_sensitive: boolean;

  // header edits
  readonly X_HEADER_TAG: string | null;
  readonly X_HEADER_LINE: string | null;
  readonly remove_existing_x_scanned_headers: boolean;
  readonly remove_existing_spam_headers: boolean;
  readonly remove_existing_spam_headers_maps: MapSetting;
  /** Lower-case field names. Merged by name. */
  readonly allowed_added_header_fields: Switches;
  readonly prefer_our_added_header_fields: Switches;
  readonly prepend_header_fields_hdridx: number;
  readonly allow_fixing_improper_header: boolean;
  readonly allow_fixing_improper_header_folding: boolean;
  readonly allow_fixing_long_header_lines: boolean;
  readonly hdr_encoding: string;
  readonly bdy_encoding: string;
  readonly hdr_encoding_qb: string;
  readonly allow_disclaimers: boolean;
  readonly outbound_disclaimers_only: boolean;
  readonly disclaimer_options_bysender_maps: MapSetting;

  // storage
  readonly sql_clause: Readonly<Record<string, unknown>>;
  readonly partition_tag: string | number | null;
  readonly enable_ldap: boolean;
  readonly redis_logging_key: string | null;

  // by contents category; all merged by key
  readonly final_destiny_maps_by_ccat: ByCategory;
  readonly forward_method_maps_by_ccat: ByCategory;
  readonly lovers_maps_by_ccat: ByCategory;
  readonly defang_maps_by_ccat: ByCategory;
  readonly subject_tag_maps_by_ccat: ByCategory;
  readonly quarantine_method_by_ccat: ByCategory;
  readonly quarantine_to_maps_by_ccat: ByCategory;
  readonly notify_admin_templ_by_ccat: ByCategory;
  readonly notify_recips_templ_by_ccat: ByCategory;
  readonly notify_sender_templ_by_ccat: ByCategory;
  readonly notify_autoresp_templ_by_ccat: ByCategory;
  readonly notify_release_templ_by_ccat: ByCategory;
  readonly notify_report_templ_by_ccat: ByCategory;
  readonly warnsender_by_ccat: ByCategory;
  readonly hdrfrom_notify_admin_by_ccat: ByCategory;
  readonly hdrfrom_notify_recip_by_ccat: ByCategory;
  readonly hdrfrom_notify_sender_by_ccat: ByCategory;
  readonly hdrfrom_notify_release_by_ccat: ByCategory;
  readonly hdrfrom_notify_report_by_ccat: ByCategory;
  readonly mailfrom_notify_admin_by_ccat: ByCategory;
  readonly mailfrom_notify_recip_by_ccat: ByCategory;
  readonly admin_maps_by_ccat: ByCategory;
  readonly warnrecip_maps_by_ccat: ByCategory;
  readonly always_bcc_by_ccat: ByCategory;
  readonly dsn_bcc_by_ccat: ByCategory;
  readonly addr_extension_maps_by_ccat: ByCategory;
  readonly addr_rewrite_maps_by_ccat: ByCategory;
  readonly smtp_reason_by_ccat: ByCategory;
}

/**
 * A bank as configured: only the keys it sets. Laid over another it replaces each value whole, but for the mappings
 * among `mergedSettings`, whose members are laid over one by one (a true member REPLACE discards the old ones).
 */
export type BankOverlay = Partial<BankSettings>;

/** The settings that are mappings of names, merged and not replaced by a bank (amavisd: "a hash over a hash"). */
export const mergedSettings: ReadonlySet<keyof BankSettings> = new Set<keyof BankSettings>([
  "signed_header_fields",
  "local_delivery_aliases",
  "allowed_header_tests",
  "allowed_added_header_fields",
  "prefer_our_added_header_fields",
  "sql_clause",
  "final_destiny_maps_by_ccat",
  "forward_method_maps_by_ccat",
  "lovers_maps_by_ccat",
  "defang_maps_by_ccat",
  "subject_tag_maps_by_ccat",
  "quarantine_method_by_ccat",
  "quarantine_to_maps_by_ccat",
  "notify_admin_templ_by_ccat",
  "notify_recips_templ_by_ccat",
  "notify_sender_templ_by_ccat",
  "notify_autoresp_templ_by_ccat",
  "notify_release_templ_by_ccat",
  "notify_report_templ_by_ccat",
  "warnsender_by_ccat",
  "hdrfrom_notify_admin_by_ccat",
  "hdrfrom_notify_recip_by_ccat",
  "hdrfrom_notify_sender_by_ccat",
  "hdrfrom_notify_release_by_ccat",
  "hdrfrom_notify_report_by_ccat",
  "mailfrom_notify_admin_by_ccat",
  "mailfrom_notify_recip_by_ccat",
  "admin_maps_by_ccat",
  "warnrecip_maps_by_ccat",
  "always_bcc_by_ccat",
  "dsn_bcc_by_ccat",
  "addr_extension_maps_by_ccat",
  "addr_rewrite_maps_by_ccat",
  "smtp_reason_by_ccat",
]);
