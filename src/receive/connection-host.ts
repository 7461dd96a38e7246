// What a connection needs of the server that accepted it.
import type { ListenerName } from "../mail/transaction.ts";
import type { Reply } from "../smtp/reply.ts";
import type { ReceiveHandlers, ReceiveObserver } from "./handlers.ts";
import type { ListenerOptions } from "./options.ts";
import type { MessageStore } from "./store.ts";

export interface ConnectionHost {
  readonly handlers: ReceiveHandlers;
  readonly store: MessageStore;
  readonly observer: ReceiveObserver;
  /** Set for a unix socket. */
  readonly socketPath: string | undefined;
  /** Shutting down: sessions end after the mail under way. */
  readonly draining: boolean;
  /** Another process takes new connections: sessions that are idle for a moment end. */
  readonly retiring: boolean;
  /** Monotonic, milliseconds. */
  clock(): number;
  /** Connections of all listeners that share the limits. */
  connectionCount(): number;
  /** The most connections that the system allows now, whatever the settings say. */
  mostConnections(): number;
  /** Sends an idle session home in favour of a new one; false where there is none to spare. */
  makeRoom(): boolean;
  listenerOptions(at: ListenerName): ListenerOptions;
  /** The name of the listener at a local address: the same object each time. */
  nameAt(address: string, port: number): ListenerName;
  /** Judges a MAIL before it is accepted: the reply that refuses it, or undefined. */
  admit(declaredBytes: number | undefined): Reply | undefined;
}
