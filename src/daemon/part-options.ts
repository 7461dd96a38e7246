// Cuts the configuration into what each part asks for: seconds become milliseconds, names become addresses. No part
// knows a Config, and nothing here opens anything but /etc/resolv.conf.
import { readFileSync } from "node:fs";
import { availableParallelism, hostname, tmpdir } from "node:os";
import type { Config } from "../config/config.ts";
import type { DnsBudget } from "../dns/budget.ts";
import { defaultResolverOptions, type ResolverOptions } from "../dns/resolver.ts";
import { type DnsServer, parseDnsServer, parseResolvConf } from "../dns/server-address.ts";
import { replyAsSent } from "../flow/soft-bounce.ts";
import type { EndpointPlace } from "../http/endpoint.ts";
import type { LogOptions } from "../log/log.ts";
import { defaultHeaderLimits } from "../mail/header.ts";
import type { PolicyBank } from "../policy/bank.ts";
import type { ContentPoolOptions } from "../pool/content-pool.ts";
import { version } from "../process/version.ts";
import type { ListenerOptions } from "../receive/options.ts";
import type { StoreLimits } from "../receive/store.ts";
import type { RelayOptions } from "../relay/relay.ts";
import { parseServerUrl, type ServerPlace } from "../settings/server-url.ts";
import { saslMechanisms } from "../smtp/sasl.ts";
import type { ListenAt } from "../sockets/listen.ts";
import type { TlsMaterial } from "../sockets/tls-files.ts";
import type { VerdictCacheOptions } from "../verdicts/verdict-cache.ts";

export function resolverOptions({ dns }: Pick<Config, "dns">): ResolverOptions {
  return {
    ...defaultResolverOptions,
    servers: resolverAddresses(dns.servers),
    timeoutMs: dns.timeout * 1000,
    tries: dns.tries,
    deadlineMs: dns.lookup_timeout * 1000,
    maxCacheEntries: dns.cache_entries,
    maxCacheBytes: dns.cache_size,
    maxTtlSeconds: dns.max_ttl,
    maxNegativeTtlSeconds: dns.negative_ttl,
    maxPending: dns.pending,
  };
}

/** Where metrics are, and the names by which this host may be asked for them. */
export function endpointPlace({ metrics, base }: Pick<Config, "metrics" | "base">): EndpointPlace {
  return { listen: metrics.listen, names: [...metrics.names, base.myhostname, hostname()] };
}

/** What one mail may ask of the DNS. */
export function dnsBudget({ dns, redis }: Pick<Config, "dns" | "redis">): DnsBudget {
  return {
    lookups: dns.message_lookups,
    timeMs: dns.message_timeout * 1000,
    // The answers of others are asked for first.
    lookupMs: (dns.lookup_timeout + redis.timeout) * 1000,
  };
}

/** What is remembered of scanners, and for how long. */
export function verdictCacheOptions(config: VerdictSettings): Pick<VerdictCacheOptions, "ttls" | "key"> {
  return {
    key: config.verdict_cache_key,
    ttls: {
      ham: config.spam_check_negative_ttl * 1000,
      spam: config.spam_check_positive_ttl * 1000,
      clean: config.virus_check_negative_ttl * 1000,
      infected: config.virus_check_positive_ttl * 1000,
    },
  };
}

type VerdictSettings = Pick<
  Config,
  | "verdict_cache_key"
  | "spam_check_negative_ttl"
  | "spam_check_positive_ttl"
  | "virus_check_negative_ttl"
  | "virus_check_positive_ttl"
>;

/**
 * How many worker threads are started: one per core, less one for the main thread, and one at least, unless fewer are
 * wanted. More would have the cores change between them: on two cores a second one took a fifth of the mails a second.
 */
export function workerThreads(wanted: number | null, cores = availableParallelism()): number {
  const most = Math.max(1, cores - 1);
  return Math.min(wanted ?? most, most);
}

/** How mail is taken apart. */
export function contentPoolOptions(
  config: Config,
): Pick<ContentPoolOptions, "threads" | "queue" | "deadlineMs" | "limits"> {
  const { MAXLEVELS, MAXFILES, MIN_EXPANSION_QUOTA, MAX_EXPANSION_QUOTA } = config;
  const { MIN_EXPANSION_FACTOR, MAX_EXPANSION_FACTOR, pool, limits } = config;
  const threads = workerThreads(pool.threads);
  return {
    threads,
    // The rest of message_time is for the scanners and the next hop.
    queue: { most: pool.queue ?? 64 * threads + limits.connections, waitMs: (limits.message_time * 1000) / 4 },
    deadlineMs: pool.deadline * 1000,
    limits: {
      MAXLEVELS,
      MAXFILES,
      MIN_EXPANSION_QUOTA,
      MAX_EXPANSION_QUOTA,
      MIN_EXPANSION_FACTOR,
      MAX_EXPANSION_FACTOR,
    },
  };
}

export interface SharedCacheOptions {
  readonly place: ServerPlace;
  readonly prefix: string;
  readonly timeoutMs: number;
}

/** Undefined where nothing is shared. */
export function sharedCacheOptions({ redis }: Pick<Config, "redis">): SharedCacheOptions | undefined {
  const place = redis.url === null ? undefined : parseServerUrl(redis.url);
  if (place === undefined) return undefined;
  return { place, prefix: redis.prefix, timeoutMs: Math.max(1, redis.timeout * 1000) };
}

/** The configured resolvers, else those of the system, else the one on this machine. */
function resolverAddresses(configured: readonly string[]): readonly DnsServer[] {
  const servers = configured.flatMap((text) => parseDnsServer(text) ?? []);
  if (servers.length > 0) return servers;
  try {
    const found = parseResolvConf(readFileSync("/etc/resolv.conf", "utf8")).servers;
    if (found.length > 0) return found;
  } catch {
    // No such file: the resolver on this machine then.
  }
  return [{ address: "127.0.0.1", port: 53 }];
}

/**
 * @param maxClients what the system allows, however many the configuration would have
 * @param ca the authorities of next hops, PEM
 */
export function relayOptions(
  config: Config,
  maxClients = Number.POSITIVE_INFINITY,
  ca: string | undefined = undefined,
): RelayOptions {
  const { relay, limits } = config;
  // Clients wait for the mail they have handed in: those of one next hop must leave connections for those of the others.
  const maxMailsPerHop = Math.max(1, Math.floor(Math.min(limits.connections, maxClients) / 2));
  return {
    localhost_name: config.base.localhost_name,
    local_client_bind_address: config.base.local_client_bind_address,
    maxConnections: relay.connections,
    maxConnectionsPerHop: Math.min(relay.connections_per_next_hop, maxMailsPerHop),
    maxMailsPerHop,
    ...(ca !== undefined && { ca }),
    keepsConnections: config.smtp_connection_cache_enable,
    smtp_discard_ehlo_keywords: config.smtp_discard_ehlo_keywords,
    timeouts: {
      connect: relay.connect_timeout * 1000,
      greeting: relay.command_timeout * 1000,
      command: relay.command_timeout * 1000,
      data: relay.data_timeout * 1000,
      block: relay.block_timeout * 1000,
      finalDot: relay.final_timeout * 1000,
    },
  };
}

export function storeLimits({ spool }: Pick<Config, "spool">): StoreLimits {
  return {
    spoolDirectory: spool.dir ?? tmpdir(),
    bodyMemoryBytes: spool.message_memory,
    memoryBudgetBytes: spool.memory,
    minFreeBytes: spool.free_space,
  };
}

/** @param journal standard error goes to journald */
export function logOptions({ log, base }: Config, journal: boolean): LogOptions {
  return { ...log, ident: base.syslog_ident, facility: base.syslog_facility, journal };
}

/** Every place to listen on, those of inet_socket_port first. */
export function listenAddresses(config: Config): readonly ListenAt[] {
  const backlog = config.listen_queue_size === null ? {} : { backlog: config.listen_queue_size };
  const socket = { mode: config.unix_socket_mode, ...backlog };
  return [
    ...config.inet_socket_port.flatMap((port) =>
      config.inet_socket_bind.map((address) => ({ ...everyAddress(address), port, ...backlog })),
    ),
    ...config.listen_sockets.map((text) =>
      text.startsWith("/") ? { path: text, ...socket } : { ...socketAddress(text), ...backlog },
    ),
    ...config.unix_socketname.map((path) => ({ path, ...socket })),
  ];
}

/** A place where mail comes in. `milter`: an MTA finds us there as a milter, with the bank that its mail starts with. */
export interface ListenerPlace extends ListenAt {
  readonly milter?: { readonly bank?: string };
}

/** Every entry of milter_listen. */
export function milterPlaces(config: Config): readonly ListenerPlace[] {
  return config.milter_listen.map(({ address, bank }) => ({
    ...(address.startsWith("/") ? { path: address, mode: config.unix_socket_mode } : socketAddress(address)),
    milter: bank === null ? {} : { bank },
  }));
}

/** "127.0.0.1:10024", "[::1]:10024" or ":10024". */
function socketAddress(text: string): ListenAt {
  const colon = text.lastIndexOf(":");
  const host = text.slice(0, colon).replace(/^\[|\]$/g, "");
  return { ...everyAddress(host), port: Number(text.slice(colon + 1)) };
}

function everyAddress(host: string): { readonly address?: string } {
  return host === "" || host === "*" ? {} : { address: host };
}

function listenerTls(
  { tls_security_level_in: level, smtpd_tls_wrappermode: implicit }: PolicyBank,
  { server: context }: TlsMaterial,
): Pick<ListenerOptions, "tls"> {
  return level === null || context === undefined ? {} : { tls: { level, implicit, context } };
}

function listenerLogin(bank: PolicyBank): Pick<ListenerOptions, "login"> {
  const { auth_mech_avail, auth_required_inp: required, amavis_auth_user: user, amavis_auth_pass: password } = bank;
  const mechanisms = saslMechanisms.filter((each) => auth_mech_avail.includes(each));
  if (user === null || password === null || mechanisms.length === 0) return {};
  return { login: { mechanisms, credentials: { user, password }, required } };
}

/** The least that a server has to take (RFC 5321 section 4.5.3.1.7). */
const leastSizeLimit = 64 * 1024;

/** @param maxConnections what the system allows, however many the configuration would have */
export function listenerOptions(
  config: Config,
  bank: PolicyBank,
  maxConnections = Number.POSITIVE_INFINITY,
  tls: TlsMaterial = {},
): ListenerOptions {
  const { limits } = config;
  const allowed = (address: string) => bank.inet_acl.contains(address)?.value === true;
  const sizeLimit = bank.smtpd_message_size_limit ?? 0;
  const raised = config.enforce_smtpd_message_size_limit_64kb_min && sizeLimit > 0;
  return {
    protocol: bank.protocol === "LMTP" ? "LMTP" : "SMTP",
    smtpd_greeting_banner: bank.smtpd_greeting_banner,
    smtpd_quit_banner: bank.smtpd_quit_banner,
    bannerValues: {
      product: "signpost",
      version: `signpost-${version}`,
      "version-id": version,
      "version-date": "",
      myhostname: bank.myhostname,
    },
    smtpd_discard_ehlo_keywords: bank.smtpd_discard_ehlo_keywords,
    allowPeer: allowed,
    haproxy_target_enabled: bank.haproxy_target_enabled,
    allowXforward: (address) => address === "" || allowed(address),
    smtpd_message_size_limit: raised ? Math.max(sizeLimit, leastSizeLimit) : sizeLimit,
    smtpd_recipient_limit: config.smtpd_recipient_limit,
    bare_newline: bank.bare_newline,
    ...listenerTls(bank, tls),
    ...listenerLogin(bank),
    sent: replyAsSent(bank),
    maxClients: Math.min(limits.connections, maxConnections),
    maxCommandOctets: limits.command_line,
    maxErrors: limits.errors,
    maxHeaderBytes: limits.header_refused,
    headerLimits: { ...defaultHeaderLimits, maxBytes: limits.header_size, maxFields: limits.header_fields },
    timeouts: {
      idleMs: bank.smtpd_timeout * 1000,
      stressedIdleMs: limits.stressed_idle * 1000,
      dataBlockMs: limits.data_block_time * 1000,
      dataMs: limits.data_time * 1000,
    },
  };
}
