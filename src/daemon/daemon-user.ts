// The user that a daemon started by root acts as, from before its first file is opened. It stays able to go back to root
// for ports and for files in folders of root's; `serve` gives that up at the end.
import { lchownSync } from "node:fs";
import { makeFileFor, needsRootFor } from "../process/daemon-files.ts";
import { type ActingAs, actAs, chooseUser } from "../process/unix-user.ts";

export interface DaemonUser {
  /** Absent when the process keeps its own user. */
  readonly acting?: ActingAs;
  /** A warning for the log. */
  readonly warning?: string;
}

export interface DaemonUserSettings {
  readonly daemon_user: string | null;
  readonly daemon_group: string | null;
  readonly log: { readonly to: string };
}

/** Throws, naming the setting, when there is no such user. `user` stands for daemon_user and its own group. */
export function takeDaemonUser({ daemon_user, daemon_group, log }: DaemonUserSettings, user?: string): DaemonUser {
  const { user: chosen, warning } = chooseUser(
    user === undefined ? { daemon_user, daemon_group } : { daemon_user: user, daemon_group: null },
  );
  const told = warning === undefined ? {} : { warning };
  if (chosen === undefined) return told;
  if (log.to.startsWith("/")) makeFileFor(log.to, chosen);
  return { acting: actAs(chosen), ...told };
}

/** Makes a file or socket with the rights of the daemon's user, or root's where only root may make files there. */
export function makeAt<Result>(acting: ActingAs | undefined, path: string, make: () => Result): Result {
  return acting !== undefined && needsRootFor(path, acting.user) ? acting.asRoot(make) : make();
}

/** Gives a socket that root had to make to the daemon's user, in a folder that nobody else can change. */
export function giveSocket({ user, asRoot }: ActingAs, path: string): void {
  if (needsRootFor(path, user)) asRoot(() => lchownSync(path, user.uid, user.gid));
}
