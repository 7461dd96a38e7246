// Several processes as one daemon (setting listeners): has them started, go by the same configuration and drained, and does
// for all of them what is done once: pid file, metrics, published keys, answers to commands. Mail never comes by here.
import type { Config } from "../config/config.ts";
import { needsRestart } from "../config/restart.ts";
import type { ControlRequest } from "../control/protocol.ts";
import { type DaemonUser, makeAt } from "../daemon/daemon-user.ts";
import { listenerKey } from "../daemon/listeners.ts";
import { listenAddresses, logOptions } from "../daemon/part-options.ts";
import type { Reloadable } from "../daemon/reload.ts";
import { openHistoryFile } from "../history/file.ts";
import { createLog, type Log } from "../log/log.ts";
import type { InheritedSockets } from "../process/inherited-sockets.ts";
import { workerUrl } from "../process/module-url.ts";
import { openPidFile, type PidFile } from "../process/pid-file.ts";
import { inSlices } from "../process/slices.ts";
import { unlessAborted } from "../process/unless-aborted.ts";
import { version } from "../process/version.ts";
import type { ListedKeys } from "../reading/list-keys.ts";
import { openSettings } from "../reading/open-settings.ts";
import type { PlainConfig, PlainReading } from "../reading/plain-settings.ts";
import type { Settings } from "../reading/settings.ts";
import { createOverview } from "./overview.ts";
import { probePorts } from "./probe-ports.ts";
import { createRow } from "./row.ts";
import { startServingProcess } from "./serving-process.ts";
import { shareOf } from "./share.ts";

export interface Supervisor extends Reloadable {
  /** Reads the configuration, for the processes too. */
  load(): Promise<ListedKeys>;
  /** What `status`, `why` and `log` ask for. */
  answer(request: ControlRequest): Promise<unknown>;
  /** Drains all processes. */
  stop(): Promise<void>;
}

export interface SupervisorOptions {
  /** The configuration to start with, as it is and for the processes. */
  readonly settings: Settings;
  readonly plain: PlainConfig;
  /** Relative names of files start here. */
  readonly cwd: string;
  /** Whom the process acts as; the others become that user. */
  readonly daemonUser: DaemonUser;
  /** Instead of daemon_user. */
  readonly user: string | undefined;
  /** Sockets that listen already: all processes accept from them. */
  readonly inherited: InheritedSockets;
  /** Aborted when it is not to start any more: a start that is under way fails. */
  readonly signal?: AbortSignal;
  /** Reads its files anew. */
  read(): Promise<PlainReading>;
  /** Standard error goes to journald. */
  readonly journal: boolean;
  /** Gets what processes write on standard error while the log is elsewhere. */
  passErrors(text: string): void;
}

/** Large tables take their time, and threads for SPF and ARC may have to be started. */
const prepareMs = 110_000;
const commitMs = 10_000;

/** Resolves once every process listens on every port; rejects with the reason, all of them gone, when one cannot. */
export async function startProcesses(options: SupervisorOptions): Promise<Supervisor> {
  const { settings, journal, passErrors, user } = options;
  const { acting, warning } = options.daemonUser;
  /** What settings came in: it goes on to the processes, and each lists the keys for itself. */
  const plainOf = new WeakMap<Settings, PlainConfig>();
  let { config } = settings;
  let inForce = options.plain;
  let draining = false;
  const of = config.listeners;
  const sockets = options.inherited.descriptors();
  const ownLog = await createLog(logOptions(config, journal));
  const log: Log = {
    format: ownLog.format,
    write: (severity, text, record) => ownLog.write(severity, text, record),
    pass: (lines) => ownLog.pass(lines),
    get dropped() {
      return ownLog.dropped;
    },
    reopen() {
      ownLog.reopen();
      void row.ask({ kind: "reopen" }, commitMs);
    },
    close: () => ownLog.close(),
  };
  if (warning !== undefined) log.write("warning", warning);

  const row = createRow({
    count: of,
    // As root where we began as root: it opens its ports, then becomes daemon_user permanently.
    startProcess: (needs) =>
      acting === undefined
        ? startServingProcess(needs, sockets)
        : acting.asRoot(() => startServingProcess(needs, sockets)),
    startOrder: (number) => ({
      kind: "start",
      configuration: inForce,
      part: { number, of },
      journal,
      ...(user === undefined ? {} : { user }),
    }),
    tell: (severity, text) => log.write(severity, text),
    onCounts: (number, families) => overview.counted(number, families),
    onLines(lines) {
      if (config.log.to === "stderr") log.pass(lines);
      else for (const line of lines) passErrors(line);
    },
    onEnded: (number) => overview.ended(number),
  });
  const overview = createOverview(config, log, {
    states: row.states,
    ask: row.ask,
    askOne: row.askOne,
    draining: () => draining,
  });

  async function closeAll(): Promise<void> {
    await overview.close();
    await log.close();
  }

  let pidFile: PidFile | undefined;
  try {
    const places = listenAddresses(config);
    // Root may open every port; each process finds out which of its ports need root.
    const own = places.filter((at) => !options.inherited.has(listenerKey(at)));
    await (acting === undefined ? probePorts(own) : acting.whileRoot(() => probePorts(own)));
    await makeHistoryFile(config, log);
    await unlessAborted(row.start(), options.signal).catch(async (error: unknown) => {
      await row.stop(0);
      throw error;
    });
    try {
      await overview.configure(settings);
      const { pid_file } = config;
      if (pid_file !== null) pidFile = await openPidFile(pid_file, (write) => makeAt(acting, pid_file, write));
    } catch (error) {
      pidFile?.remove();
      await row.stop(0);
      throw error;
    }
    const { threads } = shareOf(config, { number: 1, of }).pool;
    const where = places.map(listenerKey).join(", ");
    log.write("notice", `signpost ${version} ready on ${where}, ${of} processes of ${threads} worker thread(s)`);
  } catch (error) {
    await closeAll();
    throw error;
  }

  return {
    log,
    async load() {
      const reading = await options.read();
      const listed = await inSlices(openSettings(reading, options.cwd));
      if (listed.settings !== undefined && reading.plain !== undefined) plainOf.set(listed.settings, reading.plain);
      return listed;
    },
    reload: (settings) =>
      row.hold(async () => {
        const next = plainOf.get(settings);
        if (next === undefined) throw new Error("not read by us");
        const known = new Set(listenAddresses(config).map(listenerKey));
        await probePorts(listenAddresses(settings.config).filter((at) => !known.has(listenerKey(at))));
        try {
          await row.tell({ kind: "prepare", configuration: next }, prepareMs);
          await overview.configure(settings);
          if (draining) throw new Error("shutting down");
        } catch (error) {
          await row.force({ kind: "abort" }, commitMs);
          throw error;
        }
        const restart = needsRestart(config, settings.config);
        // Processes that are started from here on start with it.
        inForce = next;
        ({ config } = settings);
        await row.force({ kind: "commit" }, commitMs);
        log.write("notice", "configuration reloaded");
        return { restart };
      }),
    reloaded: overview.reloaded,
    answer: overview.answer,
    async stop() {
      draining = true;
      await row.stop(config.drain_timeout * 1000);
      log.write("notice", "all processes stopped");
      await closeAll();
      pidFile?.remove();
    },
  };
}

/** All processes have it open: it is made by one, before they start. */
async function makeHistoryFile({ history: { file, retention } }: Config, log: Log): Promise<void> {
  if (file === null) return;
  const onTrouble = (error: Error) => log.write("err", `history.file: ${error.message}`);
  await openHistoryFile({ file, retentionSeconds: retention, worker: workerUrl("history"), onTrouble }).close();
}
