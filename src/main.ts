// The daemon: pool, resolver, relay and log are made once; a configuration is put to work, replaced by a reload, and
// drained at the end. Commands and tests start it; signals are the command line's business.
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { createLazyAuthenticator, type LazyAuthenticator } from "./checks/lazy-authenticator.ts";
import { createWorkerAuthenticator, defaultAuthenticatorOptions } from "./checks/worker-authenticator.ts";
import type { Config } from "./config/config.ts";
import { needsRestart } from "./config/restart.ts";
import {
  createResolver,
  type DnsObserver,
  defaultResolverOptions,
  type Resolver,
  type ResolverOptions,
} from "./dns/resolver.ts";
import { type DnsServer, parseDnsServer, parseResolvConf } from "./dns/server-address.ts";

import { createGeneration, defaultThreads, type Generation, type Workshop } from "./generation.ts";
import { createInstruments, type Instruments } from "./instruments.ts";

import { createLog, type Log } from "./log/log.ts";
import type { TableContext } from "./lookup/table.ts";
import type { ListenerName, Session } from "./mail/transaction.ts";
import { listenerText } from "./metrics/observers.ts";
import type { Outcome } from "./outcome/outcome.ts";
import type { PolicyBank } from "./policy/bank.ts";
import { createDkimPool, type DkimPool } from "./pool/dkim-engine.ts";
import { selfTest } from "./pool/self-test.ts";
import { workerUrl } from "./pool/worker-url.ts";
import type { ReceiveHandlers } from "./receive/handlers.ts";
import { createListener, createLogIds, type ListenAt, type Listener } from "./receive/listener.ts";
import { defaultListenerOptions, type ListenerOptions } from "./receive/options.ts";
import { createMessageStore, type MessageStore } from "./receive/store.ts";
import { type ClosableRelay, createRelay } from "./relay/relay.ts";
import { report } from "./report.ts";
import type { Resolve } from "./rr/answer.ts";
import type { Keyring } from "./signing/keyring.ts";
import type { Reply } from "./smtp/reply.ts";
import { version } from "./version.ts";

/** A configuration with what was read along with it. */
export interface Settings {
  readonly config: Config;
  readonly keyring: Keyring;
  readonly tables: TableContext;
}

export interface DaemonOptions {
  /** Instead of the configured resolvers: the demo and tests answer for themselves. */
  readonly resolve?: Resolve;
  /** Instead of the log of the configuration. */
  readonly log?: Log;
  /** Told of every mail when it is done. */
  readonly onOutcome?: (outcome: Outcome) => void;
  /** Standard error goes to journald. */
  readonly journal?: boolean;
}

export interface Daemon {
  /** Where it listens, in the order of the configuration. */
  readonly listeners: readonly ListenerName[];
  /** Puts a new configuration in force for the mails that start from now on; rejects, and changes nothing, when it cannot. */
  reload(settings: Settings): Promise<{
    /** Settings that changed and take effect after a restart only. */
    readonly restart: readonly string[];
  }>;
  /** Notes how a reload ended, for the metrics; gives the number of the configuration in force. */
  reloaded(result: "success" | "failure", elapsedMs: number): number;
  /** Stops accepting, lets mails under way finish within drain_timeout, and closes everything. */
  stop(): Promise<void>;
}

/** How long the workers have to prove themselves at start. */
const selfTestMs = 30_000;

/** Resolves once every port listens; rejects with the reason, everything closed again, when something cannot be had. */
export async function startDaemon(settings: Settings, options: DaemonOptions = {}): Promise<Daemon> {
  const { config } = settings;
  const log = options.log ?? openLog(config, options.journal ?? false);
  const threads = config.pool.threads ?? defaultThreads();
  const maxQueue = config.pool.queue ?? Math.max(256, 64 * threads);
  const instruments = createInstruments(log);
  const { observers } = instruments;
  const pool = createDkimPool({
    worker: workerUrl("dkim"),
    threads,
    maxQueue,
    deadlineMs: config.pool.deadline * 1000,
    observer: observers.pool,
  });
  const resolver = options.resolve === undefined ? openResolver(config, observers.dns) : undefined;
  const relay = createRelay({ ...relayOptions(config), observer: observers.relay });
  const resolve = options.resolve ?? requireResolve(resolver);
  const authenticator = createLazyAuthenticator(() =>
    createWorkerAuthenticator({ ...defaultAuthenticatorOptions, worker: workerUrl("authenticate"), resolve }),
  );
  const workshop = {
    pool,
    authenticator,
    resolve,
    ...(resolver === undefined ? {} : { peek: resolver.peek }),
    relay,
    observeStage: observers.stage,
  };
  const closeAll = async () => {
    await instruments.close();
    await relay.close();
    resolver?.close();
    await authenticator.close();
    await pool.close();
    if (options.log === undefined) await log.close();
  };
  try {
    await Promise.all([
      selfTest(pool, threads * 2, selfTestMs),
      asksAuthenticator(config) ? authenticator.ready() : undefined,
    ]);
    const store = await createMessageStore(storeLimits(config));
    const generation = createGeneration(settings, workshop);
    instruments.watch({
      pool: pool.stats,
      poolQueueLimit: maxQueue,
      dns: () => resolver?.stats(),
      relay: relay.counts,
      store,
    });
    return await listen({ settings, generation, pool, relay, store, log, options, closeAll, workshop, instruments });
  } catch (error) {
    await closeAll();
    throw error;
  }
}

interface Running {
  readonly settings: Settings;
  readonly generation: Generation;
  readonly pool: DkimPool;
  readonly relay: ClosableRelay;
  readonly store: MessageStore;
  readonly log: Log;
  readonly options: DaemonOptions;
  readonly workshop: Workshop & { readonly authenticator: LazyAuthenticator };
  readonly instruments: Instruments;
  closeAll(): Promise<void>;
}

async function listen(running: Running): Promise<Daemon> {
  const { pool, store, log, options, workshop, instruments, closeAll } = running;
  let generation = running.generation;
  /** The generation each mail under way came in with. */
  const generations = new WeakMap<Session, Generation>();

  const handlers: ReceiveHandlers = {
    onHead(session, envelope, head) {
      generations.set(session, generation);
      return generation.begin(session, envelope, head);
    },
    onGone: (session) => generations.get(session)?.forget(session),
    startDigest: pool.startDigest,
    async onMessage(transaction) {
      const outcome = await (generations.get(transaction.session) ?? generation).filter(transaction);
      // After the reply is on its way: nothing may stand between the next hop's 250 and ours (I3).
      setImmediate(() => {
        report(outcome, log);
        instruments.count(outcome);
        options.onOutcome?.(outcome);
      });
      return outcome.recipientReplies === undefined
        ? { reply: outcome.reply }
        : { reply: outcome.reply, recipientReplies: outcome.recipientReplies };
    },
    admit: () => (pool.saturated ? saturated : undefined),
  };

  const nextLogId = createLogIds(process.pid);
  const open = new Map<string, Listener>();

  async function openListener(at: ListenAt): Promise<Listener> {
    // Options are asked for while the listener is made, too: it goes by the configured name until it has its own.
    let name: ListenerName = {
      address: at.address ?? "",
      port: at.port ?? 0,
      ...(at.path !== undefined && { path: at.path }),
    };
    const listener = createListener(at, {
      options: () => listenerOptions(generation.config, generation.atConnect(name)),
      handlers,
      store,
      nextLogId,
      observer: {
        ...instruments.observers.receive,
        // A client that hangs up without QUIT is everyday life; what is ours to mend is not.
        trouble: (what, error, logId) => {
          if (what === "socket") {
            if (log.level >= 2) log.write("debug", `(${logId}) ${what}: ${String(error)}`);
          } else log.write("err", `(${logId}) ${what}: ${String(error)}`);
        },
      },
    });
    name = await listener.listen();
    open.set(listenKey(at), listener);
    return listener;
  }

  try {
    for (const at of listenAddresses(generation.config)) await openListener(at);
  } catch (error) {
    await Promise.all([...open.values()].map((listener) => listener.drain(0)));
    throw error;
  }
  let draining = false;
  const doors = {
    openConnections: () =>
      [...open.values()].map(({ name, connections }) => [listenerText(name), connections] as const),
    closedListeners: () => listenAddresses(generation.config).filter((at) => !open.has(listenKey(at))).length,
    draining: () => draining,
  };
  try {
    await instruments.open(running.settings, doors);
  } catch (error) {
    await Promise.all([...open.values()].map((listener) => listener.drain(0)));
    throw error;
  }
  const where = [...open.values()].map(({ name }) => name.path ?? `${name.address}:${name.port}`).join(", ");
  log.write("notice", `signpost ${version} ready on ${where}, ${pool.stats().threads} worker thread(s)`);

  return {
    get listeners() {
      return [...open.values()].map(({ name }) => name);
    },
    async reload(settings) {
      const next = createGeneration(settings, workshop);
      if (asksAuthenticator(settings.config)) await workshop.authenticator.ready();
      const wanted = new Map(listenAddresses(settings.config).map((at) => [listenKey(at), at]));
      const opened: string[] = [];
      try {
        for (const [key, at] of wanted) {
          if (open.has(key)) continue;
          await openListener(at);
          opened.push(key);
        }
        await instruments.configure(settings);
      } catch (error) {
        for (const key of opened) await close(key, 0);
        throw error;
      }
      const restart = needsRestart(generation.config, next.config);
      generation = next;
      const drainMs = settings.config.drain_timeout * 1000;
      for (const key of [...open.keys()]) if (!wanted.has(key)) void close(key, drainMs);
      log.write("notice", "configuration reloaded");
      return { restart };
    },
    reloaded: instruments.reloaded,
    async stop() {
      draining = true;
      const drainMs = generation.config.drain_timeout * 1000;
      const left = await Promise.all([...open.values()].map((listener) => listener.drain(drainMs)));
      const cut = left.reduce((sum, count) => sum + count, 0);
      log.write("notice", cut === 0 ? "stopped" : `stopped; ${cut} session(s) cut off after ${drainMs / 1000} s`);
      await closeAll();
    },
  };

  async function close(key: string, drainMs: number): Promise<void> {
    const listener = open.get(key);
    open.delete(key);
    await listener?.drain(drainMs);
  }
}

/** Whether any bank has work for the threads that do SPF and ARC; else they are not even started. */
function asksAuthenticator({ base, policy_bank }: Config): boolean {
  return [base, ...policy_bank.values()].some(
    (bank) => bank.enable_spf_verification || bank.enable_arc_verification || bank.arc_seal,
  );
}

const saturated: Reply = { code: 451, enhanced: "4.3.2", text: "Too much mail at once, please try again later" };

function openLog(config: Config, journal: boolean): Log {
  const { format, to } = config.log;
  return createLog({ format, to, level: config.base.log_level, journal });
}

/** The resolver that the settings ask for; whoever opens it closes it. */
export function openResolver({ dns }: Pick<Config, "dns">, observer?: DnsObserver): Resolver {
  const options: ResolverOptions = {
    ...defaultResolverOptions,
    servers: resolverAddresses(dns.servers),
    timeoutMs: dns.timeout * 1000,
    tries: dns.tries,
    deadlineMs: Math.min(dns.message_timeout * 1000, defaultResolverOptions.deadlineMs),
    maxCacheEntries: dns.cache_entries,
    maxCacheBytes: dns.cache_size,
    maxNegativeTtlSeconds: dns.negative_ttl,
  };
  return createResolver(options, observer);
}

/** The configured resolvers, else those of the system, else the one on this machine. */
export function resolverAddresses(configured: readonly string[]): readonly DnsServer[] {
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

function requireResolve(resolver: Resolver | undefined): Resolve {
  if (resolver === undefined) throw new Error("no resolver");
  return resolver.resolve;
}

function relayOptions(config: Config) {
  const { relay } = config;
  return {
    localhost_name: config.base.localhost_name,
    maxConnections: relay.connections,
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

function storeLimits(config: Config) {
  const { spool } = config;
  return {
    spoolDirectory: spool.dir ?? tmpdir(),
    bodyMemoryBytes: spool.message_memory,
    memoryBudgetBytes: spool.memory,
    minFreeBytes: spool.free_space,
  };
}

function listenAddresses(config: Config): readonly ListenAt[] {
  const backlog = config.listen_queue_size === null ? {} : { backlog: config.listen_queue_size };
  return [
    ...config.inet_socket_port.flatMap((port) =>
      config.inet_socket_bind.map((address) => ({ address, port, ...backlog })),
    ),
    ...config.listen_sockets.map((text) => ({ ...socketAddress(text), ...backlog })),
    ...config.unix_socketname.map((path) => ({ path, ...backlog })),
  ];
}

/** "127.0.0.1:10024", "[::1]:10024", ":10024" or a path. */
function socketAddress(text: string): ListenAt {
  if (text.startsWith("/")) return { path: text };
  const colon = text.lastIndexOf(":");
  const host = text.slice(0, colon).replace(/^\[|\]$/g, "");
  const port = Number(text.slice(colon + 1));
  return host === "" || host === "*" ? { port } : { address: host, port };
}

function listenKey({ address = "", port = 0, path }: ListenAt): string {
  return path ?? `${address}:${port}`;
}

function listenerOptions(config: Config, bank: PolicyBank): ListenerOptions {
  const { limits } = config;
  const allowed = (address: string) => bank.inet_acl.contains(address)?.value === true;
  return {
    ...defaultListenerOptions,
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
    allowXforward: (address) => address === "" || allowed(address),
    smtpd_message_size_limit: bank.smtpd_message_size_limit ?? 0,
    smtpd_recipient_limit: config.smtpd_recipient_limit,
    bare_newline: bank.bare_newline,
    maxClients: limits.connections,
    timeouts: { ...defaultListenerOptions.timeouts, idleMs: bank.smtpd_timeout * 1000 },
  };
}
