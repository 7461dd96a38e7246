// The receive part as the daemon sees it: a listener per port or socket path, opened, drained, closed.
import type { ListenerName } from "../mail/transaction.ts";
import { descriptorOf, type ListenAt, leaveSocket, openSocket } from "../sockets/listen.ts";
import { FilterConnection } from "./connection.ts";
import { FilterServer, type ServerNeeds } from "./server.ts";

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
  /** The descriptor it listens on. */
  readonly descriptor: number | undefined;
  /**
   * Stops accepting in favour of another process on the same socket. Sessions go on until they are idle for a moment;
   * resolves when all are gone, or after `graceMs`.
   */
  retire(graceMs: number): Promise<void>;
  /** The session that has been idle for longest, if one may be sent home for another's sake. */
  readonly idlest: FilterConnection | undefined;
}

/** A listener that does not listen yet. */
export function createListener(at: ListenAt, needs: Omit<ServerNeeds, "socketPath">): Listener {
  const server = new FilterServer({ ...needs, ...(at.path !== undefined && { socketPath: at.path }) });
  let name: ListenerName = {
    address: at.address ?? "",
    port: at.port ?? 0,
    ...(at.path !== undefined && { path: at.path }),
  };
  let accepting = false;

  function stopAccepting(whose: "ours" | "another's" = "ours"): void {
    if (!accepting) return;
    accepting = false;
    if (whose === "ours") server.server.close();
    else leaveSocket(server.server, at.path);
  }

  return {
    get name() {
      return name;
    },
    get connections() {
      return server.openConnections;
    },
    async listen() {
      name = await openSocket(server.server, at, (options, done) => server.listen(options, done));
      accepting = true;
      return name;
    },
    get idlest() {
      return server.idlest();
    },
    get descriptor() {
      return descriptorOf(server.server);
    },
    stopAccepting,
    async retire(graceMs) {
      stopAccepting("another's");
      server.retiring = true;
      await server.allGone(graceMs);
    },
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

/** Log ids for the connections of one process: "pid-seq", as amavisd counts them. */
export function createLogIds(pid: number): () => string {
  let sequence = 0;
  return () => {
    sequence += 1;
    return `${String(pid).padStart(5, "0")}-${String(sequence).padStart(2, "0")}`;
  };
}
