// What amavisd's variables hold before the configuration is read, as far as a configuration can see or refer to it.

import { fedMaps, feedersOf } from "../settings/map-sources.ts";
import { privateNetworks } from "../settings/network-shape.ts";
import { setBaseBank } from "./base-bank.ts";
import type { ScalarBox, Value } from "./values.ts";
import type { Variables } from "./variables.ts";

const scalars: Readonly<Record<string, string | number>> = {
  MYHOME: "/var/amavis",
  mydomain: "!change-mydomain-variable!.example.com",
  myproduct_name: "amavis",
  myversion_id: "2.13.0",
  myversion_date: "20230106",
  myversion: "amavis-2.13.0 (20230106)",
  myprogram_name: "amavisd",
  daemonize: 1,
  max_servers: 2,
  max_requests: 20,
  child_timeout: 480,
  smtpd_timeout: 480,
  syslog_ident: "amavis",
  syslog_facility: "mail",
  log_level: 0,
  logline_maxlen: 980,
  nanny_details_level: 1,
  enable_ip_repu: 1,
  reputation_factor: 0.2,
  mail_digest_algorithm: "MD5",
  mail_part_digest_algorithm: "SHA1",
  penpals_halflife: 604_800,
  penpals_threshold_low: 1,
  bounce_killer_score: 0,
  originating: 0,
  forward_method: "smtp:[127.0.0.1]:10025",
  notify_method: "smtp:[127.0.0.1]:10025",
  requeue_method: "smtp:[127.0.0.1]:25",
  release_format: "resend",
  report_format: "arf",
  attachment_password: "",
  attachment_email_name: "msg-%m.eml",
  attachment_outer_name: "msg-%m.zip",
  virus_quarantine_method: "local:virus-%m",
  banned_files_quarantine_method: "local:banned-%m",
  spam_quarantine_method: "local:spam-%m.gz",
  bad_header_quarantine_method: "local:badh-%m",
  prepend_header_fields_hdridx: 0,
  remove_existing_x_scanned_headers: 0,
  remove_existing_spam_headers: 1,
  allow_fixing_improper_header: 1,
  allow_fixing_improper_header_folding: 1,
  allow_fixing_long_header_lines: 1,
  hdr_encoding: "UTF-8",
  bdy_encoding: "UTF-8",
  hdr_encoding_qb: "Q",
  smtpd_recipient_limit: 1100,
  smtpd_greeting_banner: `\${helo-name} \${protocol} \${product} service ready`,
  smtpd_quit_banner: `\${helo-name} \${product} closing transmission channel`,
  enforce_smtpd_message_size_limit_64kb_min: 1,
  localhost_name: "localhost",
  propagate_dsn_if_possible: 1,
  terminate_dsn_on_notify_success: 0,
  auth_required_release: 1,
  dkim_minimum_key_bits: 1024,
  smtp_connection_cache_on_demand: 1,
  smtp_connection_cache_enable: 1,
  virus_quarantine_to: "virus-quarantine",
  banned_quarantine_to: "banned-quarantine",
  unchecked_quarantine_to: "unchecked-quarantine",
  spam_quarantine_to: "spam-quarantine",
  bad_header_quarantine_to: "bad-header-quarantine",
  clean_quarantine_to: "clean-quarantine",
  archive_quarantine_to: "archive-quarantine",
  undecipherable_subject_tag: "***UNCHECKED*** ",
  sa_spam_level_char: "*",
  sa_num_instances: 1,
  file: "file",
  altermime: "altermime",
  MIN_EXPANSION_FACTOR: 5,
  MAX_EXPANSION_FACTOR: 500,
  final_virus_destiny: 0,
  final_banned_destiny: 0,
  final_unchecked_destiny: 1,
  final_spam_destiny: 1,
  final_bad_header_destiny: 1,
  replace_existing_extension: 1,
  localpart_is_case_sensitive: 0,
};

const arrays: Readonly<Record<string, readonly string[]>> = {
  inet_acl: ["127.0.0.1", "[::1]"],
  mynetworks: privateNetworks,
  banned_filename_maps: ["DEFAULT"],
};

const switches: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  allowed_header_tests: { "1": "other mime syntax empty long control 8bit missing multiple", "0": "utf8" },
  allowed_added_header_fields: {
    "1":
      "received dkim-signature authentication-results vbr-info x-quarantine-id x-amavis-alert x-amavis-hold x-amavis-modified " +
      "x-amavis-penpals x-amavis-os-fingerprint x-amavis-policybank x-spam-status x-spam-level x-spam-flag x-spam-score x-spam-tests",
    "0": "x-spam-report x-spam-checker-version x-amavis-category",
  },
  signed_header_fields: {
    "2": "from date subject content-type",
    "1":
      "reply-to message-id in-reply-to references mime-version content-transfer-encoding content-id content-description " +
      "resent-date resent-from resent-sender resent-message-id list-id list-post list-owner list-subscribe list-unsubscribe " +
      "list-help list-archive received precedence original-message-id message-context pics-label sensitivity solicitation " +
      "content-location content-features content-disposition content-language content-alternative content-base content-md5 " +
      "content-duration content-class accept-language auto-submitted archived-at vbr-info organization organisation user-agent x-mailer",
    "0": "sender to cc resent-to resent-cc",
  },
};

export function setDefaults(variables: Variables, hostname: string): void {
  const set = (name: string, value: Value) => {
    variables.scalar(name).value = value;
  };
  for (const [name, value] of Object.entries(scalars)) set(name, value);
  set("myhostname", hostname);
  set("inet_socket_bind", { kind: "array", box: { items: boxes(["127.0.0.1", "[::1]"]), origin: undefined } });
  for (const [name, items] of Object.entries(arrays)) variables.array(name).items = boxes(items);
  for (const [name, groups] of Object.entries(switches)) {
    const { map } = variables.hash(name);
    for (const [value, keys] of Object.entries(groups)) {
      for (const key of keys.split(" ")) map.set(key, { value: Number(value), origin: undefined });
    }
  }
  for (const map of fedMaps) {
    variables.array(map).items = feedersOf(map).map((name) => ({
      value: reference(variables, name),
      origin: undefined,
    }));
  }
  variables.array("client_ipaddr_policy").items = [
    { value: { kind: "array", box: variables.array("mynetworks") }, origin: undefined },
    { value: "MYNETS", origin: undefined },
  ];
  setBaseBank(variables);
}

function reference(variables: Variables, name: string): Value {
  const bare = name.slice(1);
  switch (name.charAt(0)) {
    case "$":
      return { kind: "scalar", box: variables.scalar(bare) };
    case "@":
      return { kind: "array", box: variables.array(bare) };
    case "%":
      return { kind: "hash", box: variables.hash(bare) };
    default:
      return Number(bare);
  }
}

function boxes(values: readonly Value[]): ScalarBox[] {
  return values.map((value) => ({ value, origin: undefined }));
}
