import { map, truthYield } from "../map-shape.ts";
import { clientPolicy, method, methodYield, networks } from "../network-shape.ts";
import { active, type SettingRows } from "../setting.ts";
import {
  anything,
  duration,
  envelopeSender,
  integer,
  list,
  mapping,
  oneOf,
  optional,
  ownName,
  secret,
  size,
  text,
  toggle,
  upperCase,
} from "../shape.ts";

export const sessionSettings = {
  protocol: active(
    optional(oneOf("SMTP", "LMTP", "AM.PDP", "TCP-LOOKUP")),
    null,
    "What the door speaks. An SMTP door also takes LHLO and becomes LMTP for that session. AM.PDP and TCP-LOOKUP are known but not spoken: such a door stays closed.",
    "SMTP and LMTP on a port",
  ),
  haproxy_target_enabled: active(
    toggle,
    false,
    "A PROXY header (version 1 or 2) comes first on every connection; the peer that it names must be in inet_acl, as must the balancer that sends it.",
  ),
  inet_acl: active(
    networks,
    ["127.0.0.1", "[::1]"],
    "Peers that may connect; the others get 554 5.7.1 and are closed. XFORWARD is taken from these alone.",
  ),
  smtpd_timeout: active(duration, 300, "How long an idle client is waited for; more than Postfix's max_idle."),
  myhostname: active(ownName, "localhost", "Our name, in Received fields, banners and DSN.", "the name of this host"),
  myauthservid: active(
    optional(ownName),
    null,
    "The authserv-id of our Authentication-Results fields (RFC 8601 section 2.5). Incoming fields that claim it are removed.",
    "myhostname",
  ),
  localhost_name: active(ownName, "localhost", "What we say in EHLO to the next hop."),
  smtpd_greeting_banner: active(
    text,
    `\${helo-name} \${protocol} \${product} service ready`,
    "The text after 220. Fields: helo-name, myhostname, protocol, product, version, version-id, version-date.",
  ),
  smtpd_quit_banner: active(
    text,
    `\${helo-name} \${product} closing transmission channel`,
    "The text after 221 2.0.0.",
  ),
  smtpd_discard_ehlo_keywords: active(
    list(upperCase, "a list of EHLO keywords"),
    [],
    "EHLO keywords that are not offered. Hiding 8BITMIME (SMTPUTF8 goes with it) makes Postfix convert mail to 7 bits before it is signed.",
  ),
  smtpd_message_size_limit: active(
    optional(size),
    64 * 1024 ** 2,
    "Octets of a mail, announced by SIZE; larger mail gets 552 5.3.4. null: no limit.",
  ),
  bare_newline: active(
    oneOf("replace", "reject"),
    "replace",
    "A CR or LF that stands alone in a mail becomes a space before anything is hashed, or the mail is refused with 554 5.6.0.",
  ),
  soft_bounce: active(toggle, false, "Every 5xx becomes 450."),
  tls_security_level_in: active(
    optional(oneOf("may", "encrypt")),
    null,
    "STARTTLS for clients, with the certificate of smtpd_tls_cert_file. With encrypt no mail is taken before: 451 4.7.0. null: none is offered.",
  ),
  smtpd_tls_wrappermode: active(
    toggle,
    false,
    "With tls_security_level_in, the door speaks TLS from the first octet on, without STARTTLS, by Postfix's name.",
  ),
  tls_security_level_out: active(
    optional(oneOf("may", "encrypt")),
    null,
    "STARTTLS towards the next hop. may: where it is offered, whatever its certificate. encrypt: mail waits (450 4.7.4, 4.7.5) where TLS cannot be had, and with smtp_tls_CAfile where the certificate does not verify. null: none.",
  ),
  smtp_tls_wrappermode: active(
    toggle,
    false,
    "With tls_security_level_out, the next hop speaks TLS from the first octet on, without STARTTLS, by Postfix's name.",
  ),
  smtp_tls_servername: active(
    optional(text),
    null,
    "The name that the certificate of the next hop must have, by Postfix's name.",
    "the host in forward_method or notify_method",
  ),
  local_client_bind_address: active(optional(text), null, "Address that connections to the next hop start from."),
  auth_mech_avail: active(
    list(upperCase, "a list of mechanisms"),
    [],
    "AUTH mechanisms to offer: PLAIN, LOGIN, CRAM-MD5. amavisd takes any password there; here it must be amavis_auth_user and amavis_auth_pass. PLAIN and LOGIN are offered under TLS and to this machine.",
  ),
  auth_required_inp: active(toggle, false, "No mail is taken before a login by AUTH: 451 4.7.0."),
  auth_required_out: active(
    toggle,
    false,
    "We log in to the next hop as amavis_auth_user before the first mail; mail waits (450 4.7.4, 4.7.8) where that fails.",
  ),
  auth_required_release: active(toggle, true, "A release from quarantine needs the secret."),
  amavis_auth_user: active(optional(text), null, "User name for AUTH, of our clients and to the next hop."),
  amavis_auth_pass: active(optional(secret), null, "Password for AUTH, of our clients and to the next hop."),
} satisfies SettingRows;

export const logSettings = {
  log_level: active(
    integer(-2, 5),
    0,
    "How much is logged: 0 a line per mail, 1 problems of clients, 2 why each decision fell, up to 5.",
  ),
  syslog_ident: active(text, "signpost", "The name that lines in syslog begin with."),
  syslog_facility: active(text, "mail", "Syslog facility."),
} satisfies SettingRows;

export const routingSettings = {
  forward_method: active(
    method,
    "smtp:[127.0.0.1]:10025",
    "Where passed mail goes. In smtp:*:* the first star is the MTA that connected, the second the port the mail came in on plus 1. Of a list one is picked, the others stand in for it.",
  ),
  forward_method_maps: active(
    map(methodYield),
    [],
    "Where passed mail goes, by recipient; where it yields nothing, forward_method.",
  ),
  notify_method: active(
    method,
    "smtp:[127.0.0.1]:10025",
    "Where delivery status notifications and notices go; null: none are sent.",
  ),
  resend_method: active(method, null, "Where defanged mail goes.", "forward_method"),
  release_method: active(method, null, "Where mail released from quarantine goes.", "notify_method"),
  propagate_dsn_if_possible: active(
    toggle,
    true,
    "DSN parameters (RFC 3461) are passed on where the next hop offers DSN.",
  ),
  terminate_dsn_on_notify_success: active(toggle, false, "NOTIFY=SUCCESS is kept here and answered by us."),
  mailfrom_to_quarantine: active(
    optional(envelopeSender),
    null,
    "Envelope sender of mail into quarantine.",
    "the mail's own",
  ),
  local_delivery_aliases: active(
    mapping(anything, "a mapping of names to methods"),
    {},
    "Where the local parts of quarantine addresses are kept.",
  ),
} satisfies SettingRows;

export const originSettings = {
  originating: active(toggle, false, "The mail comes from our own users. Signing needs it."),
  mynetworks_maps: active(
    map(truthYield, "client address"),
    [],
    "Networks whose mail is ours: a match sets originating and loads MYNETS where there is one. [] in a bank keeps both away.",
    "mynetworks",
  ),
  client_ipaddr_policy: active(
    clientPolicy,
    null,
    "Banks by client address: a list of { networks, banks }, [table, banks], or tables and banks in turn. The first table that holds the client loads its banks.",
    "each table of mynetworks_maps with MYNETS",
  ),
  local_domains_maps: active(
    map(truthYield),
    [],
    "Recipients that are ours. They see Authentication-Results and decide between inbound and outbound.",
  ),
} satisfies SettingRows;
