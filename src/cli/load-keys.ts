// The signing keys of the configuration, for the commands that speak of keys: read from disk, problems told.
import type { Config } from "../config/config.ts";
import { defaultConfigFile } from "../config/default-file.ts";
import { loadConfig } from "../config/load.ts";
import { problemLine, sortProblems } from "../config/report.ts";
import type { Problem } from "../config/source.ts";
import { daemonRights, ownRights } from "../reading/daemon-rights.ts";
import { fronts } from "../reading/fronts.ts";
import { keyFilesOnDisk } from "../reading/list-keys.ts";
import type { Keyring } from "../signing/keyring.ts";
import { loadKeyring } from "../signing/load-keyring.ts";
import { exitCode, type Io } from "./command.ts";
import { unreadableConfig } from "./config-file.ts";

export interface LoadedKeys {
  readonly config: Config;
  readonly keyring: Keyring;
}

/**
 * The configuration with its keys, looked at with the caller's rights or the daemon's; or the exit code, after a message,
 * when it cannot be used.
 */
export async function loadKeys(
  file: string | undefined,
  as: "daemon" | "self",
  io: Pick<Io, "cwd" | "stderr">,
): Promise<LoadedKeys | number> {
  const path = file ?? defaultConfigFile;
  const unreadable = unreadableConfig(path, io);
  if (unreadable !== undefined) return unreadable;
  const { config, problems, source } = await loadConfig(path, { cwd: io.cwd, fronts });
  const tell = (found: readonly Problem[]): void => {
    for (const problem of sortProblems(found)) io.stderr(`${problemLine(problem)}\n`);
  };
  if (config === undefined) {
    tell(problems.filter(({ severity }) => severity === "error"));
    return exitCode.config;
  }
  const { user, act } = as === "self" ? ownRights : daemonRights(config);
  const loaded = act(() => loadKeyring(config, keyFilesOnDisk(io.cwd)));
  tell(
    loaded.problems.map(({ denied, ...given }): Problem => {
      const seenBy = denied === true && user !== undefined ? ` (looked at as ${user}, as whom the daemon runs)` : "";
      const problem = { ...given, message: `${given.message}${seenBy}` };
      const place = problem.place ?? (problem.path === undefined ? undefined : source.locate(problem.path));
      return place === undefined ? problem : { ...problem, place };
    }),
  );
  if (loaded.problems.some(({ severity }) => severity === "error")) return exitCode.config;
  return { config, keyring: loaded.keyring };
}
