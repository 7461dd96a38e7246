// The keys that a configuration declares, listed and looked at on disk as the user sees them that this process acts as.
import { closeSync, openSync, readdirSync, readFileSync, type Stats, statSync } from "node:fs";
import { resolve } from "node:path";
import { type Place, type Problem, pathText, type SettingPath } from "../config/source.ts";
import type { KeyFiles } from "../signing/key-settings.ts";
import { listKeyring } from "../signing/load-keyring.ts";
import { readTlsFiles } from "../sockets/tls-files.ts";
import { lintSealing } from "./lint-sealing.ts";
import type { ReadConfig, Settings } from "./settings.ts";
import { createTelling } from "./telling.ts";

export interface ListedKeys {
  /** Absent when an error among the problems keeps the configuration from being used. */
  readonly settings?: Settings;
  /** What was given, and what is wrong with keys. */
  readonly problems: readonly Problem[];
}

export interface KeyPlaces {
  /** Relative names of files start here. */
  readonly cwd: string;
  /** Where a setting stands. */
  locate(path: SettingPath): Place | undefined;
  /** The user that root becomes for it: a key that this user may not read is then an error, since root can mend it. */
  readonly becomes?: string;
}

const cure = "give the file to its group (chgrp) with mode 0640, and let it into the folders above";

/** A step for each key. @param found what is wrong with the rest of the configuration */
export function* listKeys(
  read: ReadConfig,
  found: readonly Problem[],
  { cwd, locate, becomes }: KeyPlaces,
): Generator<void, ListedKeys> {
  const { keyring, problems: wrong, exposures } = yield* listKeyring(read.config, keyFilesOnDisk(cwd));
  const { problems, tell } = createTelling(found, locate);
  for (const { denied, ...problem } of wrong) {
    if (denied !== true || becomes === undefined) tell(problem);
    else tell({ ...problem, severity: "error", message: `${problem.message}. The daemon runs as ${becomes}: ${cure}` });
  }
  for (const { message, ...at } of exposures) {
    tell({ ...at, message: at.path === undefined ? message : `${pathText(at.path)}: ${message}` });
  }
  for (const problem of lintSealing(read.config, keyring)) tell(problem);
  for (const { setting, message } of readTlsFiles(read.config).faults) {
    tell({ severity: "error", path: [setting], message: `${setting}: ${message}` });
  }
  if (problems.some(({ severity }) => severity === "error")) return { problems };
  return { settings: { ...read, keyring }, problems };
}

/** Key files as they are on disk. */
export function keyFilesOnDisk(cwd: string): KeyFiles {
  const absolute = (name: string) => (name.startsWith("/") ? name : resolve(cwd, name));
  const uid = process.geteuid?.() ?? -1;
  const ownGid = process.getegid?.() ?? -1;
  const groups = new Set([ownGid, ...(process.getgroups?.() ?? [])]);
  return {
    readFile: (name) => readFileSync(absolute(name)),
    listFolder: (name) => readdirSync(absolute(name)),
    lookAt(name) {
      const path = absolute(name);
      const stats = statSync(path);
      // By owner and mode, which is cheap; access lists may know better.
      if (!stats.isFile() || !mayRead(stats, uid, groups)) closeSync(openSync(path, "r"));
      return { mode: stats.mode, uid: stats.uid, ownGroup: stats.gid === ownGid };
    },
  };
}

function mayRead({ uid: owner, gid, mode }: Stats, uid: number, groups: ReadonlySet<number>): boolean {
  const bits = owner === uid ? mode >> 6 : groups.has(gid) ? mode >> 3 : mode;
  return (bits & 0o4) !== 0;
}
