// smtp-server's server with our connections, limits and way of ending. One per port or socket path.
import { createRequire } from "node:module";
import type { Socket } from "node:net";
import { LRUCache } from "lru-cache";
import type { SMTPConnectionOptions } from "smtp-server/lib/smtp-connection";
import type { ListenerName } from "../mail/transaction.ts";
import type { Reply } from "../smtp/reply.ts";
import { takeOver } from "../sockets/direct-socket.ts";
import { withoutMapping } from "../sockets/peer-address.ts";
import { FilterConnection } from "./connection.ts";
import type { ConnectionHost } from "./connection-host.ts";
import type { ReceiveHandlers, ReceiveObserver } from "./handlers.ts";
import type { ListenerOptions } from "./options.ts";
import { readProxyPreface } from "./proxy-preface.ts";
import type { MessageStore } from "./store.ts";

// By require: an import would load everything that the package's Node modules export, HTTP/2 and an HTTP client among it
// (5 MB).
const { SMTPServer }: typeof import("smtp-server") = createRequire(import.meta.url)("smtp-server");

export interface ServerNeeds {
  /** Read at each connection and each mail, so a reload swaps them without touching connections. */
  readonly options: (at: ListenerName) => ListenerOptions;
  readonly handlers: ReceiveHandlers;
  readonly store: MessageStore;
  /** A new log id for each connection: "pid-seq". */
  readonly nextLogId: () => string;
  readonly observer?: ReceiveObserver;
  /** Connections of all listeners that share the limits; those of this one unless given. */
  readonly connectionCount?: () => number;
  /** The most connections that the system allows now; no limit unless given. */
  readonly mostConnections?: () => number;
  /** Sends home the idlest session of all listeners that share the limits; of this one unless given. */
  readonly makeRoom?: () => boolean;
  /** A connection could not be accepted, for want of a descriptor. */
  readonly onShort?: () => void;
  /** Connections are accepted, but neither read nor greeted before this resolves. */
  readonly opened?: Promise<void>;
  /** Monotonic, milliseconds. */
  readonly clock?: () => number;
  /** Set for a unix socket. */
  readonly socketPath?: string;
}

const acceptTroubleEveryMs = 10_000;
const maxNames = 100;

/** Commands of smtp-server that are never to run; ours are looked up in the dialog alone. */
const libraryCommands = ["AUTH", "STARTTLS", "XCLIENT", "WIZ", "SHELL", "KILL", "VRFY", "HELP"];

export class FilterServer extends SMTPServer implements ConnectionHost {
  readonly listenerOptions: (at: ListenerName) => ListenerOptions;
  readonly handlers: ReceiveHandlers;
  readonly store: MessageStore;
  readonly observer: ReceiveObserver;
  readonly connectionCount: () => number;
  readonly mostConnections: () => number;
  readonly makeRoom: () => boolean;
  readonly clock: () => number;
  readonly socketPath: string | undefined;
  draining = false;
  /** Another process takes new connections: sessions end when they are idle for a moment. */
  retiring = false;
  #acceptTroubleAt = Number.NEGATIVE_INFINITY;
  #opened: Promise<void> | undefined;
  readonly #awaitingProxy = new Set<Socket>();
  /** By local address; one where it listens on one. */
  readonly #names = new LRUCache<string, ListenerName>({ max: maxNames });
  /** Sockets not closed yet, those of ended sessions included. */
  #openSockets = 0;
  #whenGone: (() => void) | undefined;
  readonly #nextLogId: () => string;

  constructor(needs: ServerNeeds) {
    const { options, handlers, store, nextLogId, observer = {}, clock = monotonic, socketPath } = needs;
    super({
      // A client that has sent all it has may close its side and still read our reply.
      allowHalfOpen: true,
      // Not used; but without it the package asks the system for its name at each connection.
      name: "localhost",
      // input.ts decides how it is read.
      pauseOnConnect: true,
      disableReverseLookup: true,
      disabledCommands: libraryCommands,
      logger: false,
    });
    this.listenerOptions = options;
    this.handlers = handlers;
    this.store = store;
    this.observer = observer;
    this.connectionCount = needs.connectionCount ?? (() => this.openConnections);
    this.mostConnections = needs.mostConnections ?? (() => Number.POSITIVE_INFINITY);
    this.makeRoom = needs.makeRoom ?? (() => this.#sendIdlestHome());
    this.clock = clock;
    this.socketPath = socketPath;
    this.#nextLogId = nextLogId;
    this.#opened = needs.opened;
    void needs.opened?.then(() => {
      this.#opened = undefined;
    });
    this.server.once("listening", () => this.#begin());
    // An error while it opens goes to the caller of listen().
    this.on("error", (error) => {
      if (!this.server.listening) return;
      needs.onShort?.();
      // Without a free descriptor each waiting connection gives the same error again: it is logged once in ten seconds.
      const now = this.clock();
      if (now - this.#acceptTroubleAt < acceptTroubleEveryMs) return;
      this.#acceptTroubleAt = now;
      this.observer.trouble?.("accept", error, "");
    });
  }

  #begin(): void {
    const bound = this.server.address();
    const at =
      bound !== null && typeof bound === "object"
        ? { address: bound.address, port: bound.port }
        : { address: "", port: 0, path: this.socketPath ?? "" };
    const { idleMs, stressedIdleMs, dataBlockMs, dataMs } = this.listenerOptions(at).timeouts;
    // One timer for all connections; it looks often enough that none overstays by more than a quarter.
    const everyMs = Math.min(1000, Math.max(10, Math.min(idleMs, stressedIdleMs, dataBlockMs, dataMs) / 4));
    const sweeper = setInterval(() => this.sweep(), everyMs);
    sweeper.unref();
    this.server.once("close", () => clearInterval(sweeper));
  }

  override connect(accepted: Socket, options?: SMTPConnectionOptions | null): void {
    if (this.socketPath === undefined && accepted.remoteAddress === undefined) {
      // Gone before it was accepted; without an address no access list can judge it.
      accepted.on("error", () => undefined);
      accepted.destroy();
      return;
    }
    // Read from the accepted socket, which has them by now; the one that replaces it would ask the system again.
    const { localAddress, localPort, remoteAddress, remotePort } = accepted;
    const addresses =
      this.socketPath === undefined ? { localAddress, localPort, remoteAddress, remotePort } : undefined;
    const socket = takeOver(accepted) ?? accepted;
    const connection = new FilterConnection(this, socket, { ...addresses, ...options, id: this.#nextLogId() });
    this.connections.add(connection);
    this.#openSockets += 1;
    socket.once("close", () => {
      this.#openSockets -= 1;
      if (this.#openSockets === 0) this.#whenGone?.();
    });
    connection.init();
  }

  /** Resolves when every socket is closed, or after the deadline. */
  allGone(deadlineMs: number): Promise<void> {
    if (this.#openSockets === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, deadlineMs);
      this.#whenGone = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Reads the PROXY header where one is due; else it is straight to `connect`. */
  override _handleProxy(socket: Socket, callback: (error: Error | null, options?: { id: string }) => void): void {
    if (this.#opened !== undefined) {
      const broken = () => socket.destroy();
      socket.on("error", broken);
      void this.#opened.then(() => {
        socket.off("error", broken);
        this._handleProxy(socket, callback);
      });
      return;
    }
    const { socketPath: path } = this;
    const options = this.listenerOptions(this.nameAt(withoutMapping(socket.localAddress), socket.localPort));
    // Only a peer that may connect may name another client; every other peer is turned away under its own address.
    const due =
      options.haproxy_target_enabled && (path !== undefined || options.allowPeer(withoutMapping(socket.remoteAddress)));
    if (!due) {
      callback(null, { id: "" });
      return;
    }
    this.#awaitingProxy.add(socket);
    readProxyPreface(socket, (error, source) => {
      this.#awaitingProxy.delete(socket);
      if (error !== undefined) {
        this.observer.trouble?.("socket", error, "");
        callback(error);
      } else {
        callback(null, { id: "", ...(source && { remoteAddress: source.address, remotePort: source.port }) });
      }
    });
  }

  /**
   * The name of the listener that took a connection at an address: always the same object, since others keep what they
   * find out by it.
   */
  nameAt(address: string, port = 0): ListenerName {
    let name = this.#names.get(address);
    if (name === undefined) {
      // A client may choose among the addresses of a whole network.
      const { socketPath: path } = this;
      name = path === undefined ? { address, port } : { address: "", port: 0, path };
      this.#names.set(address, name);
    }
    return name;
  }

  /** Connections there are, those that still owe their PROXY header included. */
  get openConnections(): number {
    return this.connections.size + this.#awaitingProxy.size;
  }

  /** Ends connections that still owe their PROXY header; no mail can be under way on them. */
  dropAwaitingProxy(): void {
    for (const socket of this.#awaitingProxy) socket.destroy();
  }

  /** The session that has been idle for longest; undefined where none may be ended for a new one. */
  idlest(): FilterConnection | undefined {
    let idlest: FilterConnection | undefined;
    for (const connection of this.connections) {
      if (!(connection instanceof FilterConnection) || !connection.canBeSpared) continue;
      if (idlest === undefined || connection.idleSinceMs < idlest.idleSinceMs) idlest = connection;
    }
    return idlest;
  }

  #sendIdlestHome(): boolean {
    const idlest = this.idlest();
    idlest?.sendHome();
    return idlest !== undefined;
  }

  /** Looks after the timeouts of all connections. */
  sweep(): void {
    const now = this.clock();
    if (this.connections.size === 0) return;
    for (const connection of this.connections) {
      if (connection instanceof FilterConnection) connection.checkTimeouts(now);
    }
  }

  /** Judges a MAIL before it is accepted: shutting down, the flow's own limits, room on the disk. */
  admit(declaredBytes: number | undefined): Reply | undefined {
    if (this.draining) return { code: 421, enhanced: "4.3.2", text: "Service shutting down" };
    const refusal = this.handlers.admit?.();
    if (refusal !== undefined) return refusal;
    if (this.store.hasRoom()) return undefined;
    // What fits into memory still flows; a size that is not announced is found out on the way.
    if (declaredBytes === undefined || declaredBytes <= this.store.limits.bodyMemoryBytes) return undefined;
    return { code: 452, enhanced: "4.3.1", text: "Insufficient system storage" };
  }
}

function monotonic(): number {
  return performance.now();
}
