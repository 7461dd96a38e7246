// `signpost status`: how the daemon does, live on a terminal, once and plain elsewhere.
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { fieldsOf, listOf, textOf, textsOf } from "../control/answers.ts";
import { jsonText } from "../mail/json-text.ts";
import { askDaemon, controlOptions, controlUsage } from "./ask-daemon.ts";
import { type Command, exitCode, type Io, UsageError } from "./command.ts";
import { Samples } from "./samples.ts";
import { type Paint, type ProcessFacts, plain, type StatusFacts, statusLines } from "./status-view.ts";

export const status: Command = {
  name: "status",
  summary: "show how the running daemon does: rates, stages, keys, next hops, workers",
  usage: `[--config FILE] [--socket PATH] [--interval SECONDS] [--once | --json]

On a terminal the view is drawn anew until it is interrupted, elsewhere it is printed once. Exits 1 when the daemon is
not ready.

${controlUsage}
  --interval S   what rates are about, and how often the view is drawn; default 2
  --once         once, on a terminal too
  --json         one object, at once: version, pid, started, ready, troubles, processes, metrics without rates`,
  async run(args, io) {
    const { values } = parseArgs({
      args: [...args],
      options: {
        ...controlOptions,
        interval: { type: "string" },
        once: { type: "boolean" },
        json: { type: "boolean" },
      },
    });
    const interval = Number(values.interval ?? 2);
    if (!(interval >= 0.1 && interval <= 3600)) throw new UsageError("--interval takes seconds");
    const before = await look(values, io);
    if (typeof before === "number") return before;
    if (values.json === true) {
      io.stdout(`${jsonText(asJson(before))}\n`);
      return before.troubles.length === 0 ? exitCode.ok : exitCode.failure;
    }
    const isPlain = (io.env.NO_COLOR ?? "") !== "" || io.env.TERM === "dumb";
    if (io.env.TERM === "dumb" || !io.terminal || values.once === true) return showOnce(before, values, interval, io);
    io.stdout(screen.begin);
    try {
      return await showLive(before, values, interval, io, isPlain ? plain : colours);
    } finally {
      io.stdout(screen.end);
    }
  },
};

/** Lines end at the edge of the terminal and no cursor blinks while the view is up. */
const screen = { begin: "\x1b[?7l\x1b[?25l\x1b[2J", end: "\x1b[?7h\x1b[?25h" } as const;

async function showOnce(before: Look, where: Where, interval: number, io: Io): Promise<number> {
  if (!(await pause(interval, io.signal))) return exitCode.ok;
  const after = await look(where, io);
  if (typeof after === "number") return after;
  io.stdout(`${statusLines(factsOf(before, after, io), plain).join("\n")}\n`);
  return after.troubles.length === 0 ? exitCode.ok : exitCode.failure;
}

async function showLive(first: Look, where: Where, interval: number, io: Io, paint: Paint): Promise<number> {
  let before = first;
  while (await pause(interval, io.signal)) {
    const after = await look(where, io);
    if (typeof after === "number") return after;
    const lines = statusLines(factsOf(before, after, io), paint);
    // Home, each line cleared to its end, what was below cleared: no flicker.
    io.stdout(`\x1b[H${lines.map((line) => `${line}\x1b[K`).join("\n")}\n\x1b[J`);
    before = after;
  }
  return exitCode.ok;
}

interface Where {
  readonly socket?: string;
  readonly config?: string;
}

interface Look {
  readonly version: string;
  readonly pid: number;
  readonly startedAtMs: number;
  readonly troubles: readonly string[];
  readonly processes: readonly ProcessFacts[];
  readonly samples: Samples;
  readonly atMs: number;
}

async function look(where: Where, io: Io): Promise<Look | number> {
  const asked = await askDaemon({ command: "status" }, where, io);
  if ("exit" in asked) return asked.exit;
  const { version, pid, startedAtMs, troubles, text, processes } = fieldsOf(asked.value);
  return {
    version: textOf(version),
    pid: Number(pid),
    startedAtMs: Number(startedAtMs),
    troubles: textsOf(troubles),
    processes: listOf(processes).map((each) => ({
      number: Number(each.number),
      pid: Number(each.pid),
      isRunning: each.isRunning === true,
      sinceMs: Number(each.sinceMs),
      restarts: Number(each.restarts),
    })),
    samples: new Samples(textOf(text)),
    atMs: io.now(),
  };
}

function asJson({ version, pid, startedAtMs, troubles, processes, samples }: Look) {
  return {
    version,
    pid,
    started: new Date(startedAtMs).toISOString(),
    ready: troubles.length === 0,
    troubles,
    processes: processes.map(({ sinceMs, ...each }) => ({ ...each, since: new Date(sinceMs).toISOString() })),
    metrics: samples.every().filter(({ name }) => !name.endsWith("_bucket")),
  };
}

function factsOf(before: Look, after: Look, io: Io): StatusFacts {
  const looks = { before: before.samples, after: after.samples, seconds: (after.atMs - before.atMs) / 1000 };
  return { ...after, nowMs: io.now(), looks };
}

/** False when the command is to end. */
async function pause(seconds: number, signal: AbortSignal): Promise<boolean> {
  try {
    await sleep(seconds * 1000, undefined, { signal });
    return true;
  } catch {
    return false;
  }
}

const colours: Paint = {
  bold: (text) => `\x1b[1m${text}\x1b[0m`,
  bad: (text) => `\x1b[31m${text}\x1b[0m`,
  good: (text) => `\x1b[32m${text}\x1b[0m`,
};
