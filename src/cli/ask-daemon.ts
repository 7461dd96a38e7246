// Commands that talk to the daemon: the options they share, and the question at its control socket.

import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parseArgs } from "node:util";
import type { Config } from "../config/config.ts";
import { defaultConfigFile } from "../config/default-file.ts";
import { loadConfig } from "../config/load.ts";
import { problemLine, sortProblems } from "../config/report.ts";
import { ask, Unanswered } from "../control/client.ts";
import type { ControlRequest } from "../control/protocol.ts";
import { commandSocketPaths, distrust, type SocketPlace } from "../control/socket-path.ts";
import { errorText } from "../mail/error-text.ts";
import { fronts } from "../reading/fronts.ts";
import { exitCode, type Io } from "./command.ts";
import { unreadableConfig } from "./config-file.ts";
import { socketPlace } from "./control-place.ts";
import { keyReader } from "./daemon-key.ts";

/** Options of every command that talks to the daemon. */
export const controlOptions = { config: { type: "string", short: "c" }, socket: { type: "string" } } as const;

export const controlUsage = `  --config FILE  the configuration, for where the control socket is; default ${defaultConfigFile}
  --socket PATH  the control socket itself`;

export function parseControlArgs(args: readonly string[]) {
  return parseArgs({ args: [...args], options: controlOptions, allowPositionals: true });
}

/** The daemon's answer; or the exit code, after a message, when there was none. */
export type Asked = { readonly value: unknown } | { readonly exit: number };

export interface DaemonPlace {
  readonly socket?: string | undefined;
  readonly config?: string | undefined;
}

export interface AskOptions {
  readonly timeoutMs?: number;
  /** Answers the request while no daemon runs; undefined when that is not possible. */
  readonly offline?: (request: ControlRequest, config: Config) => unknown;
}

/**
 * Asks the daemon at `socket`, else where the configuration says, else at the usual places. One that runs with another
 * configuration than the one that was named does not answer.
 */
export async function askDaemon(
  question: ControlRequest,
  { socket, config }: DaemonPlace,
  io: Io,
  { timeoutMs = 10_000, offline }: AskOptions = {},
): Promise<Asked> {
  if (config !== undefined) {
    const unreadable = unreadableConfig(config, io);
    if (unreadable !== undefined) return { exit: unreadable };
  }
  const known = await readConfigured(config, io);
  const request = config === undefined ? question : { ...question, file: resolve(io.cwd, config) };
  const tried: string[] = [];
  for (const { path, place } of socketPaths(socket ?? known.socket, known.config, io)) {
    const trouble = distrust(path, place);
    if (trouble !== undefined) {
      tried.push(`${path} (its folder ${trouble})`);
      continue;
    }
    try {
      return { value: await ask(path, request, timeoutMs) };
    } catch (error) {
      if (!(error instanceof Unanswered)) {
        io.stderr(`signpost: ${errorText(error)}\n`);
        return { exit: exitCode.failure };
      }
      if (error.code === "ENOENT" || error.code === "ECONNREFUSED") {
        tried.push(path);
        continue;
      }
      io.stderr(`signpost: ${path}: ${error.code === "EACCES" ? "permission denied" : error.message}\n`);
      return { exit: error.code === "EACCES" ? exitCode.permission : exitCode.temporary };
    }
  }
  const kept = known.config === undefined ? undefined : offline?.(request, known.config);
  if (kept !== undefined) return { value: kept };
  io.stderr(`signpost: no daemon is running: nobody answers at ${tried.join(" or ")}\n`);
  return { exit: exitCode.unavailable };
}

interface PathToAsk {
  readonly path: string;
  readonly place: SocketPlace;
}

/**
 * Where a daemon may listen, best first. One that root started makes its socket in root's folder; the process that took its
 * place at an upgrade never was root, and has it in the folder of the daemon's user.
 */
function socketPaths(configured: string | null, config: Config | undefined, io: Io): readonly PathToAsk[] {
  const place = socketPlace(configured, io.env);
  const { daemon_user = null, daemon_group = null } = config ?? {};
  const user = place.uid === 0 && configured === null ? keyReader({ daemon_user, daemon_group }) : undefined;
  const places = user === undefined ? [place] : [place, { ...place, uid: user.uid }];
  const all = places.flatMap((each) => commandSocketPaths(each).map((path) => ({ path, place: each })));
  return all.filter(({ path }, index) => all.findIndex((other) => other.path === path) === index);
}

const maxProblems = 3;

/** The value of control.socket. Errors of the configuration are printed; what can be read of it still counts. */
async function readConfigured(
  file: string | undefined,
  io: Io,
): Promise<{ readonly socket: string | null; readonly config?: Config }> {
  const named = file ?? defaultConfigFile;
  if (file === undefined && !existsSync(named)) return { socket: null };
  const { config, problems, source } = await loadConfig(named, { cwd: io.cwd, fronts });
  if (config !== undefined) return { socket: config.control.socket, config };
  const errors = sortProblems(problems).filter(({ severity }) => severity === "error");
  for (const problem of errors.slice(0, maxProblems)) io.stderr(`${problemLine(problem)}\n`);
  io.stderr(`signpost: ${named} has errors; the daemon that runs with an earlier state of it is asked\n`);
  const { control } = source.settings;
  const socket = typeof control === "object" && control !== null && "socket" in control ? control.socket : undefined;
  return { socket: typeof socket === "string" ? resolve(io.cwd, dirname(named), socket) : null };
}
