// The daemon: pool, resolver, relay and log are made once; a configuration is put to work, replaced by a reload, and
// drained at the end. Commands and tests start it; signals are the command line's business.
import { accessSync, constants } from "node:fs";
import { type Account, become, chooseAccount, handOver } from "./account.ts";
import { createLazyAuthenticator, type LazyAuthenticator } from "./checks/lazy-authenticator.ts";
import { createWorkerAuthenticator, defaultAuthenticatorOptions } from "./checks/worker-authenticator.ts";
import type { Config } from "./config/config.ts";
import { needsRestart } from "./config/restart.ts";
import type { ControlRequest } from "./control/protocol.ts";
import { connectionsFor, openFileLimit } from "./descriptors.ts";
import { createDoors, doorKey } from "./doors.ts";
import { createGeneration, defaultThreads, type Generation, type Workshop } from "./generation.ts";
import { createInstruments, type Instruments } from "./instruments.ts";
import { createLog, type Log } from "./log/log.ts";
import type { TableContext } from "./lookup/table.ts";
import type { ListenerName } from "./mail/transaction.ts";
import type { Family } from "./metrics/exposition.ts";
import type { Condition } from "./metrics/health.ts";
import type { Which } from "./metrics/metrics.ts";
import { listenerText } from "./metrics/observers.ts";
import type { Outcome } from "./outcome/outcome.ts";
import { createOutward, type Outward } from "./outward.ts";
import { type PidFile, writePidFile } from "./pid-file.ts";
import type { PolicyBank } from "./policy/bank.ts";
import { createDkimPool, type DkimPool } from "./pool/dkim-engine.ts";
import { workInPlace } from "./pool/in-place.ts";
import { selfTest } from "./pool/self-test.ts";
import { workerUrl } from "./pool/worker-url.ts";
import type { ReceiveHandlers } from "./receive/handlers.ts";
import { createListener, createLogIds, type ListenAt } from "./receive/listener.ts";
import type { ListenerOptions } from "./receive/options.ts";
import { createMessageStore, type MessageStore } from "./receive/store.ts";
import { report } from "./report.ts";
import type { Resolve } from "./rr/answer.ts";
import type { Keyring } from "./signing/keyring.ts";
import { filesOpened, listenAddresses, listenerOptions, logOptions, storeLimits } from "./slices.ts";
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
  /** It shares its ports with other processes, and somebody else speaks and looks after things for all of them. */
  readonly sharesPorts?: boolean;
}

/** A configuration that is ready to be put in force. */
export interface Prepared {
  /** Puts it in force for the mails that start from now on; rejects, and changes nothing, when it cannot. */
  commit(): Promise<void>;
  /** Forgets it. */
  abort(): Promise<void>;
}

export interface Daemon {
  /** Where it listens, in the order of the configuration. */
  readonly listeners: readonly ListenerName[];
  /** Where diagnostics of a running daemon go: standard error itself may have a reader that stalls. */
  readonly log: Log;
  /** Puts a new configuration in force for the mails that start from now on; rejects, and changes nothing, when it cannot. */
  reload(settings: Settings): Promise<{
    /** Settings that changed and take effect after a restart only. */
    readonly restart: readonly string[];
  }>;
  /** Everything that a reload needs and that may fail; changes nothing yet. */
  prepare(settings: Settings): Promise<Prepared>;
  /** What `status`, `why` and `log` ask for. */
  answer(request: ControlRequest): Promise<unknown>;
  /** Notes how a reload ended, for the metrics; gives the number of the configuration in force. */
  reloaded(result: "success" | "failure", elapsedMs: number): number;
  /** The metrics as they are now. */
  families(which: Which): Promise<readonly Family[]>;
  /** What keeps us from being ready, by condition. */
  troubles(): Promise<ReadonlyMap<Condition, string>>;
  /** Stops accepting, lets mails under way finish within drain_timeout, and closes everything. */
  stop(): Promise<void>;
}

/** How long the workers have to prove themselves at start. */
const selfTestMs = 30_000;

/** Resolves once every port listens; rejects with the reason, everything closed again, when something cannot be had. */
export async function startDaemon(settings: Settings, options: DaemonOptions = {}): Promise<Daemon> {
  const { config } = settings;
  const { sharesPorts = false } = options;
  const { account, warning } = chooseAccount(config);
  const log = options.log ?? (await createLog(logOptions(config, options.journal ?? false)));
  if (warning !== undefined && !sharesPorts) log.write("warning", warning);
  const threads = config.pool.threads ?? defaultThreads();
  const maxQueue = config.pool.queue ?? 64 * threads + config.limits.connections;
  const instruments = createInstruments({
    log,
    resolve: (name, type) => resolve(name, type),
    history: config.history,
    keyWatch: sharesPorts ? "another's" : "ours",
  });
  const { observers } = instruments;
  const pool = createDkimPool({
    worker: workerUrl("dkim"),
    threads,
    maxQueue,
    deadlineMs: config.pool.deadline * 1000,
    observer: observers.pool,
  });
  const outward = createOutward(config, {
    dns: observers.dns,
    relay: observers.relay,
    resolve: options.resolve,
    tell: (severity, text) => log.write(severity, text),
  });
  const { resolve, relay } = outward;
  const authenticator = createLazyAuthenticator(() =>
    createWorkerAuthenticator({ ...defaultAuthenticatorOptions, worker: workerUrl("authenticate"), resolve }),
  );
  const { in_place } = config.pool;
  const engine = in_place ? workInPlace(pool, { now: () => performance.now(), done: observers.pool.jobInPlace }) : pool;
  const workshop = {
    engine,
    digestBody: pool.digestBody,
    authenticator,
    resolve,
    peek: outward.peek,
    relay,
    observeStage: observers.stage,
  };
  const closeAll = async (relayMs: number) => {
    await instruments.close();
    await outward.close(relayMs);
    await authenticator.close();
    await pool.close();
    if (options.log === undefined) await log.close();
  };
  try {
    await Promise.all([
      selfTest(pool, threads * 2, selfTestMs),
      asksAuthenticator(config) ? authenticator.ready() : undefined,
      outward.load(config),
    ]);
    const store = await createMessageStore(storeLimits(config));
    const generation = createGeneration(settings, workshop);
    instruments.watch({
      pool: pool.stats,
      poolQueueLimit: maxQueue,
      dns: outward.dnsStats,
      sharedCache: outward.sharedCacheStats,
      relay: outward.relayCounts,
      store,
    });
    return await listen({
      settings,
      generation,
      pool,
      store,
      log,
      options,
      account,
      closeAll,
      workshop,
      outward,
      instruments,
    });
  } catch (error) {
    await closeAll(0);
    throw error;
  }
}

interface Running {
  readonly settings: Settings;
  readonly generation: Generation;
  readonly pool: DkimPool;
  readonly store: MessageStore;
  readonly log: Log;
  readonly options: DaemonOptions;
  /** Whom to become once everything is open. */
  readonly account: Account | undefined;
  readonly workshop: Workshop & { readonly authenticator: LazyAuthenticator };
  readonly outward: Outward;
  readonly instruments: Instruments;
  /** Mail that is still with a next hop after so long is given up. */
  closeAll(relayMs: number): Promise<void>;
}

async function listen(running: Running): Promise<Daemon> {
  const { pool, store, log, options, account, workshop, outward, instruments, closeAll } = running;
  const { sharesPorts = false } = options;
  let generation = running.generation;
  const handlers: ReceiveHandlers = {
    onHead(session, envelope, head) {
      // The mail stays with the generation that it came in with.
      const begun = generation;
      return {
        digestSpecs: begun.begin(session, envelope, head),
        async onMessage(transaction) {
          const outcome = await begun.filter(transaction);
          // After the reply is on its way: nothing may stand between the next hop's 250 and ours (I3).
          setImmediate(() => {
            // What a WeakMap holds outlives all minor collections, its key gone or not: a block of every mail would pile up.
            begun.forget(session);
            report(outcome, log);
            instruments.count(outcome);
            options.onOutcome?.(outcome);
          });
          return outcome;
        },
        onGone: () => begun.forget(session),
      };
    },
    startDigest: pool.startDigest,
    admit: () => (pool.saturated ? saturated : undefined),
  };

  const nextLogId = createLogIds(process.pid);
  /** Nobody is greeted before we are who we are to be. */
  const opened = Promise.withResolvers<void>();
  const maxConnections = connectionsFor(openFileLimit());
  /** A bank belongs to one generation, so its options need no other key. */
  const knownOptions = new WeakMap<PolicyBank, ListenerOptions>();
  function optionsOf(name: ListenerName): ListenerOptions {
    const bank = generation.atConnect(name);
    let known = knownOptions.get(bank);
    if (known === undefined) {
      known = listenerOptions(generation.config, bank, maxConnections);
      knownOptions.set(bank, known);
    }
    return known;
  }
  const doors = createDoors((at) =>
    createListener(at, {
      options: optionsOf,
      handlers,
      store,
      nextLogId,
      opened: opened.promise,
      connectionCount: () => doors.connectionCount(),
      observer: {
        ...instruments.observers.receive,
        // A client that hangs up without QUIT is everyday life; what is ours to mend is not.
        trouble: (what, error, logId) => {
          if (what === "socket") {
            if (generation.config.base.log_level >= 1) log.write("info", `(${logId}) ${what}: ${String(error)}`);
          } else log.write("err", `(${logId}) ${what}: ${String(error)}`);
        },
      },
    }),
  );

  /** Doors whose bank speaks what we do not stay closed. */
  function doorsOf(next: Generation): readonly ListenAt[] {
    const places = listenAddresses(next.config).map((at) =>
      at.path === undefined ? { ...at, reusePort: sharesPorts } : at,
    );
    return places.filter((at) => {
      const { protocol } = next.atConnect({ address: at.address ?? "", port: at.port ?? 0, ...pathOf(at) });
      const spoken = protocol === null || protocol === "SMTP" || protocol === "LMTP";
      if (!spoken) log.write("warning", `${doorKey(at)} stays closed: ${protocol} is not spoken here`);
      return spoken;
    });
  }

  let draining = false;
  const wanted = doorsOf(generation);
  // The system shares a port among sockets of one user alone. What others have opened as another user than root, by a
  // reload, must be opened so here, and all else in the same way.
  const asRoot = sharesPorts && account !== undefined ? wanted.filter(needsRoot) : wanted;
  await doors.open(asRoot);
  doors.keep(wanted, 0);
  let pidFile: PidFile | undefined;
  try {
    await instruments.open(running.settings, {
      openConnections: () => [...doors.connections()].map(([name, count]) => [listenerText(name), count] as const),
      closedListeners: doors.closedCount,
      draining: () => draining,
    });
    const { pid_file, limits } = generation.config;
    if (pid_file !== null) pidFile = writePidFile(pid_file);
    if (account !== undefined) {
      handOver(filesOpened(generation.config), account);
      become(account);
      await doors.open(wanted);
    }
    mustBeWritable(store.limits.spoolDirectory);
    if (limits.connections > maxConnections) {
      const least = 64 + 3 * limits.connections;
      log.write(
        "warning",
        `${maxConnections} connections at most: limits.connections needs ${least} open files (LimitNOFILE)`,
      );
    }
  } catch (error) {
    pidFile?.remove();
    await doors.drain(0);
    throw error;
  }
  opened.resolve();
  outward.connect();
  const where = doors.names.map(({ address, port, path }) => path ?? `${address}:${port}`).join(", ");
  if (!sharesPorts) {
    log.write("notice", `signpost ${version} ready on ${where}, ${pool.stats().threads} worker thread(s)`);
  }

  async function prepare(settings: Settings): Promise<Prepared> {
    const next = createGeneration(settings, workshop);
    if (asksAuthenticator(settings.config)) await workshop.authenticator.ready();
    await outward.load(settings.config);
    const wanted = doorsOf(next);
    const opened = await doors.open(wanted);
    return {
      async commit() {
        try {
          await instruments.configure(settings);
          if (draining) throw new Error("shutting down");
        } catch (error) {
          await doors.shut(opened);
          throw error;
        }
        generation = next;
        outward.configure(next.config);
        doors.keep(wanted, settings.config.drain_timeout * 1000);
      },
      abort: () => doors.shut(opened),
    };
  }

  return {
    log,
    get listeners() {
      return doors.names;
    },
    prepare,
    async reload(settings) {
      const restart = needsRestart(generation.config, settings.config);
      await (await prepare(settings)).commit();
      log.write("notice", "configuration reloaded");
      return { restart };
    },
    answer: instruments.answer,
    reloaded: instruments.reloaded,
    families: instruments.families,
    troubles: instruments.troubles,
    async stop() {
      draining = true;
      const drainMs = generation.config.drain_timeout * 1000;
      const startedAt = performance.now();
      const cut = await doors.drain(drainMs);
      log.write("notice", cut === 0 ? "stopped" : `stopped; ${cut} session(s) cut off after ${drainMs / 1000} s`);
      // Mail whose session was cut off may still be with a next hop: a moment for its QUIT, no more.
      await closeAll(Math.max(1000, drainMs - (performance.now() - startedAt)));
      pidFile?.remove();
    },
  };
}

/** Below it only root opens ports, unless the system was told otherwise. */
const firstFreePort = 1024;

function needsRoot({ path, port = 0 }: ListenAt): boolean {
  return path !== undefined || port < firstFreePort;
}

function pathOf({ path }: ListenAt): { readonly path?: string } {
  return path === undefined ? {} : { path };
}

/** Found out now, not with the first large mail. */
function mustBeWritable(folder: string): void {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw new Error(`spool.dir: uid ${process.getuid?.()} cannot write to ${folder}`, { cause });
  }
}

/** Whether any bank has work for the threads that do SPF and ARC; else they are not even started. */
function asksAuthenticator({ base, policy_bank }: Config): boolean {
  return [base, ...policy_bank.values()].some(
    (bank) => bank.enable_spf_verification || bank.enable_arc_verification || bank.arc_seal,
  );
}

const saturated: Reply = { code: 451, enhanced: "4.3.2", text: "Too much mail at once, please try again later" };
