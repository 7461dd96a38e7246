// `signpost upgrade`: a new process, of the program and the configuration that are on disk now, takes the daemon's place.
import { fieldsOf } from "../control/answers.ts";
import { askDaemon, controlUsage, parseControlArgs } from "./ask-daemon.ts";
import { type Command, exitCode, UsageError } from "./command.ts";

const patienceMs = 130_000;

export const upgrade: Command = {
  name: "upgrade",
  summary: "have a new process of the program on disk take the daemon's place; no connection is refused",
  usage: `[--config FILE] [--socket PATH]

Has the running daemon start the program that is on disk now, with the configuration that is on disk now, and hand its
ports over. New connections are the new process's from then on; the old one ends when its mail is done, after
drain_timeout at the latest. Exits 0 once the new process takes mail; when it cannot, the old one goes on as it was.

${controlUsage}`,
  async run(args, io) {
    const { values, positionals } = parseControlArgs(args);
    if (positionals.length > 0) throw new UsageError(`unexpected argument "${positionals[0]}"`);
    const asked = await askDaemon({ command: "upgrade" }, values, io, { timeoutMs: patienceMs });
    if ("exit" in asked) return asked.exit;
    io.stdout(`process ${Number(fieldsOf(asked.value).pid)} has taken over\n`);
    return exitCode.ok;
  },
};
