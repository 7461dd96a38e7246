// Which sigil amavisd's settings have. Those that are not listed are scalars if amavisd has them at all.
import type { ContainerSigil } from "./variables.ts";

const arrays = new Set(
  (
    "inet_acl mynetworks smtpd_discard_ehlo_keywords auth_mech_avail decoders av_scanners av_scanners_backup spam_scanners " +
    "client_ipaddr_policy listen_sockets daemon_groups"
  ).split(" "),
);
const hashes = new Set(
  (
    "signed_header_fields allowed_added_header_fields prefer_our_added_header_fields allowed_header_tests sql_clause " +
    "local_delivery_aliases banned_rules interface_policy policy_bank"
  ).split(" "),
);
/** Names of ours that amavisd does not have: any sigil will do. */
const ours = new Set(
  (
    "dns pool metrics control spool log history redis limits relay listeners drain_timeout unix_socket_mode dkim_key_dir dkim_keytable " +
    "dkim_signingtable enable_domainkeys_verification dkim_rsa_sha1 dk_counts dkim_clock_drift dkim_max_signatures dkim_max_keys " +
    "enable_spf_verification enable_dmarc_verification enable_arc_verification dmarc_mode final_dmarc_destiny arc_trusted_sealers " +
    "arc_seal bare_newline final_oversized_destiny final_must_sign_destiny author_must_sign_maps " +
    "verdict_cache_key unsupported"
  ).split(" "),
);

/** The sigil a setting has in amavisd; undefined for those that only signpost has. */
export function sigilOf(name: string): ContainerSigil | undefined {
  if (ours.has(name)) return name === "unix_socket_mode" ? "$" : undefined;
  if (arrays.has(name) || name.endsWith("_maps")) return "@";
  if (hashes.has(name) || name.endsWith("_by_ccat")) return "%";
  return "$";
}
