// The rights with which the daemon will look at keys. A command that root runs would see more than the daemon does.
import {
  asUser,
  nameOf,
  realUserSystem,
  rootsChoice,
  type UnixUser,
  type UserSettings,
  type UserSystem,
} from "../process/unix-user.ts";

export interface DaemonRights {
  /** The user that the daemon becomes; absent where this process sees what the daemon sees, as far as is known. */
  readonly user?: string;
  /** Runs `action` with these rights. */
  act<Result>(action: () => Result): Result;
}

export const ownRights: DaemonRights = { act: (action) => action() };

export function daemonRights(settings: UserSettings, system: UserSystem = realUserSystem): DaemonRights {
  if (system.uid() !== 0) return ownRights;
  const user = chosen(settings, system);
  return user === undefined
    ? ownRights
    : { user: nameOf("user", user.uid, system), act: (action) => asUser(user, action) };
}

/** A file that is not there is reported where it is read. */
function chosen(settings: UserSettings, system: UserSystem): UnixUser | undefined {
  try {
    return rootsChoice(settings, system).user;
  } catch {
    return undefined;
  }
}
