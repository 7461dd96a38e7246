// The daemon: pool, resolver, relay and log are made once, and put to work with a configuration. Commands and tests start
// it; signals are the command line's business.

import { createLazyAuthenticator } from "../checks/lazy-authenticator.ts";
import { createWorkerAuthenticator, defaultAuthenticatorOptions } from "../checks/worker-authenticator.ts";
import { createLog } from "../log/log.ts";
import { createDkimPool } from "../pool/dkim-engine.ts";
import { workInPlace } from "../pool/in-place.ts";
import { selfTest } from "../pool/self-test.ts";
import { watchDescriptors } from "../process/descriptors.ts";
import { workerUrl } from "../process/module-url.ts";
import { unlessAborted } from "../process/unless-aborted.ts";
import { createQuarantine } from "../quarantine/quarantine.ts";
import type { Settings } from "../reading/settings.ts";
import { createMessageStore } from "../receive/store.ts";
import { createFingerprintAsker } from "../scanners/p0f.ts";
import { loadTlsFiles } from "../sockets/tls-files.ts";
import { asksAuthenticator, createConfiguredFilter } from "./configured-filter.ts";
import { createContentParts } from "./content-parts.ts";
import type { Daemon, DaemonOptions } from "./daemon.ts";
import { takeDaemonUser } from "./daemon-user.ts";
import { createMonitoring } from "./monitoring.ts";
import { logOptions, storeLimits, workerThreads } from "./part-options.ts";
import { keptSource, quarantineOptions } from "./quarantine-options.ts";
import { createResolverAndRelay } from "./resolver-and-relay.ts";
import { openSentMail } from "./sent-mail.ts";
import { serve } from "./serve.ts";
import { createUntoldClientWarning } from "./untold-client.ts";

/** The workers do a first job at start; after so long the start fails. */
const selfTestMs = 30_000;

/** Resolves once every port listens. When something cannot be had it closes everything again and rejects with the reason. */
export async function startDaemon(settings: Settings, options: DaemonOptions = {}): Promise<Daemon> {
  const made = new AsyncDisposableStack();
  try {
    return await start(settings, options, made);
  } catch (error) {
    // The caller wants to know why it does not start, not what could not be closed after that.
    await made.disposeAsync().catch(() => undefined);
    throw error;
  }
}

/** Puts everything that has to be closed on `made`, which closes it in the opposite order. */
async function start(settings: Settings, options: DaemonOptions, made: AsyncDisposableStack): Promise<Daemon> {
  const { config } = settings;
  const { sharesPorts = false } = options;
  const { acting, warning } = options.daemonUser ?? takeDaemonUser(config, options.user);
  const tls = loadTlsFiles(config);
  const log = options.log ?? (await createLog(logOptions(config, options.journal ?? false)));
  if (options.log === undefined) made.defer(() => log.close());
  if (warning !== undefined && !sharesPorts) log.write("warning", warning);
  const threads = workerThreads(config.pool.threads);
  if (threads < (config.pool.threads ?? 0)) {
    log.write("notice", `pool.threads: ${threads} is started, one per core less one; more would only cost`);
  }
  const maxQueue = config.pool.queue ?? 64 * threads + config.limits.connections;
  const monitoring = createMonitoring({
    log,
    resolve: (name, type) => resolve(name, type),
    history: config.history,
    keyWatch: sharesPorts ? "another's" : "ours",
  });
  made.defer(() => monitoring.close());
  const { observers } = monitoring;
  const pool = createDkimPool({
    worker: workerUrl("dkim"),
    threads,
    maxQueue,
    deadlineMs: config.pool.deadline * 1000,
    observer: observers.pool,
  });
  made.defer(() => pool.close());
  const descriptors = watchDescriptors();
  const resolverAndRelay = createResolverAndRelay(config, {
    dns: observers.dns,
    relay: observers.relay,
    onShort: descriptors.short,
    resolve: options.resolve,
    tls,
    tell: (severity, text) => log.write(severity, text),
  });
  made.defer(() => resolverAndRelay.close(0));
  const { resolve, relay } = resolverAndRelay;
  const authenticator = createLazyAuthenticator(() =>
    createWorkerAuthenticator({ ...defaultAuthenticatorOptions, worker: workerUrl("authenticate"), resolve }),
  );
  made.defer(() => authenticator.close());
  const { in_place } = config.pool;
  const engine = in_place ? workInPlace(pool, { now: () => performance.now(), done: observers.pool.jobInPlace }) : pool;
  const content = createContentParts(config, {
    observer: observers.content,
    shared: resolverAndRelay.shared,
    tell: (severity, text) => log.write(severity, text),
  });
  made.defer(() => content.close());
  const quarantine = createQuarantine(quarantineOptions(config, (text) => log.write("err", `quarantine: ${text}`)));
  made.defer(() => quarantine.close());
  const remembered = openSentMail(config, resolverAndRelay.shared, (text) => log.write("err", text));
  made.defer(() => remembered?.close());
  const fingerprints = createFingerprintAsker();
  made.defer(() => fingerprints.close());
  const parts = {
    engine,
    digestBody: pool.digestBody,
    authenticator,
    resolve,
    peek: resolverAndRelay.peek,
    relay,
    content,
    observeStage: observers.stage,
    observeOwnMail: observers.ownMail,
    observeKept: observers.kept,
    onUntoldClient: createUntoldClientWarning((text) => log.write("warning", text)),
    onNoticeLost: (text: string) => log.write("err", text),
    quarantine,
    fingerprints,
    ...(remembered === undefined ? {} : { sentMail: remembered.sentMail }),
  };
  const proven = Promise.all([
    selfTest(pool, threads * 2, selfTestMs),
    asksAuthenticator(config) ? authenticator.ready() : undefined,
    resolverAndRelay.load(config),
    quarantine.open(),
  ]);
  await unlessAborted(proven, options.signal);
  const store = await createMessageStore(storeLimits(config));
  const filter = createConfiguredFilter(settings, parts);
  monitoring.watch({
    pool: pool.stats,
    poolQueueLimit: maxQueue,
    dns: resolverAndRelay.dnsStats,
    sharedCache: resolverAndRelay.sharedCacheStats,
    relay: resolverAndRelay.relayCounts,
    store,
    scanners: content.scannerStats,
    quarantine: () => keptSource(quarantine),
  });
  return serve({
    settings,
    filter,
    pool,
    store,
    log,
    options,
    acting,
    async closeAll(relayMs) {
      await resolverAndRelay.close(relayMs);
      await made.disposeAsync();
    },
    parts,
    resolverAndRelay,
    monitoring,
    descriptors,
    tls,
  });
}
