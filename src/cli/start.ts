// `signpost start`: the daemon in the foreground. SIGTERM and SIGINT drain it, SIGHUP reloads the configuration.
import { parseArgs } from "node:util";
import { defaultConfigFile } from "../config/load.ts";
import { problemLine, sortProblems } from "../config/report.ts";
import { loadSettings } from "../load-settings.ts";
import { type Daemon, startDaemon } from "../main.ts";
import { type Command, exitCode, type Io } from "./command.ts";

export const start: Command = {
  name: "start",
  summary: "run the filter in the foreground: SIGTERM drains it, SIGHUP reloads the configuration",
  usage: "[--config FILE]\n\n  --config FILE  signpost.yaml or an amavisd.conf; default /etc/signpost/signpost.yaml",
  async run(args, io) {
    const { values } = parseArgs({ args: [...args], options: { config: { type: "string", short: "c" } } });
    const file = values.config ?? defaultConfigFile;
    const { settings, problems } = await loadSettings(file, io.cwd);
    for (const problem of sortProblems(problems))
      if (problem.severity !== "note") io.stderr(`${problemLine(problem)}\n`);
    if (settings === undefined) {
      io.stderr(`signpost: ${file} cannot be used, not started\n`);
      return exitCode.config;
    }
    let daemon: Daemon;
    try {
      daemon = await startDaemon(settings, { journal: io.env.JOURNAL_STREAM !== undefined });
    } catch (error) {
      io.stderr(`signpost: not started: ${error instanceof Error ? error.message : String(error)}\n`);
      return exitCode.unavailable;
    }
    const hangUp = () => void reload(file, daemon, io);
    process.on("SIGHUP", hangUp);
    // What nobody caught leaves the process in a state nobody knows: mails under way get no reply and come again (I2).
    for (const event of ["uncaughtException", "unhandledRejection"] as const) {
      process.on(event, (error: unknown) => {
        io.stderr(`signpost: ${event}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
        process.exit(exitCode.failure);
      });
    }
    await aborted(io.signal);
    await daemon.stop();
    process.off("SIGHUP", hangUp);
    return exitCode.ok;
  },
};

/** A configuration with errors, or one whose ports cannot be had, leaves the old one in force and says so. */
async function reload(file: string, daemon: Daemon, io: Io): Promise<void> {
  const { settings, problems } = await loadSettings(file, io.cwd);
  for (const problem of sortProblems(problems)) if (problem.severity !== "note") io.stderr(`${problemLine(problem)}\n`);
  if (settings === undefined) {
    io.stderr(`signpost: ${file} cannot be used, the old configuration stays in force\n`);
    return;
  }
  try {
    await daemon.reload(settings);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    io.stderr(`signpost: reload failed, the old configuration stays in force: ${reason}\n`);
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
