// `signpost reload`: checks the configuration, sends the reload to the daemon, waits. Exits 0 only if the new one is in force.
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { defaultConfigFile } from "../config/default-file.ts";
import { problemLine, sortProblems } from "../config/report.ts";
import { fieldsOf, textOf, textsOf } from "../control/answers.ts";
import { loadConfigFiles } from "../reading/load-config-files.ts";
import { askDaemon, controlOptions, controlUsage } from "./ask-daemon.ts";
import { type Command, exitCode, UsageError } from "./command.ts";
import { unreadableConfig } from "./config-file.ts";

/** Looking at a hundred thousand keys beside mail takes its time. */
const patienceMs = 120_000;

export const reload: Command = {
  name: "reload",
  summary: "put the changed configuration in force; mails under way finish on the old one",
  usage: `[--config FILE] [--socket PATH] [--force]

Checks the configuration, has the running daemon read it and look at all keys with its own rights, and waits. Exits 0
only if all of it is in force then. When something is wrong it says what, and the old configuration stays; so it does
when a key that can sign now could not any more.

  --force        take a configuration by which such keys are lost
${controlUsage}`,
  async run(args, io) {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { ...controlOptions, force: { type: "boolean" } },
      allowPositionals: true,
    });
    if (positionals.length > 0) throw new UsageError(`unexpected argument "${positionals[0]}"`);
    const file = resolve(io.cwd, values.config ?? defaultConfigFile);
    const unreadable = unreadableConfig(file, io);
    if (unreadable !== undefined) return unreadable;
    const { read, problems } = await loadConfigFiles(file, io.cwd);
    if (read === undefined) {
      for (const problem of sortProblems(problems))
        if (problem.severity !== "note") io.stderr(`${problemLine(problem)}\n`);
      io.stderr(`signpost: ${file} cannot be used, the configuration in force stays\n`);
      return exitCode.config;
    }
    const place = { ...values, config: file };
    const force = values.force === true ? ({ force: true } as const) : {};
    const asked = await askDaemon({ command: "reload", ...force }, place, io, { timeoutMs: patienceMs });
    if ("exit" in asked) return asked.exit;
    const report = readReport(asked.value);
    // The daemon reads with its own rights: what it cannot use may look fine to us.
    for (const line of report.problems) io.stderr(`${line}\n`);
    if (!report.inForce) {
      io.stderr(`signpost: the old configuration stays in force: ${report.reason}\n`);
      return exitCode.failure;
    }
    if (report.restart.length > 0) {
      io.stderr(`signpost: in force, but for these a restart is needed: ${report.restart.join(", ")}\n`);
      return exitCode.failure;
    }
    io.stdout(`${file} is in force (configuration ${report.generation} since the start): ${report.changes}\n`);
    return exitCode.ok;
  },
};

interface Report {
  readonly inForce: boolean;
  readonly generation: number;
  readonly reason: string;
  readonly problems: readonly string[];
  readonly restart: readonly string[];
  readonly changes: string;
}

function readReport(value: unknown): Report {
  const { inForce, generation, reason, problems, restart, changes } = fieldsOf(value);
  return {
    inForce: inForce === true,
    generation: Number(generation),
    reason: textOf(reason),
    problems: textsOf(problems),
    restart: textsOf(restart),
    changes: textOf(changes),
  };
}
