// A daemon at work: mail comes in by its doors and goes through the generation in force, a reload puts another generation
// in force, and a stop lets what is under way end. What it works with was made before.
import { accessSync, constants } from "node:fs";
import type { LazyAuthenticator } from "../checks/lazy-authenticator.ts";
import { needsRestart } from "../config/restart.ts";
import { keepOutcome } from "../flow/outcome/kept.ts";
import type { Outcome } from "../flow/outcome/outcome.ts";
import { report } from "../flow/report.ts";
import type { Log } from "../log/log.ts";
import { withoutControls } from "../mail/json-text.ts";
import type { ListenerName } from "../mail/transaction.ts";
import { listenerText } from "../metrics/observers.ts";
import type { MilterHandlers, MilterObserver } from "../milter/handlers.ts";
import { createMilterListener, type MilterOptions } from "../milter/listener.ts";
import type { PolicyBank } from "../policy/bank.ts";
import type { DkimPool } from "../pool/dkim-engine.ts";
import { needsRootFor } from "../process/daemon-files.ts";
import { connectionsFor, type DescriptorWatch, openFileLimit } from "../process/descriptors.ts";
import { openPidFile, type PidFile } from "../process/pid-file.ts";
import { type ActingAs, become, type UnixUser } from "../process/unix-user.ts";
import { version } from "../process/version.ts";
import type { Settings } from "../reading/settings.ts";
import type { ReceiveHandlers, ReceiveObserver } from "../receive/handlers.ts";
import { createListener, createLogIds } from "../receive/listener.ts";
import type { ListenerOptions } from "../receive/options.ts";
import type { MessageStore } from "../receive/store.ts";
import type { Reply } from "../smtp/reply.ts";
import type { ListenAt } from "../sockets/listen.ts";
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
import { giveSocket, makeAt } from "./daemon-user.ts";
import { createListeners, listenerKey } from "./listeners.ts";
import { milterIntake, milterVerdict } from "./milter-door.ts";
import type { Monitoring } from "./monitoring.ts";
import { type Door, listenAddresses, listenerOptions, milterDoors } from "./part-options.ts";
import type { ResolverAndRelay } from "./resolver-and-relay.ts";

/** What startDaemon() built and serve() runs. */
export interface Running {
  readonly settings: Settings;
  readonly generation: ConfiguredFilter;
  readonly pool: DkimPool;
  readonly store: MessageStore;
  readonly log: Log;
  readonly options: DaemonOptions;
  /** Whom to become once everything is open. */
  readonly acting: ActingAs | undefined;
  readonly workshop: SharedParts & { readonly authenticator: LazyAuthenticator; readonly content: ContentParts };
  readonly outward: ResolverAndRelay;
  readonly instruments: Monitoring;
  readonly descriptors: DescriptorWatch;
  readonly tls: TlsMaterial;
  /** Mail that is still with a next hop after so long is given up. */
  closeAll(relayMs: number): Promise<void>;
}

/** Opens all doors, then becomes who it is to be; rejects with the reason, everything closed again, when it cannot. */
export async function serve(running: Running): Promise<Daemon> {
  const { pool, store, log, options, acting, workshop, outward, instruments, descriptors, closeAll } = running;
  const { sharesPorts = false } = options;
  let { generation, tls } = running;
  /** After the reply is on its way: nothing may stand between the next hop's 250 and ours (I3). */
  function account(outcome: Outcome): void {
    afterTurn(() => {
      const kept = keepOutcome(outcome);
      report(kept.outcome, log);
      instruments.count(outcome, kept);
      options.onOutcome?.(outcome);
    });
  }
  const { quarantine } = workshop;
  const admit = () => {
    if (pool.saturated) return saturated;
    return quarantine?.room?.isThere() === false ? noRoomForCopies : undefined;
  };
  // A mail stays with the configuration that it came in with.
  const handlers: ReceiveHandlers = {
    onHead(session, envelope, head) {
      const mail = generation.begin(session, envelope, head);
      return {
        digestSpecs: mail.digestSpecs,
        async onMessage(transaction) {
          const outcome = await mail.finish(transaction);
          account(outcome);
          return outcome;
        },
      };
    },
    startDigest: pool.startDigest,
    admit,
  };
  const milterHandlers: MilterHandlers = {
    ...milterIntake({ store, startDigest: pool.startDigest, options: optionsOf }),
    onHead(session, envelope, head) {
      const mail = generation.beginMilter(session, envelope, head);
      return {
        digestSpecs: mail.digestSpecs,
        async onMessage(transaction) {
          const done = await mail.finish(transaction);
          account(done.outcome);
          return milterVerdict(done);
        },
      };
    },
    admit,
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
      known = listenerOptions(generation.config, bank, maxConnections, tls);
      knownOptions.set(bank, known);
    }
    return known;
  }
  const observer: ReceiveObserver & MilterObserver = {
    ...instruments.observers.receive,
    // A client that hangs up without QUIT is everyday life; what is ours to mend is not.
    trouble: (what, error, logId) => {
      if (what === "socket") {
        if (generation.config.base.log_level >= 1) log.write("info", `(${logId}) ${what}: ${String(error)}`);
      } else log.write("err", `(${logId}) ${what}: ${String(error)}`);
    },
  };
  const common = {
    nextLogId,
    observer,
    opened: opened.promise,
    connectionCount: () => doors.connectionCount(),
    mostConnections: () => descriptors.most(doors.connectionCount()),
    makeRoom: () => doors.makeRoom(),
    onShort: descriptors.short,
  };
  function milterOptions(name: ListenerName): MilterOptions {
    const { maxClients, smtpd_recipient_limit: maxRecipients, allowPeer, timeouts } = optionsOf(name);
    const most = Math.min(maxClients, common.mostConnections());
    return { maxClients: most, maxRecipients, allowPeer, idleMs: milterIdleMs, stalledMs: timeouts.dataBlockMs };
  }
  const doors = createListeners((at: Door) =>
    at.milter === undefined
      ? createListener(at, { ...common, options: optionsOf, handlers, store })
      : createMilterListener(at, at.milter.bank, { ...common, options: milterOptions, handlers: milterHandlers }),
  );

  function inheritedAt(key: string): { readonly descriptor?: number } {
    const descriptor = options.inherited?.take(key);
    return descriptor === undefined ? {} : { descriptor };
  }

  /** Doors whose bank speaks what we do not stay closed. */
  function doorsOf(next: ConfiguredFilter): readonly Door[] {
    const all: readonly Door[] = [...listenAddresses(next.config), ...milterDoors(next.config)];
    const places = all.map((at) => ({
      ...at,
      ...(at.path === undefined ? { reusePort: sharesPorts } : {}),
      ...inheritedAt(listenerKey(at)),
    }));
    return places.filter((at) => {
      if (at.milter !== undefined) return true;
      const { protocol } = next.atConnect({ address: at.address ?? "", port: at.port ?? 0, ...pathOf(at) });
      const spoken = protocol === null || protocol === "SMTP" || protocol === "LMTP";
      if (!spoken) log.write("warning", `${listenerKey(at)} stays closed: ${protocol} is not spoken here`);
      return spoken;
    });
  }

  let draining = false;
  const wanted = doorsOf(generation);
  /** Only what needs root is opened by root: the system shares a port among sockets of one user alone, and a reload opens
   * the others as the daemon's user. */
  async function openWanted(): Promise<void> {
    if (acting !== undefined) {
      const { user, whileRoot } = acting;
      const ofRoot = wanted.filter((at) => needsRoot(at, user));
      if (ofRoot.length > 0) await whileRoot(() => doors.open(ofRoot));
      for (const { path } of ofRoot) if (path !== undefined) giveSocket(acting, path);
    }
    await doors.open(wanted);
    doors.keep(wanted, 0);
  }

  let pidFile: PidFile | undefined;
  async function writePid(): Promise<void> {
    const { pid_file } = generation.config;
    if (pid_file !== null) pidFile = await openPidFile(pid_file, (write) => makeAt(acting, pid_file, write));
  }
  try {
    await openWanted();
    for (const name of options.inherited?.closeRest() ?? []) {
      // A unix socket is the first process's alone.
      if (!sharesPorts) log.write("warning", `${name}: handed over at the start, and no setting names it`);
    }
    await options.takeOver?.();
    await instruments.open(running.settings, {
      openConnections: () => [...doors.connections()].map(([name, count]) => [listenerText(name), count] as const),
      closedListeners: doors.closedCount,
      draining: () => draining,
    });
    const { limits } = generation.config;
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
    const nextTls = loadTlsFiles(settings.config);
    const next = createConfiguredFilter(settings, workshop);
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
        tls = nextTls;
        outward.configure(next.config, tls);
        workshop.content.configure(next.config);
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
    async answer(request) {
      if (request.command !== "release") return instruments.answer(request);
      const answer = await generation.release(request);
      const { result, name = request.id, recipients = [], detail } = answer;
      const to = recipients.map((each) => `<${each}>`).join(",");
      const told = [
        `quarantine: ${name}: ${result}`,
        ...(to === "" ? [] : [`to ${to}`]),
        ...(detail === undefined ? [] : [detail]),
      ];
      log.write(result === "released" ? "notice" : "warning", withoutControls(told.join(" ")));
      return answer;
    },
    reloaded: instruments.reloaded,
    families: instruments.families,
    troubles: instruments.troubles,
    descriptors: doors.descriptors,
    letGo: () => store.letGo(),
    async leaveNames() {
      await instruments.leaveEndpoint();
      pidFile?.remove();
      pidFile = undefined;
    },
    async resumeNames() {
      await instruments.resumeEndpoint(generation.config);
      await writePid();
    },
    async retire() {
      log.write("notice", "another process has taken over: ending after the mail under way");
      await doors.retire(generation.config.drain_timeout * 1000);
    },
    async stop() {
      draining = true;
      const drainMs = generation.config.drain_timeout * 1000;
      const startedAt = performance.now();
      const cut = await doors.drain(drainMs);
      // The last mail's reply has left; its line comes before ours.
      await new Promise<void>(afterTurn);
      log.write("notice", cut === 0 ? "stopped" : `stopped; ${cut} session(s) cut off after ${drainMs / 1000} s`);
      // Mail whose session was cut off may still be with a next hop: a moment for its QUIT, no more.
      await closeAll(Math.max(1000, drainMs - (performance.now() - startedAt)));
      pidFile?.remove();
    },
  };
}

/** Below it only root opens ports, unless the system is set otherwise. */
const firstFreePort = 1024;

function needsRoot({ path, port = 0 }: ListenAt, user: UnixUser): boolean {
  return path === undefined ? port < firstFreePort : needsRootFor(path, user);
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

/** As libmilter's own: MTAs keep their connections for further mail. */
const milterIdleMs = 7210 * 1000;

const saturated: Reply = { code: 451, enhanced: "4.3.2", text: "Too much mail at once, please try again later" };

/** Asked for before the content is sent: a mail may owe a copy. */
const noRoomForCopies: Reply = { code: 452, enhanced: "4.3.1", text: "Insufficient system storage" };
