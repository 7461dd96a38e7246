// The receive part as the daemon sees it: a listener per port or socket path, opened, drained, closed.

import { chmod, lstat, unlink } from "node:fs/promises";
import { connect, type ListenOptions } from "node:net";
import { errorCode } from "../mail/error-text.ts";
import type { ListenerName } from "../mail/transaction.ts";
import { FilterConnection } from "./connection.ts";
import { FilterServer, type ServerNeeds } from "./server.ts";

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
}

export interface Listener {
  /** Where it listens, once `listen` resolved. */
  readonly name: ListenerName;
  readonly connections: number;
  /** Rejects when the address cannot be had. */
  listen(): Promise<ListenerName>;
  /** No further connections; those that are there go on. */
  stopAccepting(): void;
  /**
   * Stops accepting, sends idle sessions home with 421 4.3.2 and waits for messages under way to get their true
   * reply. What is left at the deadline is cut off without one. Resolves to how many sessions that were.
   */
  drain(deadlineMs: number): Promise<number>;
}

/** A crowd that comes at once is to be greeted, not to try again in a second; the kernel takes less if it allows less. */
const defaultBacklog = 4096;

/** A listener that does not listen yet. */
export function createListener(at: ListenAt, needs: Omit<ServerNeeds, "socketPath">): Listener {
  const server = new FilterServer({ ...needs, ...(at.path !== undefined && { socketPath: at.path }) });
  let name: ListenerName = {
    address: at.address ?? "",
    port: at.port ?? 0,
    ...(at.path !== undefined && { path: at.path }),
  };
  let accepting = false;

  function stopAccepting(): void {
    if (!accepting) return;
    accepting = false;
    server.server.close();
  }

  return {
    get name() {
      return name;
    },
    get connections() {
      return server.openConnections;
    },
    async listen() {
      if (at.path !== undefined) await removeStaleSocket(at.path);
      const options: ListenOptions = { backlog: at.backlog ?? defaultBacklog, reusePort: at.reusePort ?? false };
      if (at.path !== undefined) options.path = at.path;
      else {
        options.port = at.port ?? 0;
        if (at.address !== undefined) options.host = at.address;
      }
      await new Promise<void>((resolve, reject) => {
        server.server.once("error", reject);
        // bind() happens within listen(): with this umask the socket is never open to more than it should be.
        const before = at.mode === undefined ? undefined : process.umask(0o777 & ~at.mode);
        server.listen(options, () => {
          server.server.off("error", reject);
          resolve();
        });
        if (before !== undefined) process.umask(before);
      });
      accepting = true;
      if (at.path !== undefined && at.mode !== undefined) await chmod(at.path, at.mode);
      const bound = server.server.address();
      if (bound !== null && typeof bound === "object") name = { address: bound.address, port: bound.port };
      return name;
    },
    stopAccepting,
    async drain(deadlineMs) {
      stopAccepting();
      server.draining = true;
      server.dropAwaitingProxy();
      for (const connection of server.connections) {
        if (connection instanceof FilterConnection) connection.shutDownIfIdle();
      }
      await server.allGone(deadlineMs);
      let left = 0;
      for (const connection of server.connections) {
        if (!(connection instanceof FilterConnection)) continue;
        left += 1;
        connection.cutOff();
      }
      return left;
    },
  };
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

/** Log ids for the connections of one process: "pid-seq", as amavisd counts them. */
export function createLogIds(pid: number): () => string {
  let sequence = 0;
  return () => {
    sequence += 1;
    return `${String(pid).padStart(5, "0")}-${String(sequence).padStart(2, "0")}`;
  };
}
