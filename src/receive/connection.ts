// One connection: octets in, dialog and intake fed, replies out in one write per burst. smtp-server's connection is used
// for its addresses and its end; its greeting, commands and DATA parser are replaced (docs/decisions/043-smtp-server.md).
import { createRequire } from "node:module";
import type { Socket } from "node:net";
import type { SecureContext } from "node:tls";
import type { SMTPServer } from "smtp-server";
import type { SMTPConnectionOptions } from "smtp-server/lib/smtp-connection";
import type { ListenerName } from "../mail/transaction.ts";
import { DataScanner } from "../smtp/data-scanner.ts";
import { type Refusal, type RefusalCause, refusalCause } from "../smtp/refusal.ts";
import { isPositive, type Reply } from "../smtp/reply.ts";
import { holdForTurn } from "../sockets/turn.ts";
import type { ConnectionHost } from "./connection-host.ts";
import { Dialog, type DialogStep } from "./dialog.ts";
import type { MessageReplies } from "./handlers.ts";
import { type Next, readInput } from "./input.ts";
import type { Received } from "./intake.ts";
import { isOverdue } from "./overdue.ts";
import { beginServerTls } from "./server-tls.ts";
import { beginMail, judgeMail, repliesText, type SessionMail } from "./session-mail.ts";

// As the server is had: an import would be a second copy of the library.
const { SMTPConnection }: typeof import("smtp-server/lib/smtp-connection") = createRequire(import.meta.url)(
  "smtp-server/lib/smtp-connection",
);

/** Replies a client may leave unread before we stop reading its commands. */
const maxUnreadReplyBytes = 64 * 1024;

/** A client that owes us a command for longer gives its place to another where there are too many. */
const spareIdleMs = 500;

/** What follows most messages in their last chunk. */
const nothing = Buffer.alloc(0);

/** How a connection is turned away before anything is said. */
const turnedAway = {
  acl: { cause: "access", reply: { code: 554, enhanced: "5.7.1", text: "Error: access denied" } },
  limit: { cause: "connections", reply: { code: 421, enhanced: "4.3.2", text: "Error: too many connections" } },
} as const;

const timedOut: Reply = { code: 421, enhanced: "4.4.2", text: "Error: timeout exceeded" };

export class FilterConnection extends SMTPConnection {
  readonly logId: string;
  readonly listener: ListenerName;
  readonly #filter: ConnectionHost;
  readonly #dialog: Dialog;
  /** False for a peer without an address, on a unix socket: its file's permissions say who may connect. */
  readonly #mustBeAllowed: boolean;
  /** "refused" was greeted with an error; "busy" is a message with the flow. */
  #state: "refused" | "command" | "data" | "busy" = "command";
  /** The start of a command line whose end has not come. */
  #partial: Buffer | undefined;
  #mail: SessionMail | undefined;
  #scanner = new DataScanner();
  readonly #take = (octets: Buffer, from: number, to: number): void => this.#mail?.intake.take(octets, from, to);
  /** Replies not written yet. */
  #replies = "";
  #lastInputMs: number;
  #dataSinceMs = 0;
  readonly #peer: string;

  constructor(
    server: SMTPServer & ConnectionHost,
    socket: Socket,
    options: SMTPConnectionOptions & { readonly id: string },
  ) {
    super(server, socket, options);
    this.#filter = server;
    this.logId = options.id;
    const path = server.socketPath;
    this.listener = server.nameAt(this.localAddress, this.localPort);
    const told = options.remoteAddress !== undefined;
    const peer = { address: path === undefined || told ? this.remoteAddress : "", port: this.remotePort };
    this.#peer = peer.address;
    this.#mustBeAllowed = path === undefined || told;
    this.#lastInputMs = server.clock();
    this.#dialog = new Dialog({
      logId: this.logId,
      listener: this.listener,
      peer,
      options: () => server.listenerOptions(this.listener),
      admit: (declaredBytes) => server.admit(declaredBytes),
      refused: (reply) => this.#refusedCommand(reply),
    });
  }

  /** True while a message, or the envelope of one, is under way. */
  get inTransaction(): boolean {
    return this.#state === "busy" || this.#state === "data" || this.#dialog.inTransaction;
  }

  /** Greets at once: no wait for early talkers, no reverse lookup; our client is our own MTA. */
  override init(): void {
    this._socket.on("close", () => this.#closed());
    this.#watch();
    const { options } = this.#dialog;
    if (this.#mustBeAllowed && !options.allowPeer(this.remoteAddress)) {
      this.#turnAway("acl");
    } else if (this.#isOneTooMany(options.maxClients) && !this.#filter.makeRoom()) {
      this.#turnAway("limit");
    } else {
      this.#filter.observer.connectionOpened?.(this.listener);
      const greet = () => {
        this.#say(this.#dialog.greeting());
        this.#flush();
        this.#read();
      };
      if (options.tls?.implicit === true) this.#secure(options.tls.context, greet);
      else greet();
    }
  }

  #isOneTooMany(maxClients: number): boolean {
    return this.#filter.connectionCount() > Math.min(maxClients, this.#filter.mostConnections());
  }

  /** A broken socket is the peer's business: it ends this session and nothing else. */
  #watch(): void {
    this._socket.on("error", (error) => {
      this.#filter.observer.trouble?.("socket", error, this.logId);
      this.close();
    });
  }

  #read(): void {
    readInput(this._socket, {
      take: (chunk, next) => this.#input(chunk, next),
      end: () => this.#endOfInput(),
    });
  }

  /** TLS from here on: until the handshake is over nothing is read as a command. */
  #secure(context: SecureContext, then: () => void): void {
    this._socket = beginServerTls(this._socket, context, () => {
      if (this.#isOver) return;
      this.#lastInputMs = this.#filter.clock();
      this.#dialog.secured();
      then();
    });
    this.#watch();
  }

  /**
   * After the 220 to STARTTLS. What came with that command was sent by nobody that TLS vouches for (RFC 3207 section 6):
   * a client that does so is not talked to any further.
   */
  #upgrade(rest: number): void {
    const { tls } = this.#dialog.options;
    if (rest > 0 || tls === undefined) {
      this.#replies = "";
      this.#hangUp(this.#dialog.farewell(421, "4.7.0", "Error: commands behind STARTTLS"));
      return;
    }
    this.#flush();
    // The reader waits for a word that never comes: what it may hold back is dropped.
    this._socket.write("", () => {
      if (!this.#isOver) this.#secure(tls.context, () => this.#read());
    });
  }

  #refusedCommand(reply: Reply): void {
    const { verb, ...at } = this.#dialog.refusedAt;
    this.#filter.observer.commandRefused?.(this.listener, reply.code);
    this.#tellRefused(refusalCause(reply, verb), reply, at);
  }

  #tellRefused(cause: RefusalCause, reply: Reply, more: Partial<Refusal> = {}): void {
    const peer = this.#peer;
    this.#filter.observer.refused?.({ cause, listener: this.listener, logId: this.logId, peer, reply, ...more });
  }

  #turnAway(reason: keyof typeof turnedAway): void {
    this.#state = "refused";
    this.#read();
    this.#filter.observer.connectionRefused?.(this.listener, reason);
    const { cause, reply } = turnedAway[reason];
    this.#tellRefused(cause, reply);
    this.#hangUp(this.#dialog.farewell(reply.code, reply.enhanced, reply.text));
  }

  #closed(): void {
    this._onClose();
    if (this.#state !== "refused") this.#filter.observer.connectionClosed?.(this.listener);
    if (this.#state === "data") this.#abandon();
  }

  /** Nothing that still comes is answered. */
  get #isOver(): boolean {
    return this._closing || this._closed;
  }

  /** Ends the session if it is idle; one with a message under way goes on, and ends after its reply. */
  shutDownIfIdle(): void {
    if (this.#isOver || this.inTransaction) return;
    this.#hangUp(this.#dialog.farewell(421, "4.3.2", "Service shutting down"));
  }

  get idleSinceMs(): number {
    return this.#lastInputMs;
  }

  /** Idle for long enough to be sent home where others wait. */
  get canBeSpared(): boolean {
    return !this.#isOver && !this.inTransaction && this.#filter.clock() - this.#lastInputMs > spareIdleMs;
  }

  /** Ends an idle session in favour of others. */
  sendHome(): void {
    this.#hangUp(this.#dialog.farewell(421, "4.3.2", "Error: too many connections, and this one was idle"));
  }

  /** Cuts the session off, without a reply: whatever became of its message, the client must ask again. */
  cutOff(): void {
    this._socket.destroy();
  }

  checkTimeouts(now: number): void {
    if (this.#isOver || this.#state === "busy") return;
    const { timeouts, maxClients } = this.#dialog.options;
    if (this.canBeSpared && this.#filter.retiring) {
      this.shutDownIfIdle();
      return;
    }
    if (this.canBeSpared && this.#isOneTooMany(maxClients)) {
      this.sendHome();
      return;
    }
    const content = { lastingMs: now - this.#dataSinceMs, sizeBytes: this.#mail?.intake.sizeBytes ?? 0 };
    const overdue = isOverdue({
      timeouts,
      silentMs: now - this.#lastInputMs,
      connections: this.#filter.connectionCount(),
      maxClients,
      inTransaction: this.#dialog.inTransaction,
      ...(this.#state === "data" && { content }),
    });
    if (overdue) this.#timeOut();
  }

  #timeOut(): void {
    // Postfix keeps idle connections and expects them to be closed: only a mail under way is a refusal.
    if (this.inTransaction) {
      const { verb: _, ...at } = this.#dialog.refusedAt;
      this.#tellRefused("timeout", timedOut, at);
    }
    if (this.#state === "data") this.#abandon();
    this.#hangUp(this.#dialog.farewell(timedOut.code, timedOut.enhanced, timedOut.text));
  }

  #input(chunk: Buffer, next: Next): void {
    if (this.#isOver) {
      next();
      return;
    }
    this.#lastInputMs = this.#filter.clock();
    try {
      this.#work(chunk, next);
    } catch (error) {
      this.#broken(error, next);
    }
  }

  /** A bug of ours: this session ends, with a reply that has the client try again. */
  #broken(error: unknown, next: Next): void {
    this.#filter.observer.trouble?.("handler", error, this.logId);
    this.#abandon();
    this.#hangUp(this.#dialog.farewell(421, "4.3.0", `Error in processing, id=${this.logId}`));
    next();
  }

  /**
   * Works through a chunk; `next` asks for more input once we can take it. The chunk's memory is read
   * into again after that, so what is kept of it is copied.
   */
  #work(chunk: Buffer, next: Next): void {
    let octets = chunk;
    let at = 0;
    if (this.#partial !== undefined) {
      octets = Buffer.concat([this.#partial, chunk]);
      this.#partial = undefined;
    }
    while (at < octets.length && !this.#isOver) {
      if (this.#state === "data") {
        at = this.#scanner.scan(octets, at, this.#take);
        if (at !== -1) {
          this.#messageIsIn(at === octets.length ? nothing : Buffer.from(octets.subarray(at)), next);
          return;
        }
        this.#flush();
        const pressure = this.#mail?.intake.pressure();
        if (pressure === undefined) next();
        else pressure.then(() => next());
        return;
      }
      const end = octets.indexOf("\r\n", at, "latin1");
      const length = (end === -1 ? octets.length : end) - at;
      if (length > this.#dialog.options.maxCommandOctets) {
        this.#do(this.#dialog.lineTooLong());
      } else if (end === -1) {
        this.#partial = Buffer.from(octets.subarray(at));
        break;
      } else {
        const line = octets.toString("latin1", at, end);
        at = end + 2;
        const step = this.#dialog.command(line);
        this.#do(step);
        if (step.next === "tls") {
          this.#upgrade(octets.length - at);
          return;
        }
      }
    }
    this.#flush();
    if (this._socket.writableLength > maxUnreadReplyBytes) this._socket.once("drain", () => next());
    else next();
  }

  #do({ text, next }: DialogStep): void {
    this.#say(text);
    if (next === "data") this.#beginMessage();
    else if (next === "close") this.#hangUp("");
    else if (this.#filter.draining && !this.#dialog.inTransaction) this.shutDownIfIdle();
  }

  #beginMessage(): void {
    this.#mail = beginMail(this.#filter, this.#dialog);
    this.#scanner = new DataScanner();
    this.#dataSinceMs = this.#lastInputMs;
    this.#state = "data";
  }

  /** The final dot was read; what follows it in `rest` waits until the reply is out. */
  #messageIsIn(rest: Buffer, next: Next): void {
    const mail = this.#mail;
    if (mail === undefined) throw new Error("end of data without a message");
    const { intake } = mail;
    this.#state = "busy";
    this.#flush();
    if (this.#scanner.bareLineEnds && mail.bareNewline === "reject") intake.fail("bare-newline");
    const finished = intake.finish();
    if (finished !== undefined && !(finished instanceof Promise)) {
      this.#judge(mail, finished, rest, next);
      return;
    }
    // A failure is not answered at once: `rest` may hold hundreds of mails that fail, each within the answer to the last.
    Promise.resolve(finished)
      .then((received) => this.#judge(mail, received, rest, next))
      .catch((error) => this.#broken(error, next));
  }

  #judge(mail: SessionMail, received: Received | undefined, rest: Buffer, next: Next): void {
    const replies = judgeMail(mail, received, {
      listener: this.listener,
      observer: this.#filter.observer,
      refused: (cause, reply, more) => {
        const { verb: _, command: __, ...at } = this.#dialog.refusedAt;
        this.#tellRefused(cause, reply, { ...at, ...more });
      },
    });
    if (replies instanceof Promise) replies.then((made) => this.#answer(mail, made, rest, next));
    else this.#answer(mail, replies, rest, next);
  }

  #answer(mail: SessionMail, replies: MessageReplies, rest: Buffer, next: Next): void {
    this.#state = "command";
    this.#mail = undefined;
    this.#say(repliesText(this.#dialog, mail, replies));
    this.#flush();
    mail.intake.release();
    this.#dialog.endMessage(isPositive(replies.reply));
    this.#lastInputMs = this.#filter.clock();
    if (this.#filter.draining) this.shutDownIfIdle();
    try {
      this.#work(rest, next);
    } catch (error) {
      this.#broken(error, next);
    }
  }

  #endOfInput(): void {
    if (this.#state === "data") this.#abandon();
    this.close();
  }

  /** The message will never be complete: everything held for it is given back. */
  #abandon(): void {
    const mail = this.#mail;
    this.#mail = undefined;
    this.#state = "command";
    if (mail === undefined) return;
    mail.intake.fail("gone");
    this.#filter.observer.messageAborted?.(this.listener);
  }

  #say(text: string): void {
    this.#replies = this.#replies === "" ? text : this.#replies + text;
  }

  #flush(): void {
    if (this.#replies === "") return;
    const text = this.#replies;
    this.#replies = "";
    if (!this._socket.writable) return;
    holdForTurn(this._socket);
    this._socket.write(text, "latin1");
  }

  #hangUp(text: string): void {
    this.#say(text);
    this.#flush();
    this.close();
  }
}
