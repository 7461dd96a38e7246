// One connection of smtp-server with a conversation of ours on it: how it begins, who may talk, when it is given up. Of the
// package its addresses and its end are used; its greeting, commands and DATA parser are replaced
// (docs/decisions/043-smtp-server.md).
import { createRequire } from "node:module";
import type { Socket } from "node:net";
import type { SecureContext } from "node:tls";
import type { SMTPServer } from "smtp-server";
import type { SMTPConnectionOptions } from "smtp-server/lib/smtp-connection";
import type { ListenerName } from "../mail/transaction.ts";
import { holdForTurn } from "../sockets/turn.ts";
import type { ConnectionHost } from "./connection-host.ts";
import { Conversation } from "./conversation.ts";
import { type Next, readInput } from "./input.ts";
import { isOverdue } from "./overdue.ts";
import { beginServerTls } from "./server-tls.ts";

// As the server is had: an import would be a second copy of the library.
const { SMTPConnection }: typeof import("smtp-server/lib/smtp-connection") = createRequire(import.meta.url)(
  "smtp-server/lib/smtp-connection",
);

/** Replies a client may leave unread before we stop reading its commands. */
const maxUnreadReplyBytes = 64 * 1024;

/** A client that owes us a command for longer gives its place to another where there are too many. */
const spareIdleMs = 500;

/** How a connection is turned away before anything is said. */
const turnedAway = {
  acl: { cause: "access", reply: { code: 554, enhanced: "5.7.1", text: "Error: access denied" } },
  limit: { cause: "connections", reply: { code: 421, enhanced: "4.3.2", text: "Error: too many connections" } },
} as const;

export class FilterConnection extends SMTPConnection {
  readonly #host: ConnectionHost;
  readonly #logId: string;
  readonly #listener: ListenerName;
  /** False for a peer without an address, on a unix socket: its file's permissions say who may connect. */
  readonly #mustBeAllowed: boolean;
  readonly #conversation: Conversation;
  #isTurnedAway = false;

  constructor(
    server: SMTPServer & ConnectionHost,
    socket: Socket,
    options: SMTPConnectionOptions & { readonly id: string },
  ) {
    super(server, socket, options);
    this.#host = server;
    this.#logId = options.id;
    this.#listener = server.nameAt(this.localAddress, this.localPort);
    const hasAddress = server.socketPath === undefined || options.remoteAddress !== undefined;
    this.#mustBeAllowed = hasAddress;
    this.#conversation = new Conversation({
      host: server,
      listener: this.#listener,
      logId: this.#logId,
      peer: { address: hasAddress ? this.remoteAddress : "", port: this.remotePort },
      isOver: () => this.#isOver,
      send: (text) => this.#send(text),
      whenRead: (next) => this.#whenRead(next),
      startTls: (context) => this.#startTls(context),
      close: () => this.close(),
    });
  }

  /** Greets at once: no wait for early talkers, no reverse lookup; our client is our own MTA. */
  override init(): void {
    this._socket.on("close", () => this.#closed());
    this.#watch();
    const { options } = this.#conversation;
    if (this.#mustBeAllowed && !options.allowPeer(this.remoteAddress)) {
      this.#turnAway("acl");
    } else if (this.#isOneTooMany(options.maxClients) && !this.#host.makeRoom()) {
      this.#turnAway("limit");
    } else {
      this.#host.observer.connectionOpened?.(this.#listener);
      const greet = () => {
        this.#conversation.greet();
        this.#read();
      };
      if (options.tls?.implicit === true) this.#secure(options.tls.context, greet);
      else greet();
    }
  }

  #isOneTooMany(maxClients: number): boolean {
    return this.#host.connectionCount() > Math.min(maxClients, this.#host.mostConnections());
  }

  #turnAway(reason: keyof typeof turnedAway): void {
    this.#isTurnedAway = true;
    this.#read();
    this.#host.observer.connectionRefused?.(this.#listener, reason);
    const { cause, reply } = turnedAway[reason];
    this.#conversation.turnAway(cause, reply);
  }

  /** A broken socket is the peer's business: it ends this session and nothing else. */
  #watch(): void {
    this._socket.on("error", (error) => {
      this.#host.observer.trouble?.("socket", error, this.#logId);
      this.close();
    });
  }

  #read(): void {
    readInput(this._socket, {
      take: (chunk, next) => this.#conversation.input(chunk, next),
      end: () => {
        this.#conversation.gone();
        this.close();
      },
    });
  }

  #send(text: string): void {
    if (!this._socket.writable) return;
    holdForTurn(this._socket);
    this._socket.write(text, "latin1");
  }

  #whenRead(next: Next): void {
    if (this._socket.writableLength > maxUnreadReplyBytes) this._socket.once("drain", () => next());
    else next();
  }

  #startTls(context: SecureContext): void {
    // The reader waits for a word that never comes: what it may hold back is dropped.
    this._socket.write("", () => {
      if (!this.#isOver) this.#secure(context, () => this.#read());
    });
  }

  /** TLS from here on: until the handshake is over nothing is read as a command. */
  #secure(context: SecureContext, then: () => void): void {
    this._socket = beginServerTls(this._socket, context, () => {
      if (this.#isOver) return;
      this.#conversation.secured();
      then();
    });
    this.#watch();
  }

  #closed(): void {
    this._onClose();
    if (!this.#isTurnedAway) this.#host.observer.connectionClosed?.(this.#listener);
    this.#conversation.gone();
  }

  get #isOver(): boolean {
    return this._closing || this._closed;
  }

  /** Ends the session if it is idle; one with a message under way goes on, and ends after its reply. */
  shutDownIfIdle(): void {
    this.#conversation.shutDownIfIdle();
  }

  get idleSinceMs(): number {
    return this.#conversation.idleSinceMs;
  }

  /** Idle for long enough to be sent home where others wait. */
  get canBeSpared(): boolean {
    return !this.#isOver && !this.#conversation.inTransaction && this.#host.clock() - this.idleSinceMs > spareIdleMs;
  }

  /** Ends an idle session in favour of others. */
  sendHome(): void {
    this.#conversation.sendHome();
  }

  /** Cuts the session off, without a reply: whatever became of its message, the client must ask again. */
  cutOff(): void {
    this._socket.destroy();
  }

  checkTimeouts(now: number): void {
    const conversation = this.#conversation;
    if (this.#isOver || conversation.isBusy) return;
    const { timeouts, maxClients } = conversation.options;
    if (this.canBeSpared && this.#host.retiring) {
      this.shutDownIfIdle();
      return;
    }
    if (this.canBeSpared && this.#isOneTooMany(maxClients)) {
      this.sendHome();
      return;
    }
    const content = conversation.contentAt(now);
    const overdue = isOverdue({
      timeouts,
      silentMs: now - this.idleSinceMs,
      connections: this.#host.connectionCount(),
      maxClients,
      inTransaction: conversation.inTransaction,
      ...(content !== undefined && { content }),
    });
    if (overdue) conversation.timeOut();
  }
}
