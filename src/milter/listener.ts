// The milter part as the daemon sees it: a listener per milter_listen entry, opened, drained, closed.
import { createServer, type Socket } from "node:net";
import type { ListenerName } from "../mail/transaction.ts";
import { takeOver } from "../sockets/direct-socket.ts";
import { descriptorOf, type ListenAt, leaveSocket, openSocket } from "../sockets/listen.ts";
import { withoutMapping } from "../sockets/peer-address.ts";
import { MilterConnection } from "./connection.ts";
import type { MilterHandlers, MilterObserver } from "./handlers.ts";

export interface MilterNeeds {
  readonly handlers: MilterHandlers;
  readonly observer: MilterObserver;
  /** Asked at each connection, so that a reload changes them. */
  readonly options: (at: ListenerName) => MilterOptions;
  /** A new log id for each connection: "pid-seq". */
  readonly nextLogId: () => string;
  /** Connections of all listeners that share the limit. */
  readonly connectionCount: () => number;
  /** Connections are accepted, but not read before this resolves. */
  readonly opened: Promise<void>;
}

export interface MilterOptions {
  readonly maxClients: number;
  readonly maxRecipients: number;
  /** Silence after which a connection is given up, and within a message. */
  readonly idleMs: number;
  readonly stalledMs: number;
  /** Whether this peer may connect; not asked for a unix socket, whose permissions say it. */
  readonly allowPeer: (address: string) => boolean;
}

export interface MilterListener {
  readonly name: ListenerName;
  readonly connections: number;
  listen(): Promise<ListenerName>;
  stopAccepting(): void;
  /** The bank that mail starts with from now on, on open connections too; undefined for that of the base. */
  setBank(bank: string | undefined): void;
  readonly descriptor: number | undefined;
  /** As of the other listeners. Connections without a mail under way end at once, since an MTA keeps them for hours. */
  retire(graceMs: number): Promise<void>;
  /** As of the other listeners. Resolves to the number of connections with a mail under way that were cut off. */
  drain(deadlineMs: number): Promise<number>;
}

const refusedBy = { shutdown: "stopping", acl: "access", limit: "connections" } as const;

/** A listener that does not listen yet. `firstBank` is the one that milter_listen names for it. */
export function createMilterListener(at: ListenAt, firstBank: string | undefined, needs: MilterNeeds): MilterListener {
  const { handlers, observer, options, nextLogId, connectionCount, opened } = needs;
  const connections = new Set<MilterConnection>();
  let place: ListenerName = { address: at.address ?? "", port: at.port ?? 0, ...pathOf(at) };
  let name = withBank(place, firstBank);
  let openSockets = 0;
  let whenGone: (() => void) | undefined;
  let draining = false;
  const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (socket) => {
    openSockets += 1;
    socket.once("close", () => {
      openSockets -= 1;
      if (openSockets === 0) whenGone?.();
    });
    const early = () => socket.destroy();
    socket.on("error", early);
    void opened.then(() => {
      socket.off("error", early);
      accept(socket);
    });
  });
  server.on("error", (error) => {
    if (server.listening) observer.trouble?.("accept", error, "");
  });

  /** Turned away without a word, an MTA does as its milter_default_action says: puts the mail off, unless set otherwise. */
  function accept(accepted: Socket): void {
    if (accepted.destroyed) return;
    // Asked of the accepted socket alone: another one would ask the system again.
    const { remoteAddress, remotePort: port = 0 } = accepted;
    const address = withoutMapping(remoteAddress);
    const { maxClients, maxRecipients, idleMs, stalledMs, allowPeer } = options(name);
    const refusal = draining
      ? "shutdown"
      : at.path === undefined && !allowPeer(address)
        ? "acl"
        : connectionCount() > maxClients
          ? "limit"
          : undefined;
    if (refusal !== undefined) {
      observer.connectionRefused?.(name, refusal);
      observer.refused?.({
        cause: refusedBy[refusal],
        listener: name,
        logId: "-",
        peer: address,
      });
      accepted.on("error", () => undefined);
      accepted.destroy();
      return;
    }
    const socket = takeOver(accepted) ?? accepted;
    const connection = new MilterConnection(socket, {
      get listener() {
        return name;
      },
      logId: nextLogId(),
      peer: { address: remoteAddress ?? "", port },
      handlers,
      observer,
      idleMs,
      stalledMs,
      maxRecipients,
    });
    connections.add(connection);
    socket.once("close", () => connections.delete(connection));
  }

  function stopAccepting(): void {
    if (server.listening) server.close();
  }

  return {
    get name() {
      return name;
    },
    get connections() {
      return openSockets;
    },
    async listen() {
      place = await openSocket(server, at);
      name = withBank(place, name.bank);
      return name;
    },
    setBank(bank) {
      // Options and banks are kept by the name: the same one as long as nothing changes.
      if (bank !== name.bank) name = withBank(place, bank);
    },
    get descriptor() {
      return descriptorOf(server);
    },
    stopAccepting,
    async retire(graceMs) {
      draining = true;
      if (server.listening) leaveSocket(server, at.path);
      for (const connection of connections) connection.shutDown();
      await gone(graceMs);
    },
    async drain(deadlineMs) {
      draining = true;
      stopAccepting();
      for (const connection of connections) connection.shutDown();
      await gone(deadlineMs);
      const left = [...connections].filter(({ inTransaction }) => inTransaction).length;
      for (const connection of connections) connection.cutOff();
      return left;
    },
  };

  /** Resolves when every socket is closed, or after the deadline. */
  function gone(deadlineMs: number): Promise<void> {
    if (openSockets === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, deadlineMs);
      whenGone = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function withBank(place: ListenerName, bank: string | undefined): ListenerName {
  return bank === undefined ? place : { ...place, bank };
}

function pathOf({ path }: ListenAt): { readonly path?: string } {
  return path === undefined ? {} : { path };
}
