// A whole configuration, read in this process: for commands, and for tests.
import { loadConfig } from "../config/load.ts";
import type { SettingPath } from "../config/source.ts";
import { atOnce } from "../process/slices.ts";
import { loadKeyring } from "../signing/load-keyring.ts";
import { daemonRights } from "./daemon-rights.ts";
import { type ListedKeys, listKeys } from "./list-keys.ts";
import { type LoadedFiles, loadConfigFiles } from "./load-config-files.ts";
import type { Settings } from "./settings.ts";

export interface LoadedSettings extends ListedKeys {
  readonly files: LoadedFiles;
}

/**
 * Whatever is wrong is among the problems, with file, line and column.
 *
 * @param cwd relative names on the command line start here
 * @param as whose rights key files are looked at with: the daemon's, where that may become another user
 * @param denied what a key is that these rights do not reach
 */
export async function loadSettings(
  path: string,
  cwd: string,
  as: "daemon" | "self" = "self",
  denied: "error" | "warning" = "warning",
): Promise<LoadedSettings> {
  const files = await loadConfigFiles(path, cwd);
  const { read, problems, loaded } = files;
  if (read === undefined) return { problems, files };
  const locate = (at: SettingPath) => loaded.source.locate(at);
  if (as === "self") return { ...atOnce(listKeys(read, problems, { cwd, locate })), files };
  const { user, act } = daemonRights(read.config);
  const places = { cwd, locate, ...(user === undefined || denied === "warning" ? {} : { becomes: user }) };
  return { ...act(() => atOnce(listKeys(read, problems, places))), files };
}

/** Every setting at its default: for commands that need no configuration. */
export async function defaultSettings(): Promise<Settings> {
  const name = "defaults.yaml";
  const files = { read: () => "{}", glob: (pattern: string) => [pattern] };
  const { config, problems } = await loadConfig(name, { files });
  if (config === undefined) throw new Error(problems.map(({ message }) => message).join("; "));
  const none = {
    readFile: () => new Uint8Array(),
    listFolder: () => [],
    lookAt: () => ({ mode: 0, uid: 0, ownGroup: true }),
  };
  const { keyring } = loadKeyring({}, none);
  return { config, keyring, tables: { readFile: () => "", problem: () => {} } };
}
