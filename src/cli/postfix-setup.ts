// What Postfix needs beside signpost, as data: the set-ups of docs/postfix.md with the ports of the configuration.
import type { Config } from "../config/config.ts";

/** One change of main.cf, master.cf or a table beside them. */
export type Change =
  | { readonly kind: "parameter"; readonly name: string; readonly value: string }
  /** A service of master.cf. `id` is NAME/TYPE, as postconf(1) wants it; `fields` is what follows the type. */
  | { readonly kind: "service"; readonly id: string; readonly fields: string; readonly options: readonly Option[] }
  /** An option of a service that is there already. */
  | { readonly kind: "option"; readonly id: string; readonly name: string; readonly value: string }
  | { readonly kind: "file"; readonly name: string; readonly text: string };

export type Option = readonly [name: string, value: string];

export const setups = ["filter", "milter", "proxy"] as const;
export type Setup = (typeof setups)[number];

/** "127.0.0.1:10024" as host and port. */
interface Place {
  readonly host: string;
  readonly port: number;
}

export interface FilterPlaces {
  readonly incoming: Place;
  readonly originating: Place;
  /** Where the filter hands mail back. */
  readonly backIncoming: Place;
  readonly backOriginating: Place;
}

/** What Postfix has now. */
export interface PostfixNow {
  /** The parameters that main.cf sets. */
  readonly parameters: Readonly<Record<string, string>>;
  /** The service that takes mail from outside: "smtp/inet", or "smtpd/pass" behind postscreen. */
  readonly entrance: string;
}

/** Says which setting of signpost.yaml a set-up lacks. */
export class SetupError extends Error {
  override name = "SetupError";
}

const originatingBank = "ORIGINATING";

/** The ports of docs/postfix.md, as the configuration has them. Throws a SetupError that names what is missing. */
function filterPlaces(config: Config): FilterPlaces {
  const banksOf = (port: number) => config.interface_policy[String(port)] ?? [];
  const ports = config.inet_socket_port;
  const incoming = ports.find((port) => banksOf(port).length === 0);
  const originating = ports.find((port) => banksOf(port).includes(originatingBank));
  if (incoming === undefined) throw new SetupError("inet_socket_port has no port without a bank, for incoming mail");
  if (originating === undefined) {
    throw new SetupError(`interface_policy gives no port of inet_socket_port to a bank ${originatingBank}`);
  }
  const host = config.inet_socket_bind.find((address) => address === "127.0.0.1" || address === "::1");
  if (host === undefined) throw new SetupError("inet_socket_bind has no address of this machine, 127.0.0.1");
  const base = config.base.forward_method;
  const bank = config.policy_bank.get(originatingBank)?.forward_method ?? base;
  return {
    incoming: { host, port: incoming },
    originating: { host, port: originating },
    backIncoming: smtpPlace(base, "forward_method"),
    backOriginating: smtpPlace(bank, `forward_method of ${originatingBank}`),
  };
}

/** The address of the first milter_listen, as Postfix writes it. Throws a SetupError where there is none. */
function milterPlace(config: Config): string {
  const [listener] = config.milter_listen;
  if (listener === undefined) {
    throw new SetupError('milter_listen is not set: add milter_listen: [{ address: "127.0.0.1:8891" }]');
  }
  return listener.address.startsWith("/") ? `unix:${listener.address}` : `inet:${listener.address}`;
}

function smtpPlace(method: unknown, what: string): Place {
  const [, host, port] = /^smtp:\[?([\da-f.:]+)\]?:(\d+)$/i.exec(String(method)) ?? [];
  if (host === undefined)
    throw new SetupError(`${what} is no "smtp:[ADDRESS]:PORT" of this machine: ${String(method)}`);
  return { host, port: Number(port) };
}

/** What a set-up changes, in the order in which it is to be done: the ways back before the way in. */
export function setupChanges(setup: Setup, config: Config, now: PostfixNow): readonly Change[] {
  if (setup === "milter") return milterChanges(milterPlace(config), now);
  const places = filterPlaces(config);
  const wayBack = [wayBackService(places.backIncoming), wayBackService(places.backOriginating)];
  const services = wayBack.filter(({ id }, index) => wayBack.findIndex((other) => other.id === id) === index);
  if (setup === "filter") return [feedService(), ...services, ...filterChanges(places, now)];
  const { entrance } = now;
  return [
    ...services,
    { kind: "option", id: entrance, name: "smtpd_proxy_filter", value: hostPort(places.incoming) },
    { kind: "option", id: entrance, name: "smtpd_proxy_options", value: "speed_adjust" },
    // Longer than limits.message_time: mail that Postfix gives up on is sent on all the same, and comes again.
    { kind: "option", id: entrance, name: "smtpd_proxy_timeout", value: "600s" },
    { kind: "option", id: entrance, name: "content_filter", value: "" },
  ];
}

function milterChanges(place: string, { parameters }: PostfixNow): readonly Change[] {
  const added = (name: string): Change => {
    const old = parameters[name] ?? "";
    const value = old === "" ? place : old.includes(place) ? old : `${old}, ${place}`;
    return { kind: "parameter", name, value };
  };
  return [
    added("smtpd_milters"),
    added("non_smtpd_milters"),
    // When signpost cannot be asked, the client tries again later.
    { kind: "parameter", name: "milter_default_action", value: "tempfail" },
    { kind: "parameter", name: "milter_protocol", value: "6" },
  ];
}

const feed = "amavisfeed";

function feedTo({ host, port }: Place): string {
  return `${feed}:[${host}]:${port}`;
}

function filterChanges({ incoming, originating }: FilterPlaces, { parameters }: PostfixNow): readonly Change[] {
  const tables = { originating: "tag_as_originating.re", foreign: "tag_as_foreign.re" };
  const ours = [
    `check_sender_access regexp:$config_directory/${tables.originating}`,
    "permit_mynetworks",
    "permit_sasl_authenticated",
    "permit_tls_clientcerts",
    `check_sender_access regexp:$config_directory/${tables.foreign}`,
  ].join(" ");
  // What is there comes first: it may refuse what the permits of ours would let in. Mail that it permits goes the safe way.
  const old = (parameters.smtpd_sender_restrictions ?? "").trim();
  const value = old === "" ? ours : `${old.replace(/,$/, "")}, ${ours}`;
  return [
    { kind: "file", name: tables.originating, text: `/^/  FILTER ${feedTo(originating)}\n` },
    { kind: "file", name: tables.foreign, text: `/^/  FILTER ${feedTo(incoming)}\n` },
    { kind: "parameter", name: "smtpd_sender_restrictions", value },
    { kind: "parameter", name: "content_filter", value: feedTo(incoming) },
  ];
}

function feedService(): Change {
  return {
    kind: "service",
    id: `${feed}/unix`,
    fields: "-       -       n      -      20      smtp",
    options: [
      ["smtp_data_done_timeout", "1200s"],
      ["smtp_send_xforward_command", "yes"],
      ["smtp_tls_security_level", "none"],
      ["disable_dns_lookups", "yes"],
      ["max_use", "20"],
      ["smtp_bind_address", "127.0.0.1"],
    ],
  };
}

function wayBackService(place: Place): Extract<Change, { readonly kind: "service" }> {
  return {
    kind: "service",
    id: `${hostPort(place)}/inet`,
    fields: "n  -  n  -  -  smtpd",
    options: [
      ["syslog_name", `postfix/${place.port}`],
      ["content_filter", ""],
      ["mynetworks", "127.0.0.0/8"],
      ["smtpd_client_restrictions", ""],
      ["smtpd_helo_restrictions", ""],
      ["smtpd_sender_restrictions", ""],
      ["smtpd_relay_restrictions", "permit_mynetworks,reject"],
      ["smtpd_recipient_restrictions", "permit_mynetworks,reject"],
      ["smtpd_data_restrictions", ""],
      ["smtpd_end_of_data_restrictions", ""],
      ["smtpd_restriction_classes", ""],
      ["smtpd_delay_reject", "no"],
      ["smtpd_error_sleep_time", "0"],
      ["smtpd_soft_error_limit", "1001"],
      ["smtpd_hard_error_limit", "1000"],
      ["smtpd_client_connection_count_limit", "0"],
      ["smtpd_client_connection_rate_limit", "0"],
      ["smtpd_authorized_xforward_hosts", "127.0.0.0/8"],
      ["smtpd_tls_security_level", "none"],
      ["strict_rfc821_envelopes", "no"],
      ["local_header_rewrite_clients", ""],
      ["receive_override_options", "no_header_body_checks,no_unknown_recipient_checks,no_milters"],
    ],
  };
}

function hostPort({ host, port }: Place): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The arguments of postconf(1) that make a change; a file is none of its. */
export function postconfArguments(change: Exclude<Change, { readonly kind: "file" }>): readonly string[] {
  switch (change.kind) {
    case "parameter":
      return ["-e", `${change.name} = ${change.value}`];
    case "service":
      return ["-M", `${change.id}=${serviceEntry(change)}`];
    case "option":
      return ["-P", `${change.id}/${change.name}=${change.value}`];
  }
}

/** A line of master.cf, without line breaks. */
function serviceEntry({ id, fields, options }: Extract<Change, { readonly kind: "service" }>): string {
  const slash = id.lastIndexOf("/");
  const words = [id.slice(0, slash), id.slice(slash + 1), ...fields.split(/\s+/)];
  return [...words, ...options.map(([name, value]) => `-o ${name}=${value}`)].join(" ");
}
