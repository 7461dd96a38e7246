// Makes a new key readable for the daemon, or tells the operator what to do for it.
import { closeSync, openSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { defaultConfigFile } from "../config/default-file.ts";
import { loadConfig } from "../config/load.ts";
import { systemError } from "../mail/error-text.ts";
import {
  asUser,
  nameOf,
  realUserSystem,
  rootsChoice,
  type UnixUser,
  type UserSettings,
  type UserSystem,
} from "../process/unix-user.ts";
import { fronts } from "../reading/fronts.ts";

/** The settings that name the daemon's user; not set in a configuration that cannot be used. */
export async function userSettings(config: string | undefined, cwd: string): Promise<UserSettings> {
  const loaded = await loadConfig(config ?? defaultConfigFile, { cwd, fronts });
  const { daemon_user = null, daemon_group = null } = loaded.config ?? {};
  return { daemon_user, daemon_group };
}

/** The user that has to read a new key; undefined when the daemon runs as root, or when its user is not known. */
export function keyReader(settings: UserSettings, system: UserSystem = realUserSystem): UnixUser | undefined {
  try {
    const { user } = rootsChoice(settings, system);
    const own = system.uid();
    if (user === undefined || user.uid === own) return undefined;
    // A caller who is not root may run the daemon as themselves, unless there is a user made for it.
    const isMadeForIt = settings.daemon_user !== null || nameOf("user", user.uid, system) === "signpost";
    return own === 0 || isMadeForIt ? user : undefined;
  } catch {
    return undefined;
  }
}

/** Called by root: lets the daemon's group read the file, which only root can change. */
export async function letRead(handle: FileHandle, { gid }: UnixUser): Promise<void> {
  await handle.chown(0, gid);
  await handle.chmod(0o640);
}

/** The message about a new key: what was done, or what the operator has to do. */
export function tellReader(file: string, path: string, { uid, gid, groups }: UnixUser, isRoot: boolean): string {
  const user = nameOf("user", uid);
  const group = nameOf("group", gid);
  if (!isRoot) {
    return `The daemon runs as ${user}; for it to read the key, as root:\n    chgrp ${group} ${file}\n    chmod 0640 ${file}\n`;
  }
  try {
    asUser({ uid, gid, groups }, () => closeSync(openSync(path, "r")));
    return `The daemon, running as ${user}, can read it by its group ${group}.\n`;
  } catch (error) {
    return `The daemon, running as ${user}, cannot get at it: ${systemError(error)}. Let ${group} into the folders above.\n`;
  }
}
