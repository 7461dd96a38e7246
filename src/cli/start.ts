// `signpost start`: the daemon in the foreground. SIGTERM and SIGINT drain it, SIGHUP reloads the configuration.

import { fstatSync, readFileSync, realpathSync, statSync } from "node:fs";
import { flushCompileCache } from "node:module";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { defaultConfigFile } from "../config/default-file.ts";
import { problemLine, sortProblems } from "../config/report.ts";
import type { Problem } from "../config/source.ts";
import { type ControlServer, openControlSocket } from "../control/server.ts";
import { daemonSocketPath, ensurePrivateFolder, isPrivatePath, type SocketPlace } from "../control/socket-path.ts";
import type { Daemon } from "../daemon/daemon.ts";
import { type DaemonUser, giveSocket, takeDaemonUser } from "../daemon/daemon-user.ts";
import { createReload, type Reload, type Reloadable } from "../daemon/reload.ts";
import { createUpgrade, type LeavableControl } from "../daemon/upgrade.ts";
import { errorStack, errorText } from "../mail/error-text.ts";
import { needsRootFor } from "../process/daemon-files.ts";
import { type InheritedSockets, inheritedSockets } from "../process/inherited-sockets.ts";
import { createServiceManager, type ServiceManager } from "../process/service-manager.ts";
import { atOnce, inSlices } from "../process/slices.ts";
import { predecessor } from "../process/successor.ts";
import { type ActingAs, nameOf } from "../process/unix-user.ts";
import { prepareMemory, settleMemory } from "../process/v8-memory.ts";
import { type ListedKeys, listKeys } from "../reading/list-keys.ts";
import { openSettings } from "../reading/open-settings.ts";
import { openConfig, type PlainConfig, type PlainReading } from "../reading/plain-settings.ts";
import { readSettings } from "../reading/read-settings.ts";
import type { Settings } from "../reading/settings.ts";
import { type Command, exitCode, type Io, UsageError } from "./command.ts";
import { unreadableConfig } from "./config-file.ts";
import { socketPlace } from "./control-place.ts";

export const start: Command = {
  name: "start",
  summary: "run the filter in the foreground: SIGTERM drains it, SIGHUP reloads the configuration",
  usage: `[--config FILE] [--user NAME] [--take-over]

  --config FILE  signpost.yaml or an amavisd.conf; default /etc/signpost/signpost.yaml
  --user NAME    the user that root becomes, instead of daemon_user
  --take-over    take the place of the daemon that starts this one, for signpost upgrade to use`,
  async run(args, io) {
    const { values } = parseArgs({
      args: [...args],
      options: {
        config: { type: "string", short: "c" },
        user: { type: "string", short: "u" },
        "take-over": { type: "boolean" },
      },
    });
    const { user } = values;
    const before = values["take-over"] === true ? predecessor() : undefined;
    if (values["take-over"] === true && before === undefined) {
      throw new UsageError("--take-over: no daemon started this one, signpost upgrade has it do so");
    }
    const file = values.config ?? defaultConfigFile;
    const unreadable = unreadableConfig(file, io);
    if (unreadable !== undefined) return unreadable;
    let reading: PlainReading;
    const reads = readSettings(file, io.cwd);
    loadMeanwhile(resolve(io.cwd, file));
    try {
      reading = await reads;
    } catch (error) {
      io.stderr(`signpost: not started: ${errorText(error)}\n`);
      return exitCode.software;
    }
    const { plain, problems } = reading;
    tell(problems, io);
    if (plain === undefined) return unusable(file, io);
    // What nobody caught leaves the process in a state nobody knows: mails under way get no reply and come again (I2).
    for (const event of ["uncaughtException", "unhandledRejection"] as const) {
      process.on(event, (error: unknown) => {
        io.stderr(`signpost: ${event}: ${errorStack(error)}\n`);
        process.exit(exitCode.failure);
      });
    }
    const manager = createServiceManager(io.env, (reason) => io.stderr(`signpost: ${reason}\n`));
    let running: Running | undefined;
    const hangUp = () => {
      // First, so that what the reload has to say is in the new file.
      running?.daemon.log.reopen();
      void running?.reload("careful");
    };
    process.on("SIGHUP", hangUp);
    // For logrotate: an unfinished edit of the configuration must not go live at midnight.
    const reopenLog = () => running?.daemon.log.reopen();
    process.on("SIGUSR1", reopenLog);
    let control: ControlServer | undefined;
    try {
      const opened = openConfig(plain);
      const daemonUser = takeDaemonUser(opened.config, user);
      // Keys are listed as the daemon's user: it cannot use those that only root can read.
      const { acting } = daemonUser;
      const becomes = acting === undefined ? {} : { becomes: nameOf("user", acting.user.uid) };
      const listed = atOnce(listKeys(opened, problems, { cwd: io.cwd, locate: opened.locate, ...becomes }));
      tell(listed.problems.slice(problems.length), io);
      const { settings } = listed;
      if (settings === undefined) return unusable(file, io);
      const controlNeeds = { file, settings, running: () => running, acting, io };
      // Before the ports are opened: a reload may be asked for as soon as the daemon says that it is ready.
      if (before === undefined) control = await openControl(controlNeeds);
      const journal = isJournal(io.env.JOURNAL_STREAM);
      const startSome = settings.config.listeners > 1 ? startSeveral : startOne;
      const started = await startSome({
        file,
        plain,
        settings,
        journal,
        daemonUser,
        user,
        io,
        inherited: inheritedSockets(io.env, before !== undefined),
        takeOver: async () => {
          await before?.takeOver();
          if (before !== undefined) control = await openControl(controlNeeds);
        },
        control: {
          leave: () => control?.leave(),
          resume: async () => {
            control = await openControl(controlNeeds);
          },
        },
      });
      const { daemon, replaced } = started;
      running = { ...started, reload: announced(started.reload, manager) };
      // Before the old process is told that it may end: by then the service manager must know the new main process.
      if (before === undefined) void manager.ready();
      else await manager.ready(process.pid);
      before?.serving();
      const isReplaced = await Promise.race([aborted(io.signal), replaced.then(() => true)]);
      if (isReplaced !== true) manager.stopping();
      await daemon.stop();
      return exitCode.ok;
    } catch (error) {
      if (running !== undefined) throw error;
      io.stderr(`signpost: not started: ${errorText(error)}\n`);
      return io.signal.aborted ? exitCode.ok : exitCode.unavailable;
    } finally {
      manager.close();
      await control?.close();
      process.off("SIGHUP", hangUp);
      process.off("SIGUSR1", reopenLog);
    }
  },
};

function tell(problems: readonly Problem[], io: Io): void {
  for (const problem of sortProblems(problems)) if (problem.severity !== "note") io.stderr(`${problemLine(problem)}\n`);
}

function unusable(file: string, io: Io): number {
  io.stderr(`signpost: ${file} cannot be used, not started\n`);
  return exitCode.config;
}

interface Running {
  readonly daemon: Reloadable & Pick<Daemon, "answer" | "stop">;
  readonly reload: Reload;
  /** Has a new process take this one's place; resolves to its pid. */
  readonly upgrade: () => Promise<number>;
  /** Resolves once that process has all mail. */
  readonly replaced: Promise<void>;
}

interface ToStart {
  readonly file: string;
  readonly plain: PlainConfig;
  readonly settings: Settings;
  readonly journal: boolean;
  readonly daemonUser: DaemonUser;
  readonly user: string | undefined;
  readonly io: Io;
  readonly inherited: InheritedSockets;
  readonly takeOver: () => Promise<void>;
  readonly control: LeavableControl;
}

/**
 * While another process reads, this one has nothing to do: it loads the daemon, unless it looks as if it will be the one
 * that starts several. A wrong guess costs memory there, or time here.
 */
function loadMeanwhile(file: string): void {
  try {
    // A pipe can be read only once: it is left to the process that reads the configuration.
    if (!statSync(file).isFile() || /\blisteners\b/.test(readFileSync(file, "latin1"))) return;
  } catch {
    return;
  }
  // The code that needs the module imports it again, and gets the error.
  import("../daemon/start-daemon.ts").catch(() => undefined);
}

async function startOne(toStart: ToStart): Promise<Running> {
  const { file, settings, journal, daemonUser, io, inherited, takeOver, control } = toStart;
  prepareMemory();
  const { startDaemon } = await import("../daemon/start-daemon.ts");
  const daemon = await startDaemon(settings, { journal, daemonUser, inherited, takeOver, signal: io.signal });
  settleMemory(daemon.letGo);
  // What was compiled is kept when a process ends normally; one that is killed would leave the next to do it again.
  flushCompileCache();
  const load = async () => inSlices(openSettings(await readSettings(file, io.cwd, io.signal), io.cwd));
  const { upgrade, replaced } = createUpgrade({ daemon, control, env: io.env, signal: io.signal });
  return { daemon, reload: reloadOf(daemon, file, settings, load), upgrade, replaced };
}

/** The processes that serve mail load what that takes; the one that starts them does not. */
async function startSeveral(toStart: ToStart): Promise<Running> {
  const { file, settings, io } = toStart;
  const { startProcesses } = await import("../processes/supervisor.ts");
  const daemon = await startProcesses({
    ...toStart,
    cwd: io.cwd,
    signal: io.signal,
    read: () => readSettings(file, io.cwd, io.signal),
    passErrors: (text) => io.stderr(text),
  });
  const upgrade = () =>
    Promise.reject(
      new Error(
        "several processes (listeners) are not replaced: have systemd hold the ports (signpost.socket) and restart the daemon",
      ),
    );
  return { daemon, reload: reloadOf(daemon, file, settings, daemon.load), upgrade, replaced: new Promise(() => {}) };
}

function reloadOf(daemon: Reloadable, file: string, settings: Settings, load: () => Promise<ListedKeys>): Reload {
  return createReload({ file, load, daemon, settings, tell: (line) => daemon.log.write("err", line) });
}

/** The same reload, announced to the service manager: reloading, then ready, with the new configuration or the old one. */
function announced(reload: Reload, manager: ServiceManager): Reload {
  return async (how) => {
    manager.reloading();
    try {
      return await reload(how);
    } finally {
      manager.ready();
    }
  };
}

interface ControlNeeds {
  readonly file: string;
  readonly settings: Settings;
  readonly running: () => Running | undefined;
  readonly acting: ActingAs | undefined;
  readonly io: Io;
}

/**
 * Opens the control socket, with the rights of the daemon's user where that user may make it. Throws when the one that is
 * configured cannot be had; without one of its own choice the daemon runs all the same.
 */
async function openControl({ file, settings, running, acting, io }: ControlNeeds): Promise<ControlServer | undefined> {
  const { config } = settings;
  const place = socketPlace(config.control.socket, io.env);
  const path = daemonSocketPath(place);
  const ours = resolve(io.cwd, file);
  const open = () => {
    ensurePrivateFolder(path, place);
    return openControlSocket(path, async (request) => {
      const now = running();
      if (now === undefined) throw new Error("the daemon is still starting");
      if (request.file !== undefined && !isSameFile(request.file, ours))
        throw new Error(`the daemon there runs with ${ours}, not with ${request.file}`);
      if (request.command === "reopen") {
        now.daemon.log.reopen();
        return {};
      }
      if (request.command === "upgrade") return { pid: await now.upgrade() };
      if (request.command !== "reload") return now.daemon.answer(request);
      return now.reload(request.force === true ? "forced" : "careful");
    });
  };
  try {
    if (acting === undefined || !isOfRoot(path, place, acting)) return await open();
    const control = await acting.whileRoot(open);
    if (config.control.socket !== null) giveSocket(acting, path);
    return control;
  } catch (error) {
    if (config.control.socket !== null) throw error;
    io.stderr(`signpost: no control socket, so reload, status, why and log will not work: ${errorText(error)}\n`);
    return undefined;
  }
}

/** The default folder in the temporary one is named after root, who gives the commands. */
function isOfRoot(path: string, place: SocketPlace, { user }: ActingAs): boolean {
  return isPrivatePath(path, place) || needsRootFor(path, user);
}

/** systemd.exec(5): JOURNAL_STREAM names the journal's socket; that of another process's may have been inherited. */
function isJournal(stream: string | undefined): boolean {
  const { dev, ino } = fstatSync(2);
  return stream === `${dev}:${ino}`;
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

/** One file under two names is one configuration. */
function isSameFile(one: string, other: string): boolean {
  if (one === other) return true;
  try {
    return realpathSync(one) === realpathSync(other);
  } catch {
    return false;
  }
}
