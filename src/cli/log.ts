// `signpost log`: the line of each of the last mails.

import { parseArgs } from "node:util";
import { listOf, textOf } from "../control/answers.ts";
import { jsonText } from "../mail/json-text.ts";
import { askDaemon, controlOptions, controlUsage } from "./ask-daemon.ts";
import { type Command, exitCode, UsageError } from "./command.ts";

export const log: Command = {
  name: "log",
  summary: "list the last mails that passed the running daemon",
  usage: `[--config FILE] [--socket PATH] [--lines N] [--json] [TEXT]

Prints the time and the log line of the last mails, oldest first; with TEXT, of those whose line has it. They come from
the daemon's memory (history.size) and, where one is kept, from history.file.

${controlUsage}
  --lines N      how many; default 20
  --json         one object a line: time, line`,
  async run(args, io) {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { ...controlOptions, lines: { type: "string", short: "n" }, json: { type: "boolean" } },
      allowPositionals: true,
    });
    const [match, another] = positionals;
    if (another !== undefined) throw new UsageError("one text, please");
    const limit = Number(values.lines ?? 20);
    if (!Number.isInteger(limit) || limit < 1) throw new UsageError("--lines takes a number");
    const request = { command: "log", limit, ...(match === undefined ? {} : { match }) } as const;
    const asked = await askDaemon(request, values, io);
    if ("exit" in asked) return asked.exit;
    for (const { time, line } of listOf(asked.value)) {
      io.stdout(
        values.json === true
          ? `${jsonText({ time: textOf(time), line: textOf(line) })}\n`
          : `${textOf(time)} ${textOf(line)}\n`,
      );
    }
    return exitCode.ok;
  },
};
