// The user that the daemon runs as: looked up before anything is opened, and taken once the ports are open. A process that
// root did not start keeps its user.
import { readFileSync } from "node:fs";

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
  /** The user to become; absent when the process keeps its own. */
  readonly user?: UnixUser;
  /** A warning for the log. */
  readonly warning?: string;
}

/** null: not set. */
export interface UserSettings {
  readonly daemon_user: string | null;
  readonly daemon_group: string | null;
}

/** When root starts the daemon and daemon_user is not set, the first of these users that exists is taken. */
const usualUsers = ["signpost", "nobody"] as const;

/** Throws, naming the setting, when there is no such user or group. */
export function chooseUser(
  { daemon_user, daemon_group }: UserSettings,
  system: UserSystem = realUserSystem,
): UserChoice {
  const own = system.uid();
  if (own !== 0) {
    if (daemon_user === null || idOf(entryOf(system.passwd(), daemon_user, 6)?.[2] ?? daemon_user) === own) return {};
    return { warning: `daemon_user ${daemon_user} is left alone: only root can become another user` };
  }
  return rootsChoice({ daemon_user, daemon_group }, system);
}

/** The user of a daemon that root starts. Throws, naming the setting, when there is no such user or group. */
export function rootsChoice(
  { daemon_user, daemon_group }: UserSettings,
  system: UserSystem = realUserSystem,
): UserChoice {
  const passwd = system.passwd();
  const name = daemon_user ?? usualUsers.find((each) => entryOf(passwd, each, 6)?.[0] === each);
  if (name === undefined) throw new Error("daemon_user: not set, and there is neither a user signpost nor nobody");
  const entry = entryOf(passwd, name, 6);
  const uid = idOf(entry?.[2] ?? name);
  if (uid === undefined) throw new Error(`daemon_user: there is no user "${name}"`);
  const gid = daemon_group === null ? idOf(entry?.[3] ?? "") : groupOf(system.group(), daemon_group);
  if (gid === undefined) {
    throw new Error(
      daemon_group === null
        ? `daemon_group: ${name} has no entry to take it from`
        : `daemon_group: there is no group "${daemon_group}"`,
    );
  }
  if (uid === 0) return { warning: "running as root: daemon_user is root" };
  const user = { uid, gid, groups: [...new Set([gid, ...groupsWith(system.group(), entry?.[0])])] };
  if (daemon_user !== null) return { user };
  return { user, warning: `started by root without daemon_user: running as ${name}` };
}

/** The number of a user by name or number; undefined where there is no such user. */
export function userId(user: string, system: UserSystem = realUserSystem): number | undefined {
  return idOf(entryOf(system.passwd(), user, 6)?.[2] ?? user);
}

/** The name of a user or group by its number, or the number where it has none. */
export function nameOf(kind: "user" | "group", id: number, system: UserSystem = realUserSystem): string {
  const [text, fields] = kind === "user" ? [system.passwd(), 6] : [system.group(), 3];
  const entries = text.split("\n").map((line) => line.split(":"));
  const found = entries.find((entry) => entry.length >= fields && entry[2] === String(id));
  return found?.[0] ?? String(id);
}

/** The process and all its threads run as this user from now on and cannot go back. */
export function become({ uid, gid, groups }: UnixUser): void {
  if (process.setgroups === undefined || process.setgid === undefined || process.setuid === undefined) {
    throw new Error("this system has no users");
  }
  process.setgroups([...groups]);
  process.setgid(gid);
  process.setuid(uid);
  if (process.getuid?.() !== uid || process.geteuid?.() !== uid) throw new Error(`cannot become the user ${uid}`);
}

/** While a process acts as `user`: it can still do single things as root. */
export interface ActingAs {
  readonly user: UnixUser;
  /** Calls `action` as root. */
  asRoot<Result>(action: () => Result): Result;
  /** The same until the promise settles: ports are opened in more than one step. */
  whileRoot<Result>(action: () => Promise<Result>): Promise<Result>;
  /** Becomes root again, with the groups that it had before. */
  end(): void;
}

/**
 * From now on the process acts as `user`: it opens and makes files with that user's rights, so that no link that this
 * user put somewhere leads to what only root may change. It can go back to open ports and to start other processes.
 */
export function actAs(user: UnixUser): ActingAs {
  const { uid, gid, groups } = user;
  const { getgroups, setgroups, setegid, seteuid } = process;
  if (getgroups === undefined || setgroups === undefined || setegid === undefined || seteuid === undefined) {
    throw new Error("this system has no users");
  }
  const ownGroups = getgroups();
  const becomeRoot = () => {
    seteuid(0);
    setegid(0);
  };
  const leaveRoot = () => {
    setegid(gid);
    seteuid(uid);
    if (process.geteuid?.() !== uid) throw new Error(`cannot act as the user ${uid}`);
  };
  becomeRoot();
  setgroups([...groups]);
  leaveRoot();
  return {
    user,
    asRoot(action) {
      becomeRoot();
      try {
        return action();
      } finally {
        leaveRoot();
      }
    },
    async whileRoot(action) {
      becomeRoot();
      try {
        return await action();
      } finally {
        leaveRoot();
      }
    },
    end() {
      becomeRoot();
      setgroups(ownGroups);
    },
  };
}

/** Runs `action` with the rights of `user`; before and after it the process is root. */
export function asUser<Result>({ uid, gid, groups }: UnixUser, action: () => Result): Result {
  const { getgroups, getegid, setgroups, setegid, seteuid } = process;
  if (
    getgroups === undefined ||
    getegid === undefined ||
    setgroups === undefined ||
    setegid === undefined ||
    seteuid === undefined
  ) {
    throw new Error("this system has no users");
  }
  const [ownGroups, ownGid] = [getgroups(), getegid()];
  setgroups([...groups]);
  setegid(gid);
  seteuid(uid);
  try {
    return action();
  } finally {
    seteuid(0);
    setegid(ownGid);
    setgroups(ownGroups);
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
