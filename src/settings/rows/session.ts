// Bank settings of the session: what we say and take as a server, how we appear to next hops, log and routes of mail.
import { map, truthYield } from "../map-shape.ts";
import { clientPolicy, method, methodYield, networks } from "../network-shape.ts";
import { duration, integer, size } from "../number-shape.ts";
import { type SettingRows, setting } from "../setting.ts";
import { anything, list, mapping, oneOf, optional, text, toggle } from "../shape.ts";
import { envelopeSender, ownName, secret, upperCase } from "../text-shape.ts";

export const sessionSettings = {
  protocol: setting(
    optional(oneOf("SMTP", "LMTP", "AM.PDP", "TCP-LOOKUP")),
    null,
    "What the listener speaks. An SMTP listener also takes LHLO and speaks LMTP for that session. AM.PDP and TCP-LOOKUP are known but not spoken: such a listener stays closed.",
    "receive",
    { otherwise: "SMTP and LMTP on a port" },
  ),
  haproxy_target_enabled: setting(
    toggle,
    false,
    "A PROXY header (version 1 or 2) comes first on every connection; the peer that it names must be in inet_acl, as must the balancer that sends it.",
    "receive",
  ),
  inet_acl: setting(
    networks,
    ["127.0.0.1", "[::1]"],
    "Peers that may connect; the others get 554 5.7.1 and are closed. XFORWARD is taken from these alone.",
    "receive",
    { sigil: "@" },
  ),
  smtpd_timeout: setting(
    duration,
    300,
    "How long an idle client is waited for; more than Postfix's max_idle.",
    "receive",
  ),
  myhostname: setting(ownName, "localhost", "Our name, in Received fields, banners and DSN.", "receive", {
    otherwise: "the name of this host",
  }),
  myauthservid: setting(
    optional(ownName),
    null,
    "The authserv-id of our Authentication-Results fields (RFC 8601 section 2.5). Incoming fields that claim it are removed.",
    "flow",
    { otherwise: "myhostname" },
  ),
  localhost_name: setting(ownName, "localhost", "What we say in EHLO to the next hop.", "relay"),
  smtpd_greeting_banner: setting(
    text,
    `\${helo-name} \${protocol} \${product} service ready`,
    "The text after 220. Fields: helo-name, myhostname, protocol, product, version, version-id, version-date.",
    "receive",
  ),
  smtpd_quit_banner: setting(
    text,
    `\${helo-name} \${product} closing transmission channel`,
    "The text after 221 2.0.0.",
    "receive",
  ),
  smtpd_discard_ehlo_keywords: setting(
    list(upperCase, "a list of EHLO keywords"),
    [],
    "EHLO keywords that are not offered. Hiding 8BITMIME (SMTPUTF8 goes with it) makes Postfix convert mail to 7 bits before it is signed.",
    "receive",
    { sigil: "@" },
  ),
  smtpd_message_size_limit: setting(
    optional(size),
    64 * 1024 ** 2,
    "Octets of a mail, announced by SIZE; larger mail gets 552 5.3.4. null: no limit.",
    "receive",
  ),
  bare_newline: setting(
    oneOf("replace", "reject"),
    "replace",
    "A CR or LF that stands alone in a mail becomes a space before anything is hashed, or the mail is refused with 554 5.6.0.",
    "receive",
    { sigil: "any" },
  ),
  soft_bounce: setting(toggle, false, "Every 5xx becomes 450.", "flow"),
  tls_security_level_in: setting(
    optional(oneOf("may", "encrypt")),
    null,
    "STARTTLS for clients, with the certificate of smtpd_tls_cert_file. With encrypt no mail is taken before: 451 4.7.0. null: none is offered.",
    "receive",
  ),
  smtpd_tls_wrappermode: setting(
    toggle,
    false,
    "With tls_security_level_in, the listener speaks TLS from the first octet on, without STARTTLS, by Postfix's name.",
    "receive",
    { sigil: "any" },
  ),
  tls_security_level_out: setting(
    optional(oneOf("may", "encrypt")),
    null,
    "STARTTLS towards the next hop. may: where it is offered, whatever its certificate. encrypt: mail waits (450 4.7.4, 4.7.5) where TLS cannot be had, and with smtp_tls_CAfile where the certificate does not verify. null: none.",
    "relay",
  ),
  smtp_tls_wrappermode: setting(
    toggle,
    false,
    "With tls_security_level_out, the next hop speaks TLS from the first octet on, without STARTTLS, by Postfix's name.",
    "relay",
    { sigil: "any" },
  ),
  smtp_tls_servername: setting(
    optional(text),
    null,
    "The name that the certificate of the next hop must have, by Postfix's name.",
    "relay",
    { otherwise: "the host in forward_method or notify_method", sigil: "any" },
  ),
  local_client_bind_address: setting(
    optional(text),
    null,
    "Address that connections to the next hop start from.",
    "relay",
  ),
  auth_mech_avail: setting(
    list(upperCase, "a list of mechanisms"),
    [],
    "AUTH mechanisms to offer: PLAIN, LOGIN, CRAM-MD5. amavisd takes any password there; here it must be amavis_auth_user and amavis_auth_pass. PLAIN and LOGIN are offered under TLS and to this machine.",
    "receive",
    { sigil: "@" },
  ),
  auth_required_inp: setting(toggle, false, "No mail is taken before a login by AUTH: 451 4.7.0.", "receive"),
  auth_required_out: setting(
    toggle,
    false,
    "We log in to the next hop as amavis_auth_user before the first mail; mail waits (450 4.7.4, 4.7.8) where that fails.",
    "relay",
  ),
  auth_required_release: setting(toggle, true, "A release from quarantine needs the secret.", "quarantine"),
  amavis_auth_user: setting(optional(text), null, "User name for AUTH, of our clients and to the next hop.", "relay"),
  amavis_auth_pass: setting(optional(secret), null, "Password for AUTH, of our clients and to the next hop.", "relay"),
} satisfies SettingRows;

export const logSettings = {
  log_level: setting(
    integer(-2, 5),
    0,
    "How much is logged: 0 a line per mail, 1 problems of clients, 2 why each decision fell, up to 5.",
    "flow",
  ),
  syslog_ident: setting(text, "signpost", "The name that lines in syslog begin with.", "log", { restart: true }),
  syslog_facility: setting(text, "mail", "Syslog facility.", "log", { restart: true }),
} satisfies SettingRows;

export const routingSettings = {
  forward_method: setting(
    method,
    "smtp:[127.0.0.1]:10025",
    "Where passed mail goes. In smtp:*:* the first star is the MTA that connected, the second the port the mail came in on plus 1. Of a list one is picked, the others stand in for it.",
    "flow",
  ),
  forward_method_maps: setting(
    map(methodYield),
    [],
    "Where passed mail goes, by recipient; where it yields nothing, forward_method.",
    "flow",
  ),
  notify_method: setting(
    method,
    "smtp:[127.0.0.1]:10025",
    "Where delivery status notifications and notices go; null: none are sent.",
    "flow",
  ),
  resend_method: setting(method, null, "Where defanged mail goes.", "flow", { otherwise: "forward_method" }),
  release_format: setting(
    oneOf("resend", "attach", "plain"),
    "resend",
    "How mail is released from quarantine: resend as it came, attach to a mail of ours, plain as the text of one.",
    "flow",
  ),
  release_method: setting(method, null, "Where mail released from quarantine goes.", "quarantine", {
    otherwise: "notify_method",
  }),
  propagate_dsn_if_possible: setting(
    toggle,
    true,
    "DSN parameters (RFC 3461) are passed on where the next hop offers DSN.",
    "flow",
  ),
  terminate_dsn_on_notify_success: setting(toggle, false, "NOTIFY=SUCCESS is kept here and answered by us.", "flow"),
  mailfrom_to_quarantine: setting(optional(envelopeSender), null, "Envelope sender of mail into quarantine.", "flow", {
    otherwise: "the mail's own",
  }),
  local_delivery_aliases: setting(
    mapping(anything, "a mapping of names to methods"),
    {},
    "Where the local parts of quarantine addresses are kept.",
    "flow",
    { sigil: "%" },
  ),
} satisfies SettingRows;

export const originSettings = {
  originating: setting(toggle, false, "The mail comes from our own users. Signing needs it.", "flow"),
  mynetworks_maps: setting(
    map(truthYield, "client address"),
    [],
    "Networks whose mail is ours: a match sets originating and loads MYNETS where there is one. [] in a bank keeps both away.",
    "policy",
    { otherwise: "mynetworks" },
  ),
  client_ipaddr_policy: setting(
    clientPolicy,
    null,
    "Banks by client address: a list of { networks, banks }, [table, banks], or tables and banks in turn. The first table that holds the client loads its banks.",
    "policy",
    { otherwise: "each table of mynetworks_maps with MYNETS", sigil: "@" },
  ),
  local_domains_maps: setting(
    map(truthYield),
    [],
    "Recipients that are ours. They see Authentication-Results and decide between inbound and outbound.",
    "policy",
  ),
} satisfies SettingRows;
