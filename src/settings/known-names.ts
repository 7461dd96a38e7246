// Names of amavisd's, and a few of ours, that a configuration may hold and nothing here acts on. Each is checked for its form, so that
// a slip is found, and then left out of the configuration. A name that comes to act leaves this list and becomes a row of `rows/`.
import { anyYield, map, textYield, truthYield } from "./map-shape.ts";
import { method } from "./network-shape.ts";
import { duration, integer, number } from "./number-shape.ts";
import { demand, type KnownName, known } from "./setting.ts";
import { anything, list, mapping, optional, text, toggle } from "./shape.ts";
import { fieldSwitches, secret } from "./text-shape.ts";

const byCategory = mapping(anything, "a mapping of contents categories to values");

/** They may stand in a policy bank, too. */
export const knownBankNames = {
  child_timeout: known(duration, "How long the work on one mail may take; here limits.message_time says it."),
  auth_reauthenticate_forwarded: known(
    toggle,
    "Forwarded mail is authenticated as amavis_auth_user; here all mail is, with auth_required_out.",
  ),
  snmp_contact: known(optional(text), "What amavisd's SNMP agent answers as contact."),
  snmp_location: known(optional(text), "What amavisd's SNMP agent answers as location."),
  log_templ: known(optional(text), "Template of the line per mail."),
  log_recip_templ: known(optional(text), "Template of a line per recipient."),
  enable_log_capture_dump: known(toggle, "Keeps log lines of a mail to print them after an error."),
  debug_sender_maps: known(map(truthYield, "sender"), "Senders whose mail is logged in full."),
  debug_recipient_maps: known(map(truthYield), "Recipients whose mail is logged in full."),
  requeue_method: known(method, "Where mail that is sent through the MTA once more goes."),
  report_format: known(text, "How mail is reported: arf, attach, dsn, plain."),
  attachment_password: known(optional(secret), "Password of attachments made on release."),
  attachment_email_name: known(text, "Name of mail attached on release."),
  attachment_outer_name: known(text, "Name of the archive attached on release."),
  always_bcc: known(optional(text), "Also gets a copy of every mail that is passed."),
  dsn_bcc: known(optional(text), "Also gets a copy of every DSN."),
  ip_repu_ignore_maps: known(map(anyYield, "client address"), "Clients without a reputation."),
  enable_ip_repu: known(toggle, "Reputation of client addresses is kept."),
  ip_repu_score_limit: known(number(), "The most that a client's reputation adds to the score."),
  dkim_signing_service: known(optional(text), "host:port of amavisd's signing service."),
  decoders: known(list(anything, "a list as amavisd has it"), "Unpackers of amavisd.", "@"),
  mail_digest_algorithm: known(text, "Digest of a body for the log."),
  mail_part_digest_algorithm: known(text, "Digest of parts for the log."),
  os_fingerprint_dst_ip_and_port: known(optional(text), "The address and port that p0f saw the client come to."),
  sa_userconf_maps: known(map(anyYield), "The spam scanner's configuration, by recipient."),
  sql_clause: known(mapping(anything, "a mapping of names to SQL"), "Queries of amavisd.", "%"),
  enable_ldap: demand(
    toggle,
    "Maps also look into LDAP.",
    "nothing looks into LDAP: what it says of recipients would not count",
  ),
  redis_logging_key: known(optional(text), "Redis list that gets the JSON report of each mail."),
  hdrfrom_notify_report: known(optional(text), "From of reports."),
  notify_release_templ: known(optional(text), "Template of released mail."),
  notify_report_templ: known(optional(text), "Template of reports."),
  notify_autoresp_templ: known(optional(text), "Template of automatic answers."),
  prefer_our_added_header_fields: known(
    fieldSwitches,
    "Header fields of which an incoming one gives way to ours.",
    "%",
  ),
  prepend_header_fields_hdridx: known(integer(0), "How many incoming fields stay above ours."),
  allow_fixing_improper_header: known(
    toggle,
    "Broken header fields are repaired. amavisd does; here mail leaves as it came.",
  ),
  allow_fixing_improper_header_folding: known(toggle, "Folded lines of blanks are repaired."),
  allow_fixing_long_header_lines: known(toggle, "Header lines over 998 octets are cut."),
  hdr_encoding: known(text, "Character set of header fields in notices."),
  bdy_encoding: known(text, "Character set of bodies of notices."),
  hdr_encoding_qb: known(text, "Q or B encoding of header fields in notices."),
  allow_disclaimers: known(toggle, "Disclaimers are put under mail of ours."),
  outbound_disclaimers_only: known(toggle, "Only under mail that leaves."),
  disclaimer_options_bysender_maps: known(map(textYield, "sender"), "Which disclaimer, by sender."),
  notify_autoresp_templ_by_ccat: known(byCategory, "Templates of automatic answers, by contents category."),
  notify_release_templ_by_ccat: known(byCategory, "Templates of released mail, by contents category."),
  notify_report_templ_by_ccat: known(byCategory, "Templates of reports, by contents category."),
  hdrfrom_notify_release_by_ccat: known(byCategory, "From of released mail, by contents category."),
  hdrfrom_notify_report_by_ccat: known(byCategory, "From of reports, by contents category."),
  always_bcc_by_ccat: known(byCategory, "Who also gets a copy, by contents category."),
  dsn_bcc_by_ccat: known(byCategory, "Who also gets a copy of a DSN, by contents category."),
  addr_rewrite_maps_by_ccat: known(byCategory, "New recipient addresses, by contents category."),
} satisfies Readonly<Record<string, KnownName>>;

/** They hold for the whole daemon. */
export const knownGlobalNames = {
  smtp_connection_cache_on_demand: known(
    toggle,
    "amavisd keeps connections only while mail is frequent; here they are kept while they are idle for less than 30 s.",
  ),
} satisfies Readonly<Record<string, KnownName>>;
