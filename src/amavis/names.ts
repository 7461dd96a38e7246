// amavisd's names that signpost does nothing with, and a word on each group. A note where nothing is lost by it, a
// warning where mail would be treated differently.
import { scopeOf, sigilNamed } from "../settings/registry.ts";
import type { ContainerSigil } from "./variables.ts";

export interface Idle {
  readonly severity: "note" | "warning";
  readonly why: string;
}

interface IdleGroup extends Idle {
  readonly names: string;
}

const groups: readonly IdleGroup[] = [
  {
    severity: "note",
    why: "a building block for other settings",
    names: "$MYHOME",
  },
  {
    severity: "note",
    why: "a working folder of amavisd; signpost keeps mail in memory and in spool.dir",
    names: "$TEMPBASE $db_home $helpers_home $lock_file $quarantine_tempdir",
  },
  {
    severity: "note",
    why: "amavisd's processes; signpost serves all connections with one, or a few (listeners), and hashes on threads (pool.threads)",
    names:
      "$max_servers $max_requests $min_servers $min_spare_servers $max_spare_servers $nanny_details_level $daemonize " +
      "$enable_db $enable_zmq @zmq_sockets $instance_name $courierfilter_shutdown $can_truncate $allow_preserving_evidence",
  },
  {
    severity: "warning",
    why: "signpost does not change its root folder; the service manager can confine it",
    names: "$daemon_chroot_dir",
  },
  {
    severity: "note",
    why: "amavisd's logging; see log_level and log in signpost.yaml",
    names:
      "$DEBUG $SYSLOG_LEVEL $syslog_priority $logline_maxlen $log_short_templ $log_verbose_templ $enable_log_capture $profiling",
  },
  {
    severity: "note",
    why: "the path to programs, of which signpost starts none",
    names:
      "$path $file $arc $bzip2 $lzop $lha $unarj $gzip $uncompress $unfreeze $unrar $zoo $pax $cpio $ar $rpm2cpio " +
      "$cabextract $ripole $tnef $gunzip $bunzip2 $unlzop $unstuff $dspam $altermime $enable_anomy_sanitizer",
  },
  {
    severity: "note",
    why: "SpamAssassin inside of amavisd; spamd has its own configuration",
    names:
      "$sa_local_tests_only $sa_timeout $sa_debug $sa_spawned $sa_num_instances $sa_configpath $sa_siteconfigpath " +
      "$sa_userprefs_file $spamcontrol_obj $sa_auto_whitelist $sa_spam_report_header $sa_spam_modifies_subj",
  },
  {
    severity: "note",
    why: "amavisd's file types; signpost tells them by their first octets",
    names:
      "@keep_decoded_original_maps $keep_decoded_original_re @map_full_type_to_short_type_maps $map_full_type_to_short_type_re",
  },
  {
    severity: "warning",
    why: "signpost does not look anything up in SQL or LDAP",
    names: "@lookup_sql_dsn $default_ldap $sql_select_policy $sql_select_white_black_list",
  },
  {
    severity: "note",
    why: "amavisd's storage in SQL and Redis",
    names:
      "@storage_sql_dsn @storage_redis_dsn $storage_redis_ttl $redis_logging_queue_size_limit $sql_schema_version " +
      "$timestamp_fmt_mysql $sql_quarantine_chunksize_max $sql_allow_8bit_address $sql_store_info_for_all_msgs " +
      "$database_sessions_persistent $lookup_maps_imply_sql_and_ldap $sql_lookups_no_at_means_domain " +
      "$ldap_lookups_no_at_means_domain $trim_trailing_space_in_lookup_result_fields $mail_id_size_bits $partition_tag",
  },
  {
    severity: "warning",
    why: "TLS is not set up this way here; see smtp_tls_CAfile and smtp_tls_servername",
    names: "%smtpd_tls_server_options %smtp_tls_client_options %smtp_tls_client_verifycn_name_maps",
  },
  {
    severity: "note",
    why: "arguments of programs that change mail, of which signpost starts none",
    names: "@anomy_sanitizer_args @altermime_args_defang @altermime_args_disclaimer",
  },
  {
    severity: "note",
    why: "of no effect in amavisd either, for many years",
    names:
      "$insert_received_line $relayhost_is_client $warnvirussender $warnspamsender $notify_xmailer_header $gets_addr_in_quoted_form " +
      "$append_header_fields_to_bottom $sql_select_wblist $mailto $localhost_ip $inet_socket_backlog $bypass_decode_limits " +
      "$first_infected_stops_scan_backup $smtp_reject_on_error",
  },
  {
    severity: "note",
    why: "of use to amavisd alone",
    names:
      "%i_know_what_i_am_doing @additional_perl_modules $macro_tests_sanity_limit $myproduct_name $myversion $myversion_id " +
      "$myversion_date $myversion_id_numeric $myprogram_name %ccat_display_names %ccat_display_names_major $mailfrom_notify_sender " +
      "%current_policy_bank $policy_bank_name %dkim_signing_keys_by_domain @dkim_signing_keys_list @dkim_signing_keys_storage " +
      "$my_pid $have_inet4 $have_inet6 $io_socket_module_name $AF_INET6 %mailfrom_notify_sender_by_ccat",
  },
];

const idle = new Map<string, Idle>(
  groups.flatMap(({ names, severity, why }) => names.split(" ").map((name) => [name, { severity, why }] as const)),
);

/** What to say of an amavisd name that has no meaning here; undefined for all others. */
export function idleName(sigil: ContainerSigil, name: string): Idle | undefined {
  return idle.get(sigil + name);
}

/** True where amavisd.conf sets the setting of this name, or one that is known, by this variable. */
export function isSettingVariable(sigil: ContainerSigil, name: string): boolean {
  if (scopeOf(name) === undefined) return false;
  const right = sigilNamed(name);
  return right === sigil || right === "any";
}

/** The variable of a setting; `sigil` where any will do. */
export function variableNamed(name: string, sigil: ContainerSigil): string {
  const right = sigilNamed(name);
  return `${right === "any" ? sigil : right === "none" ? "" : right}${name}`;
}

export const idleNames: readonly string[] = [...idle.keys()];

/** Perl's own variables that a configuration may touch without harm. */
export function isPerlVariable(sigil: ContainerSigil, name: string): boolean {
  if (sigil === "$") return /^(?:\d+|[^\w]|_|[ab]|\^\w+)$/.test(name);
  return sigil === "@"
    ? name === "_" || name === "INC" || name === "ARGV"
    : name === "ENV" || name === "INC" || name === "SIG";
}
