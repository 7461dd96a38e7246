// Opens a listening socket: an address and port, or a path with its permissions.
import { linkSync, renameSync, rmSync } from "node:fs";
import { chmod, lstat, unlink } from "node:fs/promises";
import { connect, type ListenOptions, type Server } from "node:net";
import { errorCode } from "../mail/error-text.ts";
import type { ListenerName } from "../mail/transaction.ts";

export interface ListenAt {
  /** An address or, for a unix socket, only `path`. */
  readonly address?: string;
  /** 0 picks a free one. */
  readonly port?: number;
  readonly path?: string;
  /** Permissions of a unix socket; the umask's unless given. */
  readonly mode?: number;
  readonly backlog?: number;
  /** Several processes may share the port. */
  readonly reusePort?: boolean;
  /** A descriptor that listens there already, inherited at the start of the process. */
  readonly descriptor?: number;
}

/** A crowd that comes at once is to be greeted, not to try again in a second; the kernel takes less if it allows less. */
const defaultBacklog = 4096;

/**
 * Listens with `server`; `listen` is the server's own, or that of what is built around it. Resolves to where it listens.
 * Rejects when the address cannot be had.
 */
export async function openSocket(
  server: Server,
  at: ListenAt,
  listen: (options: ListenOptions, done: () => void) => void = (options, done) => server.listen(options, done),
): Promise<ListenerName> {
  const isInherited = at.descriptor !== undefined;
  if (at.path !== undefined && !isInherited) await removeStaleSocket(at.path);
  const options: ListenOptions & { fd?: number } = { backlog: at.backlog ?? defaultBacklog };
  if (at.descriptor === undefined) options.reusePort = at.reusePort ?? false;
  if (at.descriptor !== undefined) options.fd = at.descriptor;
  else if (at.path !== undefined) options.path = at.path;
  else {
    options.port = at.port ?? 0;
    if (at.address !== undefined) options.host = at.address;
  }
  await new Promise<void>((resolve, reject) => {
    const failed = (error: Error) => reject(listenTrouble(error, at));
    server.once("error", failed);
    // bind() happens within listen(): with this umask the socket is never open to more than it should be.
    const before = at.mode === undefined || isInherited ? undefined : process.umask(0o777 & ~at.mode);
    listen(options, () => {
      server.off("error", failed);
      resolve();
    });
    if (before !== undefined) process.umask(before);
  });
  if (at.path !== undefined && at.mode !== undefined && !isInherited) await chmod(at.path, at.mode);
  const bound = server.address();
  if (at.path !== undefined) return { address: "", port: 0, path: at.path };
  if (bound !== null && typeof bound === "object") return { address: bound.address, port: bound.port };
  return { address: "", port: 0 };
}

/** Why an address cannot be had, in words that say what to do. */
export function listenTrouble(
  error: Error,
  { address = "*", port = 0, path }: Pick<ListenAt, "address" | "port" | "path">,
): Error {
  const where = path ?? `${address}:${port}`;
  const words: Readonly<Record<string, string>> = {
    EADDRINUSE: `${where} is in use by another program${path === undefined ? `: "ss -ltnp sport = :${port}" shows which` : ""}`,
    EACCES:
      path === undefined
        ? `${where} may not be opened: ports below 1024 want root or CAP_NET_BIND_SERVICE`
        : `${path} cannot be made: permission denied`,
    EADDRNOTAVAIL: `${where} cannot be opened: this host has no such address`,
  };
  const code = errorCode(error) ?? "";
  const message = words[code];
  return message === undefined ? error : Object.assign(new Error(message, { cause: error }), { code });
}

/** The descriptor a server listens on, to be handed to another process; undefined where it cannot be found. */
export function descriptorOf(server: Server): number | undefined {
  if (!("_handle" in server)) return undefined;
  const { _handle: handle } = server;
  if (typeof handle !== "object" || handle === null || !("fd" in handle)) return undefined;
  return typeof handle.fd === "number" && handle.fd >= 0 ? handle.fd : undefined;
}

/**
 * Stops accepting where another process goes on with the same socket: what the system would remove with the last name
 * of a unix socket keeps a second one meanwhile.
 */
export function leaveSocket(server: Server, path: string | undefined): void {
  if (path === undefined) {
    server.close();
    return;
  }
  const kept = `${path}.${process.pid}`;
  try {
    linkSync(path, kept);
  } catch {
    // In a folder of somebody else's: closing can remove nothing there either.
    server.close();
    return;
  }
  server.close();
  try {
    renameSync(kept, path);
  } finally {
    // Still there where both names were: renaming one of them to the other does nothing.
    rmSync(kept, { force: true });
  }
}

/**
 * A socket file that a killed process left behind would keep us from listening. One that somebody listens on stays,
 * and so does a file that is no socket: listening then fails as it should.
 */
async function removeStaleSocket(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found?.isSocket() !== true) return;
  const inUse = await new Promise<boolean>((resolve) => {
    const probe = connect(path, () => {
      probe.destroy();
      resolve(true);
    });
    // EAGAIN: somebody listens, and has more waiting than he takes.
    probe.once("error", (error) => resolve(errorCode(error) === "EAGAIN"));
  });
  if (!inUse) await unlink(path);
}
