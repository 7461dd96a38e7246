// Commands that talk to the daemon: the options they share, and the question at its control socket.

import { parseArgs } from "node:util";
import { defaultConfigFile } from "../config/default-file.ts";
import { loadConfig } from "../config/load.ts";
import { ask, Unanswered } from "../control/client.ts";
import type { ControlRequest } from "../control/protocol.ts";
import { commandSocketPaths, distrust } from "../control/socket-path.ts";
import { errorText } from "../mail/error-text.ts";
import { fronts } from "../reading/fronts.ts";
import { exitCode, type Io } from "./command.ts";
import { socketPlace } from "./control-place.ts";

/** Options of every command that talks to the daemon. */
export const controlOptions = { config: { type: "string", short: "c" }, socket: { type: "string" } } as const;

export const controlUsage = `  --config FILE  the configuration, for where the control socket is; default ${defaultConfigFile}
  --socket PATH  the control socket itself`;

export function parseControlArgs(args: readonly string[]) {
  return parseArgs({ args: [...args], options: controlOptions, allowPositionals: true });
}

/** The daemon's answer, or the exit code when there was none; what is wrong was then told. */
export type Asked = { readonly value: unknown } | { readonly exit: number };

/** Asks the daemon at `socket`, else where the configuration says, else at the usual places. */
export async function askDaemon(
  request: ControlRequest,
  { socket, config }: { readonly socket?: string | undefined; readonly config?: string | undefined },
  io: Io,
  timeoutMs = 10_000,
): Promise<Asked> {
  const place = socketPlace(socket ?? (await configuredSocket(config, io)), io.env);
  const tried: string[] = [];
  for (const path of commandSocketPaths(place)) {
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
  io.stderr(`signpost: no daemon is running: nobody answers at ${tried.join(" or ")}\n`);
  return { exit: exitCode.unavailable };
}

/** control.socket of a configuration, as far as it can be read: a broken one must not keep us from asking. */
async function configuredSocket(file: string | undefined, io: Io): Promise<string | null> {
  const { config } = await loadConfig(file ?? defaultConfigFile, { cwd: io.cwd, fronts });
  return config?.control.socket ?? null;
}
