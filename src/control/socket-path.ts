// Where the control socket is. A user who can write to it can reload the daemon and read what mail passed, so it lies in
// a folder of its user's own.
import { lstatSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";

/** What the place depends on when it is not configured. */
export interface SocketPlace {
  /** control.socket */
  readonly configured: string | null;
  /** $RUNTIME_DIRECTORY, as systemd sets it for the service. */
  readonly runtimeDirectory: string | undefined;
  readonly temporaryFolder: string;
  readonly uid: number;
}

const name = "control.sock";
/** What systemd makes of RuntimeDirectory=signpost; a command has no $RUNTIME_DIRECTORY to find it by. */
const serviceFolder = "/run/signpost";

/** Where the daemon opens it. */
export function daemonSocketPath(place: SocketPlace): string {
  return candidates(place)[0] ?? privatePath(place);
}

/** Where a command looks for it, best first. */
export function commandSocketPaths(place: SocketPlace): readonly string[] {
  if (place.configured !== null) return [place.configured];
  return [...new Set([...candidates(place), join(serviceFolder, name), privatePath(place)])];
}

function candidates({ configured, runtimeDirectory }: SocketPlace): readonly string[] {
  if (configured !== null) return [configured];
  const [folder] = (runtimeDirectory ?? "").split(":");
  return folder === undefined || folder === "" ? [] : [join(folder, name)];
}

function privatePath({ temporaryFolder, uid }: SocketPlace): string {
  return join(temporaryFolder, `signpost-${uid}`, name);
}

/** Whether it is the place that the daemon takes where none is configured and no service manager made one. */
export function isPrivatePath(path: string, place: SocketPlace): boolean {
  return path === privatePath(place);
}

/**
 * In a folder that everybody may write to, a folder of our name may be somebody else's trap: throws unless it is a
 * folder of ours that nobody else may write to. Made where it is missing; other places are the administrator's.
 */
export function ensurePrivateFolder(path: string, place: SocketPlace): void {
  if (path !== privatePath(place)) return;
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const trouble = folderTrouble(folder, place.uid);
  if (trouble !== undefined) throw new Error(`${folder} ${trouble}`);
}

/** What keeps us from trusting the folder of a default path; undefined where nothing does. */
export function distrust(path: string, place: SocketPlace): string | undefined {
  return path === privatePath(place) ? folderTrouble(dirname(path), place.uid) : undefined;
}

function folderTrouble(folder: string, uid: number): string | undefined {
  const stats = lstatSync(folder, { throwIfNoEntry: false });
  if (stats === undefined) return "does not exist";
  if (!stats.isDirectory()) return "is no folder";
  if (stats.uid !== uid) return "belongs to another user";
  return (stats.mode & 0o022) === 0 ? undefined : "may be written to by others";
}
