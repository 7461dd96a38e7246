// `signpost reopen`: the daemon opens its log file anew, after it was rotated; nothing else changes.
import { askDaemon, controlUsage, parseControlArgs } from "./ask-daemon.ts";
import { type Command, exitCode, UsageError } from "./command.ts";

export const reopen: Command = {
  name: "reopen",
  summary: "have the running daemon open its log file anew, after it was rotated",
  usage: `[--config FILE] [--socket PATH]

The same as SIGUSR1. The configuration is not read; "reload" and SIGHUP do that.

${controlUsage}`,
  async run(args, io) {
    const { values, positionals } = parseControlArgs(args);
    if (positionals.length > 0) throw new UsageError(`unexpected argument "${positionals[0]}"`);
    const asked = await askDaemon({ command: "reopen" }, values, io);
    return "exit" in asked ? asked.exit : exitCode.ok;
  },
};
