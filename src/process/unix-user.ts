// The user the daemon runs as: looked up before anything is opened, taken on once the ports are open. Without root there
// is nothing to look up: the process stays who it is.

import { chownSync, readFileSync } from "node:fs";
import { errorCode } from "../mail/error-text.ts";

export interface UnixUser {
  readonly uid: number;
  readonly gid: number;
  /** All its groups, `gid` among them. */
  readonly groups: readonly number[];
}

/** What can be asked and done about the process's own user; a test hands in others. */
export interface UserSystem {
  uid(): number;
  /** The contents of /etc/passwd and /etc/group. */
  passwd(): string;
  group(): string;
}

export const realUserSystem: UserSystem = {
  uid: () => process.getuid?.() ?? -1,
  passwd: () => readFileSync("/etc/passwd", "utf8"),
  group: () => readFileSync("/etc/group", "utf8"),
};

export interface UserChoice {
  /** To be taken on. */
  readonly account?: UnixUser;
  /** What the operator should know. */
  readonly warning?: string;
}

/** null: not set. */
export interface UserSettings {
  readonly daemon_user: string | null;
  readonly daemon_group: string | null;
}

/** Throws, naming the setting, when there is no such user or group. */
export function chooseUser(
  { daemon_user, daemon_group }: UserSettings,
  system: UserSystem = realUserSystem,
): UserChoice {
  const own = system.uid();
  if (daemon_user === null) {
    if (own !== 0) return {};
    return { warning: "running as root: set daemon_user, or start it as another user" };
  }
  const entry = entryOf(system.passwd(), daemon_user, 6);
  const uid = idOf(entry?.[2] ?? daemon_user);
  if (own !== 0) {
    return uid === own
      ? {}
      : { warning: `daemon_user ${daemon_user} is left alone: only root can become another user` };
  }
  if (uid === undefined) throw new Error(`daemon_user: there is no user "${daemon_user}"`);
  const gid = daemon_group === null ? idOf(entry?.[3] ?? "") : groupOf(system.group(), daemon_group);
  if (gid === undefined) {
    throw new Error(
      daemon_group === null
        ? `daemon_group: ${daemon_user} has no entry to take it from`
        : `daemon_group: there is no group "${daemon_group}"`,
    );
  }
  if (uid === 0) return { warning: "running as root: daemon_user is root" };
  return { account: { uid, gid, groups: [...new Set([gid, ...groupsWith(system.group(), entry?.[0])])] } };
}

/** The number of a user by name or number; undefined where there is no such user. */
export function userId(user: string, system: UserSystem = realUserSystem): number | undefined {
  return idOf(entryOf(system.passwd(), user, 6)?.[2] ?? user);
}

/** The process, all its threads included, runs as `account` from now on and cannot go back. */
export function become({ uid, gid, groups }: UnixUser): void {
  if (process.setgroups === undefined || process.setgid === undefined || process.setuid === undefined) {
    throw new Error("this system has no users");
  }
  process.setgroups([...groups]);
  process.setgid(gid);
  process.setuid(uid);
  if (process.getuid?.() !== uid || process.geteuid?.() !== uid) throw new Error(`cannot become the user ${uid}`);
}

/** The process acts as another, and can still be root for a moment. */
export interface ActingAs {
  asRoot<Result>(action: () => Result): Result;
}

/**
 * For a process that starts others, which open ports as root before they become `account` for good: whatever it does
 * itself, it does as `account`, but it can go back.
 */
export function actAs({ uid, gid, groups }: UnixUser): ActingAs {
  const { setgroups, setegid, seteuid } = process;
  if (setgroups === undefined || setegid === undefined || seteuid === undefined) {
    throw new Error("this system has no users");
  }
  const leaveRoot = () => {
    setegid(gid);
    seteuid(uid);
    if (process.geteuid?.() !== uid) throw new Error(`cannot act as the user ${uid}`);
  };
  setgroups([...groups]);
  leaveRoot();
  return {
    asRoot(action) {
      seteuid(0);
      setegid(0);
      try {
        return action();
      } finally {
        leaveRoot();
      }
    },
  };
}

/** Gives files that root opened to `account`, so that it can open them again; those that are not there are passed over. */
export function handOver(paths: readonly string[], { uid, gid }: UnixUser): void {
  for (const path of paths) {
    try {
      chownSync(path, uid, gid);
    } catch (error) {
      if (errorCode(error) !== "ENOENT") throw error;
    }
  }
}

/** The line of /etc/passwd or /etc/group whose name or number this is. */
function entryOf(text: string, wanted: string, fields: number): readonly string[] | undefined {
  const entries = text.split("\n").map((line) => line.split(":"));
  const whole = entries.filter((entry) => entry.length >= fields);
  return whole.find(([name]) => name === wanted) ?? whole.find(([, , id]) => id === wanted);
}

/** The groups of which /etc/group names the user as a member. */
function groupsWith(text: string, user: string | undefined): number[] {
  if (user === undefined) return [];
  const entries = text.split("\n").map((line) => line.split(":"));
  return entries.flatMap(([, , id = "", members = ""]) => (members.split(",").includes(user) ? (idOf(id) ?? []) : []));
}

function groupOf(text: string, wanted: string): number | undefined {
  return idOf(entryOf(text, wanted, 3)?.[2] ?? wanted);
}

function idOf(text: string): number | undefined {
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
