// `signpost log`: the line of each of the last mails.

import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import type { Config } from "../config/config.ts";
import { listOf, textOf } from "../control/answers.ts";
import type { ControlRequest } from "../control/protocol.ts";
import { jsonText } from "../mail/json-text.ts";
import { askDaemon, controlOptions, controlUsage, type DaemonPlace } from "./ask-daemon.ts";
import { type Command, exitCode, type Io, UsageError } from "./command.ts";
import { answerFromFile } from "./kept-history.ts";
import { readMoment } from "./moment.ts";

export const log: Command = {
  name: "log",
  summary: "list the last mails that passed the running daemon",
  usage: `[--config FILE] [--socket PATH] [--lines N] [--since TIME] [--follow] [--json] [TEXT]

Prints the time and the log line of the last mails, oldest first; with TEXT, of those whose line has it. They come from
the daemon's memory (history.size) and, where one is kept, from history.file, also while no daemon runs.

${controlUsage}
  --lines N      how many; default 20, with --since all
  --since TIME   those since a date, a time with its zone, or so long ago: 2026-07-05, 2026-07-05T09:15:00Z, 2h
  --follow       go on with new ones until interrupted
  --json         one object a line: time, line`,
  async run(args, io) {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: {
        ...controlOptions,
        lines: { type: "string", short: "n" },
        since: { type: "string" },
        follow: { type: "boolean", short: "f" },
        json: { type: "boolean" },
      },
      allowPositionals: true,
    });
    const [match, another] = positionals;
    if (another !== undefined) throw new UsageError("one text, please");
    const limit = Number(values.lines ?? (values.since === undefined ? 20 : maxLines));
    if (!Number.isInteger(limit) || limit < 1) throw new UsageError("--lines takes a number above 0");
    const sinceMs = values.since === undefined ? undefined : readMoment(values.since, io.now());
    const filter = match === undefined ? {} : { match };
    const request = { command: "log", limit, ...filter, ...(sinceMs === undefined ? {} : { sinceMs }) } as const;
    const offline = (question: ControlRequest, config: Config) => answerFromFile(question, config, io);
    const asked = await askDaemon(request, values, io, values.follow === true ? {} : { offline });
    if ("exit" in asked) return asked.exit;
    const print = (lines: readonly LogLine[]) =>
      io.stdout(lines.map((line) => lineText(line, values.json === true)).join(""));
    const shown = linesOf(asked.value);
    print(shown);
    return values.follow === true ? await follow(shown, filter, values, io, print) : exitCode.ok;
  },
};

/** More than the daemon gives in one answer. */
const maxLines = 100_000;
const followMs = 500;

interface LogLine {
  readonly time: string;
  readonly line: string;
}

function linesOf(value: unknown): readonly LogLine[] {
  return listOf(value).map(({ time, line }) => ({ time: textOf(time), line: textOf(line) }));
}

function lineText({ time, line }: LogLine, asJson: boolean): string {
  return asJson ? `${jsonText({ time, line })}\n` : `${time} ${line}\n`;
}

/** Mails that came earlier may end later: what the last minutes had is asked for again, and each line printed once. */
async function follow(
  shown: readonly LogLine[],
  filter: { readonly match?: string },
  where: DaemonPlace,
  io: Io,
  print: (lines: readonly LogLine[]) => void,
): Promise<number> {
  const beganMs = io.now();
  let known = new Set(shown.map(({ time, line }) => `${time} ${line}`));
  for (let isFirst = true; await pause(followMs, io.signal); isFirst = false) {
    const sinceMs = Math.max(beganMs, io.now()) - overlapMs;
    const asked = await askDaemon({ command: "log", limit: maxLines, sinceMs, ...filter }, where, io);
    if ("exit" in asked) return asked.exit;
    const lines = linesOf(asked.value);
    const fresh = lines.filter(
      ({ time, line }) => !known.has(`${time} ${line}`) && (!isFirst || Date.parse(time) >= beganMs - followMs),
    );
    known = new Set(lines.map(({ time, line }) => `${time} ${line}`));
    if (fresh.length > 0) print(fresh);
  }
  return exitCode.ok;
}

const overlapMs = 600_000;

/** False when the command is to end. */
async function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await sleep(ms, undefined, { signal });
    return true;
  } catch {
    return false;
  }
}
