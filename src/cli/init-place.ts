// Where `init` puts configuration, keys and history, and how it makes folders there that the daemon can use.
import { chownSync, mkdirSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { defaultConfigFile } from "../config/default-file.ts";
import type { UnixUser } from "../process/unix-user.ts";

export interface InitPlace {
  /** The configuration file, absolute. */
  readonly config: string;
  /** dkim_key_dir, absolute. */
  readonly keys: string;
  /** dkim_key_dir as the configuration says it. */
  readonly keysText: string;
  /** history.file; undefined keeps the history in memory. */
  readonly history: string | undefined;
}

/** What the manual pages, the unit and the Debian package name. */
const serviceKeys = "/var/lib/signpost/keys";
const serviceHistory = "/var/lib/signpost/history/history.sqlite";

/** The places of the service where root makes it; a folder of one's own, all in it, for everybody else or elsewhere. */
export function initPlace(config: string | undefined, isRoot: boolean, cwd: string): InitPlace {
  const file = resolve(cwd, config ?? (isRoot ? defaultConfigFile : "signpost.yaml"));
  if (isRoot && file === defaultConfigFile) {
    return { config: file, keys: serviceKeys, keysText: serviceKeys, history: serviceHistory };
  }
  return { config: file, keys: join(dirname(file), "keys"), keysText: "keys", history: undefined };
}

/** A folder that root owns and the daemon's group may enter; one that is there stays as it is. */
export function makeFolder(folder: string, reader: UnixUser | undefined): void {
  if (isThere(folder)) return;
  mkdirSync(dirname(folder), { recursive: true, mode: 0o755 });
  mkdirSync(folder, { mode: 0o750 });
  if (reader !== undefined && process.getuid?.() === 0) chownSync(folder, 0, reader.gid);
}

/** A folder of the daemon's own, as systemd makes it with StateDirectory. */
export function makeStateFolder(folder: string, owner: UnixUser | undefined): void {
  if (isThere(folder)) return;
  mkdirSync(dirname(folder), { recursive: true, mode: 0o755 });
  mkdirSync(folder, { mode: 0o700 });
  if (owner !== undefined && process.getuid?.() === 0) chownSync(folder, owner.uid, owner.gid);
}

export function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
