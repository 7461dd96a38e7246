// Files of a daemon that root starts: whose rights they are opened with, and how a file in a folder of root's becomes the
// daemon's. Names are not to be trusted in a folder that the daemon's user can change: a link there could lead anywhere.
import { closeSync, constants, fchownSync, fstatSync, lstatSync, openSync, realpathSync, type Stats } from "node:fs";
import { dirname, resolve } from "node:path";
import type { UnixUser } from "./unix-user.ts";

/** Who wrote to whom is for administrators alone. */
const fileMode = 0o640;

/** Whether `user` may make files in a folder, by its owner and mode; access lists are not looked at. */
export function mayMakeFiles(folder: Pick<Stats, "uid" | "gid" | "mode">, { uid, groups }: UnixUser): boolean {
  const bits = folder.uid === uid ? folder.mode >> 6 : groups.includes(folder.gid) ? folder.mode >> 3 : folder.mode;
  return (bits & 0o3) === 0o3;
}

/** Whether nobody but root can change what a folder holds, or put another in its place. Throws where there is none. */
export function isRootsAlone(folder: string): boolean {
  for (let place = realpathSync(folder); ; place = dirname(place)) {
    const { uid, mode } = lstatSync(place);
    if (uid !== 0 || (mode & 0o022) !== 0) return false;
    if (place === dirname(place)) return true;
  }
}

/**
 * Whether `path` has to be opened by root, since `user` may not make files in its folder. Throws, naming the path, where
 * others than root and `user` can change the folder; a folder that is not there is left to the one who opens the file.
 */
export function needsRootFor(path: string, user: UnixUser): boolean {
  const folder = dirname(resolve(path));
  const stats = lstatSync(folder, { throwIfNoEntry: false });
  if (stats === undefined || mayMakeFiles(stats.isSymbolicLink() ? lstatSync(realpathSync(folder)) : stats, user)) {
    return false;
  }
  if (isRootsAlone(folder)) return true;
  throw new Error(`${path}: uid ${user.uid} may not make files in ${folder}, and others than root may change it`);
}

/**
 * Makes `path`, where it is missing, in a folder that is root's alone, and gives it to `user`; does nothing in a folder where
 * `user` makes its own files. To be called as root. A link, a file with several names or another user's is left alone.
 */
export function makeFileFor(path: string, user: UnixUser): void {
  if (!needsRootFor(path, user)) return;
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
  // O_NONBLOCK: a pipe without a reader must not hold up the start.
  const descriptor = openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, fileMode);
  try {
    const stats = fstatSync(descriptor);
    if (stats.isFile() && stats.nlink === 1 && stats.uid === 0) fchownSync(descriptor, user.uid, user.gid);
  } finally {
    closeSync(descriptor);
  }
}
