// Settings that hold for the whole daemon and cannot stand in a policy bank: doors, process, keys, building blocks.
import { dkimKey } from "../dkim-key-shape.ts";
import { bannedRule, table } from "../map-shape.ts";
import { milterDoor } from "../milter-shape.ts";
import { bankNames, bindAddresses, networks, port } from "../network-shape.ts";
import { active, type SettingRows } from "../setting.ts";
import {
  duration,
  file,
  fileOfKind,
  integer,
  list,
  mapping,
  mode,
  number,
  oneOf,
  optional,
  ownName,
  size,
  text,
  toggle,
  upperCase,
} from "../shape.ts";
import { control, dns, history, limits, log, metrics, pool, quarantine, redis, relay, spool } from "./groups.ts";

export const globalSettings = {
  mydomain: active(
    optional(ownName),
    null,
    "Our main domain. A building block: it stands in the text of X_HEADER_LINE and in addresses that a configuration makes from it.",
  ),
  mynetworks: active(
    networks,
    [
      "127.0.0.0/8",
      "[::1]",
      "169.254.0.0/16",
      "[fe80::]/10",
      "10.0.0.0/8",
      "172.16.0.0/12",
      "192.168.0.0/16",
      "[fc00::]/7",
    ],
    "Our own networks. Mail from a client in one of them is originating and loads the bank MYNETS where there is one. A client that the MTA does not tell counts as 0.0.0.0.",
  ),

  inet_socket_port: active(
    list(port, "a port, or a list of ports"),
    [10024],
    "Ports to listen on, at each address of inet_socket_bind.",
  ),
  inet_socket_bind: active(bindAddresses, ["127.0.0.1"], "Addresses to listen on."),
  listen_sockets: active(list(text, 'a list of "host:port", ":port" and "/path"'), [], "More places to listen on."),
  unix_socketname: active(
    list(file, "the path of a unix socket, or a list of them"),
    [],
    "Unix sockets to listen on; their bank must set protocol.",
  ),
  milter_listen: active(
    list(milterDoor, "a list of { address, bank }"),
    [],
    'Where MTAs find us as a milter: "127.0.0.1:8891" or the path of a unix socket, each with the bank that its mail starts with. A daemon name of the MTA that is the name of a bank loads that bank, a login loads ORIGINATING.',
  ),
  unix_socket_mode: active(mode, 0o660, "Permissions of unix sockets, octal."),
  listen_queue_size: active(
    optional(integer(1, 65535)),
    null,
    "Connections that may wait to be accepted.",
    "the system's",
  ),
  listeners: active(
    integer(1, 64),
    1,
    "Processes that share the ports, supervised by one more. One is right until its main thread is full. The first alone has the unix sockets.",
  ),
  smtpd_tls_cert_file: active(
    optional(file),
    null,
    "Our certificate and those between it and its authority, PEM, for tls_security_level_in. Read at start and at each reload.",
  ),
  smtpd_tls_key_file: active(
    optional(file),
    null,
    "The certificate's private key, PEM, readable by the daemon's user.",
    "in smtpd_tls_cert_file",
  ),
  smtp_tls_CAfile: active(
    optional(file),
    null,
    "Authorities, PEM: one of them must have signed the next hop's certificate where tls_security_level_out is encrypt. Read at start and at each reload.",
    "any certificate will do",
  ),
  smtpd_recipient_limit: active(integer(1, 100000), 1100, "Recipients taken in one transaction; more get 452 4.5.3."),
  enforce_smtpd_message_size_limit_64kb_min: active(
    toggle,
    true,
    "Raises a smaller smtpd_message_size_limit to the 64 kB that RFC 5321 section 4.5.3.1.7 asks for.",
  ),
  interface_policy: active(
    mapping(bankNames, "a mapping of port, address:port, SOCK or socket path to banks"),
    {},
    "Which bank a connection loads, by the door it comes in: by port first, then by address:port, for unix sockets by SOCK, then by path.",
  ),

  unsupported: active(
    oneOf("error", "warn"),
    "error",
    "What a setting is that asks for something nothing acts on (enable_ldap): an error, which keeps the configuration from being used, or a warning.",
  ),
  daemon_user: active(optional(text), null, "User that root becomes once the ports are open.", "signpost, else nobody"),
  daemon_group: active(optional(text), null, "Group to run as.", "the group of daemon_user"),
  pid_file: active(optional(file), null, "File to write the process id to."),
  drain_timeout: active(
    duration,
    30,
    "How long a stop waits for mail under way; what is not done then is cut off without a reply, so that the MTA sends it again.",
  ),
  dns: active(dns, dns.defaults, "The resolver for keys and policies."),
  pool: active(pool, pool.defaults, "The worker threads that hash, sign and verify."),
  metrics: active(metrics, metrics.defaults, "The endpoint for Prometheus, with /livez and /readyz."),
  control: active(control, control.defaults, "The socket that reload, status and why talk to."),
  spool: active(
    spool,
    spool.defaults,
    "Where mail under way is kept: in memory, then in an unlinked file. Nothing survives the transaction.",
  ),
  log: active(log, log.defaults, "Where the log goes and how it looks."),
  history: active(history, history.defaults, "What became of past mails, for why and log."),
  quarantine: active(
    quarantine,
    quarantine.defaults,
    "How long copies in quarantine are kept, and where their index is.",
  ),
  redis: active(redis, redis.defaults, "A Redis server through which several filters share DNS answers."),
  limits: active(limits, limits.defaults, "Bounds on what one client or mail can take."),
  relay: active(relay, relay.defaults, "The SMTP client towards the next hop."),
  smtp_connection_cache_enable: active(toggle, true, "Connections to the next hop are kept for further mail."),
  smtp_discard_ehlo_keywords: active(
    list(upperCase, "a list of EHLO keywords"),
    [],
    "EHLO keywords of the next hop that are overlooked, by Postfix's name. Without CHUNKING all content goes by DATA; else small mail with one recipient goes by BDAT where it is offered.",
  ),

  dkim_keys: active(
    list(dkimKey, "a list of { domain, selector, file }"),
    [],
    "Private keys, one entry per published record; the first that fits signs. amavisd.conf declares them by dkim_key(). Further members v g h k s t n are the tags of the record and restrict what the key signs. A domain may hold * or be { regexp: pattern }: the key then signs with the domain of the address.",
  ),
  dkim_key_dir: active(optional(file), null, "A folder of keys, DOMAIN/SELECTOR.pem."),
  dkim_keytable: active(optional(fileOfKind), null, "A KeyTable file as OpenDKIM reads it, file: or refile:."),
  dkim_signingtable: active(optional(fileOfKind), null, "A SigningTable file as OpenDKIM reads it, file: or refile:."),
  dkim_multiple_signatures: active(
    toggle,
    false,
    "Every line of dkim_signingtable that matches makes a signature, not only the first.",
  ),

  banned_rules: active(
    mapping(bannedRule, "a mapping of rule names to tables"),
    {},
    "Banning rules by name, for banned_filename_maps. The name DEFAULT stands for banned_filename_re unless it is defined here.",
  ),
  banned_filename_re: active(table, null, "The patterns behind the rule DEFAULT."),
  spam_check_negative_ttl: active(
    duration,
    600,
    "How long the verdict ham is remembered for equal mail; 0 switches that off.",
  ),
  spam_check_positive_ttl: active(duration, 1800, "How long the verdict spam is remembered for equal mail."),
  virus_check_negative_ttl: active(duration, 180, "How long a clean scan is remembered for equal mail."),
  virus_check_positive_ttl: active(duration, 1800, "How long an infection is remembered for equal mail."),
  verdict_cache_key: active(
    oneOf("full", "body"),
    "full",
    "What mail counts as equal: full goes by all that a verdict depends on, body by the body alone, as amavisd.",
  ),
  enable_global_cache: active(toggle, true, "Verdicts are shared with other filters where `redis.url` is set."),
  QUARANTINEDIR: active(optional(file), null, "Folder of the quarantine; null means no quarantine at all."),
  quarantine_subdir_levels: active(integer(0, 2), 1, "Sub-folders by the first characters of mail_id, so many deep."),
  MAXLEVELS: active(integer(1), 14, "Archives within archives."),
  MAXFILES: active(integer(1), 3000, "Parts of one mail, unpacked."),
  MIN_EXPANSION_QUOTA: active(size, 100 * 1024, "Octets that unpacking may always make."),
  MAX_EXPANSION_QUOTA: active(size, 500 * 1024 ** 2, "Octets that unpacking may make at most."),
  MIN_EXPANSION_FACTOR: active(number(0), 5, "Expansion that is always allowed, times the size of the mail."),
  MAX_EXPANSION_FACTOR: active(number(0), 500, "Expansion that is allowed at most, times the size of the mail."),

  sa_tag_level_deflt: active(optional(number()), null, "The default of spam_tag_level_maps."),
  sa_tag2_level_deflt: active(optional(number()), null, "The default of spam_tag2_level_maps."),
  sa_tag3_level_deflt: active(optional(number()), null, "The default of spam_tag3_level_maps."),
  sa_kill_level_deflt: active(optional(number()), null, "The default of spam_kill_level_maps."),
  sa_dsn_cutoff_level: active(
    optional(number()),
    null,
    "The default of spam_dsn_cutoff_level_maps and its _bysender_ form.",
  ),
  sa_crediblefrom_dsn_cutoff_level: active(
    optional(number()),
    null,
    "The default of spam_crediblefrom_dsn_cutoff_level_maps and its _bysender_ form.",
  ),
  sa_quarantine_cutoff_level: active(optional(number()), null, "The default of spam_quarantine_cutoff_level_maps."),
  sa_spam_subject_tag: active(optional(text), null, "The default of spam_subject_tag2_maps."),
  virus_admin: active(optional(text), null, "The default of virus_admin_maps."),
  newvirus_admin: active(optional(text), null, "The default of newvirus_admin_maps."),
  banned_admin: active(optional(text), null, "The default of banned_admin_maps."),
  spam_admin: active(optional(text), null, "The default of spam_admin_maps."),
  bad_header_admin: active(optional(text), null, "The default of bad_header_admin_maps."),
} satisfies SettingRows;
