// A daemon at work: opens its listeners, puts another configuration in force at a reload, and lets mail under way end at a
// stop. What it works with was made by start-daemon.ts.
import { accessSync, constants } from "node:fs";
import type { LazyAuthenticator } from "../checks/lazy-authenticator.ts";
import { needsRestart } from "../config/restart.ts";
import { keepOutcome } from "../flow/outcome/kept.ts";
import { report } from "../flow/report.ts";
import type { Log } from "../log/log.ts";
import { withoutControls } from "../mail/json-text.ts";
import type { ListenerName } from "../mail/transaction.ts";
import { listenerText } from "../metrics/observers.ts";
import type { MilterObserver } from "../milter/handlers.ts";
import { createMilterListener, type MilterOptions } from "../milter/listener.ts";
import type { PolicyBank } from "../policy/bank.ts";
import type { DkimPool } from "../pool/dkim-engine.ts";
import { connectionsFor, type DescriptorWatch, openFileLimit } from "../process/descriptors.ts";
import { openPidFile, type PidFile } from "../process/pid-file.ts";
import { type ActingAs, become } from "../process/unix-user.ts";
import { version } from "../process/version.ts";
import type { Settings } from "../reading/settings.ts";
import type { ReceiveObserver } from "../receive/handlers.ts";
import { createListener, createLogIds } from "../receive/listener.ts";
import type { ListenerOptions } from "../receive/options.ts";
import type { MessageStore } from "../receive/store.ts";
import { loadTlsFiles, type TlsMaterial } from "../sockets/tls-files.ts";
import { afterTurn } from "../sockets/turn.ts";
import {
  asksAuthenticator,
  type ConfiguredFilter,
  createConfiguredFilter,
  type SharedParts,
} from "./configured-filter.ts";
import type { ContentParts } from "./content-parts.ts";
import type { Daemon, DaemonOptions, Prepared } from "./daemon.ts";
import { makeAt } from "./daemon-user.ts";
import { openAtStart, placesOf } from "./listener-places.ts";
import { createListeners } from "./listeners.ts";
import { createMailHandlers } from "./mail-handlers.ts";
import { milterIntake } from "./milter-mail.ts";
import type { Monitoring } from "./monitoring.ts";
import { listenerOptions } from "./part-options.ts";
import type { ResolverAndRelay } from "./resolver-and-relay.ts";

/** What startDaemon() built and serve() runs. */
export interface Running {
  readonly settings: Settings;
  readonly filter: ConfiguredFilter;
  readonly pool: DkimPool;
  readonly store: MessageStore;
  readonly log: Log;
  readonly options: DaemonOptions;
  /** Set where root started the daemon: the user that it becomes once everything is open. */
  readonly acting: ActingAs | undefined;
  readonly parts: SharedParts & { readonly authenticator: LazyAuthenticator; readonly content: ContentParts };
  readonly resolverAndRelay: ResolverAndRelay;
  readonly monitoring: Monitoring;
  readonly descriptors: DescriptorWatch;
  readonly tls: TlsMaterial;
  /** Closes everything. Mail that is still with a next hop after `relayMs` is given up. */
  closeAll(relayMs: number): Promise<void>;
}

/**
 * Opens all listeners, then gives up the rights of root. When something cannot be had it closes everything again and
 * rejects with the reason.
 */
export async function serve(running: Running): Promise<Daemon> {
  const { pool, store, log, options, acting, parts, resolverAndRelay, monitoring, descriptors, closeAll } = running;
  const { sharesPorts = false } = options;
  /** Filter and certificates of the configuration in force. */
  let { filter, tls } = running;
  const { quarantine } = parts;
  const handlers = createMailHandlers({
    filter: () => filter,
    pool,
    milterIntake: milterIntake({ store, startDigest: pool.startDigest, options: optionsOf }),
    hasRoomForCopies: () => quarantine?.room?.isThere() !== false,
    // The reply is on its way by then: nothing may stand between the next hop's 250 and ours (I3).
    onOutcome: (outcome) =>
      afterTurn(() => {
        const kept = keepOutcome(outcome);
        report(kept.outcome, log);
        monitoring.count(outcome, kept);
        options.onOutcome?.(outcome);
      }),
  });

  const nextLogId = createLogIds(process.pid);
  /** Resolves once the rights of root are given up: no client is greeted before. */
  const opened = Promise.withResolvers<void>();
  const maxConnections = connectionsFor(openFileLimit());
  /** A bank belongs to one configuration, so its options need no other key. */
  const knownOptions = new WeakMap<PolicyBank, ListenerOptions>();
  function optionsOf(name: ListenerName): ListenerOptions {
    const bank = filter.atConnect(name);
    let known = knownOptions.get(bank);
    if (known === undefined) {
      known = listenerOptions(filter.config, bank, maxConnections, tls);
      knownOptions.set(bank, known);
    }
    return known;
  }
  const observer: ReceiveObserver & MilterObserver = {
    ...monitoring.observers.receive,
    // Clients that hang up without QUIT are common: their broken sockets are logged at log_level 1, all else always.
    trouble: (what, error, logId) => {
      if (what === "socket") {
        if (filter.config.base.log_level >= 1) log.write("info", `(${logId}) ${what}: ${String(error)}`);
      } else log.write("err", `(${logId}) ${what}: ${String(error)}`);
    },
  };
  const common = {
    nextLogId,
    observer,
    opened: opened.promise,
    connectionCount: () => listeners.connectionCount(),
    mostConnections: () => descriptors.most(listeners.connectionCount()),
    makeRoom: () => listeners.makeRoom(),
    onShort: descriptors.short,
  };
  function milterOptions(name: ListenerName): MilterOptions {
    const { maxClients, smtpd_recipient_limit: maxRecipients, allowPeer, timeouts } = optionsOf(name);
    const most = Math.min(maxClients, common.mostConnections());
    return { maxClients: most, maxRecipients, allowPeer, idleMs: milterIdleMs, stalledMs: timeouts.dataBlockMs };
  }
  const listeners = createListeners((at) =>
    at.milter === undefined
      ? createListener(at, { ...common, options: optionsOf, handlers: handlers.receive, store })
      : createMilterListener(at, at.milter.bank, { ...common, options: milterOptions, handlers: handlers.milter }),
  );
  const placeNeeds = {
    sharesPorts,
    inherited: options.inherited,
    warn: (text: string) => log.write("warning", text),
  };

  let draining = false;
  let pidFile: PidFile | undefined;
  async function writePid(): Promise<void> {
    const { pid_file } = filter.config;
    if (pid_file !== null) pidFile = await openPidFile(pid_file, (write) => makeAt(acting, pid_file, write));
  }
  try {
    await openAtStart(listeners, placesOf(filter, placeNeeds), acting);
    for (const name of options.inherited?.closeRest() ?? []) {
      // Where ports are shared, a unix socket belongs to the first process alone.
      if (!sharesPorts) log.write("warning", `${name}: handed over at the start, and no setting names it`);
    }
    await options.takeOver?.();
    await monitoring.open(running.settings, {
      openConnections: () => [...listeners.connections()].map(([name, count]) => [listenerText(name), count] as const),
      closedListeners: listeners.closedCount,
      draining: () => draining,
    });
    const { limits } = filter.config;
    await writePid();
    acting?.asRoot(() => become(acting.user));
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
    await listeners.drain(0);
    throw error;
  }
  opened.resolve();
  resolverAndRelay.connect();
  const where = listeners.names.map(({ address, port, path }) => path ?? `${address}:${port}`).join(", ");
  if (!sharesPorts) {
    log.write("notice", `signpost ${version} ready on ${where}, ${pool.stats().threads} worker thread(s)`);
  }

  async function prepare(settings: Settings): Promise<Prepared> {
    const nextTls = loadTlsFiles(settings.config);
    const next = createConfiguredFilter(settings, parts);
    if (asksAuthenticator(settings.config)) await parts.authenticator.ready();
    await resolverAndRelay.load(settings.config);
    const places = placesOf(next, placeNeeds);
    const opened = await listeners.open(places);
    return {
      async commit() {
        try {
          await monitoring.configure(settings);
          if (draining) throw new Error("shutting down");
        } catch (error) {
          await listeners.shut(opened);
          throw error;
        }
        filter = next;
        tls = nextTls;
        resolverAndRelay.configure(next.config, tls);
        parts.content.configure(next.config);
        listeners.keep(places, settings.config.drain_timeout * 1000);
      },
      abort: () => listeners.shut(opened),
    };
  }

  return {
    log,
    get listeners() {
      return listeners.names;
    },
    prepare,
    async reload(settings) {
      const restart = needsRestart(filter.config, settings.config);
      await (await prepare(settings)).commit();
      log.write("notice", "configuration reloaded");
      return { restart };
    },
    async answer(request) {
      if (request.command !== "release") return monitoring.answer(request);
      const answer = await filter.release(request);
      const { result, name = request.id, recipients = [], detail } = answer;
      const to = recipients.map((each) => `<${each}>`).join(",");
      const line = [
        `quarantine: ${name}: ${result}`,
        ...(to === "" ? [] : [`to ${to}`]),
        ...(detail === undefined ? [] : [detail]),
      ];
      log.write(result === "released" ? "notice" : "warning", withoutControls(line.join(" ")));
      return answer;
    },
    reloaded: monitoring.reloaded,
    families: monitoring.families,
    troubles: monitoring.troubles,
    descriptors: listeners.descriptors,
    letGo: () => store.letGo(),
    async leaveNames() {
      await monitoring.leaveEndpoint();
      pidFile?.remove();
      pidFile = undefined;
    },
    async resumeNames() {
      await monitoring.resumeEndpoint(filter.config);
      await writePid();
    },
    async retire() {
      log.write("notice", "another process has taken over: ending after the mail under way");
      await listeners.retire(filter.config.drain_timeout * 1000);
    },
    async stop() {
      draining = true;
      const drainMs = filter.config.drain_timeout * 1000;
      const startedAt = performance.now();
      const cut = await listeners.drain(drainMs);
      // The last mail's reply has left; its line comes before ours.
      await new Promise<void>(afterTurn);
      log.write("notice", cut === 0 ? "stopped" : `stopped; ${cut} session(s) cut off after ${drainMs / 1000} s`);
      // Mail whose session was cut off may still be with a next hop: a moment for its QUIT, no more.
      await closeAll(Math.max(1000, drainMs - (performance.now() - startedAt)));
      pidFile?.remove();
    },
  };
}

/** Throws at the start; else the first large mail would be the first to fail. */
function mustBeWritable(folder: string): void {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw new Error(`spool.dir: uid ${process.getuid?.()} cannot write to ${folder}`, { cause });
  }
}

/** The timeout of libmilter: MTAs keep their connections for further mail. */
const milterIdleMs = 7210 * 1000;
