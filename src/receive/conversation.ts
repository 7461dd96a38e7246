// What is said on one connection, without its socket: octets go to the dialog or into a message, replies come out, those to
// one chunk in one piece. How a connection begins, and when it is given up, is left to connection.ts.
import type { SecureContext } from "node:tls";
import type { ListenerName } from "../mail/transaction.ts";
import { DataScanner } from "../smtp/data-scanner.ts";
import { type Refusal, type RefusalCause, refusalCause } from "../smtp/refusal.ts";
import { isPositive, type Reply } from "../smtp/reply.ts";
import type { ConnectionHost } from "./connection-host.ts";
import { Dialog, type DialogNeeds, type DialogStep } from "./dialog.ts";
import type { MessageReplies } from "./handlers.ts";
import type { Next } from "./input.ts";
import type { Received } from "./intake.ts";
import type { ListenerOptions } from "./options.ts";
import { beginMail, judgeMail, repliesText, type SessionMail } from "./session-mail.ts";

export interface ConversationNeeds extends Pick<DialogNeeds, "logId" | "peer"> {
  readonly listener: ListenerName;
  readonly host: Pick<
    ConnectionHost,
    "handlers" | "store" | "observer" | "draining" | "clock" | "listenerOptions" | "admit"
  >;
  /** True once the connection is being closed: what still comes gets no answer. */
  isOver(): boolean;
  /** Sends replies to the client. */
  send(text: string): void;
  /** Calls `next` when the client may send more: at once, unless it has left many replies unread. */
  whenRead(next: Next): void;
  /** The client got its 220 to STARTTLS: what it sends next is the TLS handshake. */
  startTls(context: SecureContext): void;
  /** Closes the connection behind the replies that were sent. */
  close(): void;
}

/** What follows most messages in their last chunk. */
const nothing = Buffer.alloc(0);

const timedOut: Reply = { code: 421, enhanced: "4.4.2", text: "Error: timeout exceeded" };

export class Conversation {
  readonly #needs: ConversationNeeds;
  readonly #dialog: Dialog;
  /** "data": a message comes in; "busy": the flow has it. */
  #state: "command" | "data" | "busy" = "command";
  /** The start of a command line whose end has not come. */
  #partial: Buffer | undefined;
  #mail: SessionMail | undefined;
  #scanner = new DataScanner();
  readonly #take = (octets: Buffer, from: number, to: number): void => this.#mail?.intake.take(octets, from, to);
  /** Replies that were not sent yet. */
  #replies = "";
  #lastInputMs: number;
  #dataSinceMs = 0;

  constructor(needs: ConversationNeeds) {
    this.#needs = needs;
    const { host, listener, logId, peer } = needs;
    this.#lastInputMs = host.clock();
    this.#dialog = new Dialog({
      logId,
      listener,
      peer,
      options: () => host.listenerOptions(listener),
      admit: (declaredBytes) => host.admit(declaredBytes),
      refused: (reply) => this.#refusedCommand(reply),
    });
  }

  /** The settings that the session goes by now. */
  get options(): ListenerOptions {
    return this.#dialog.options;
  }

  /** True while a message, or the envelope of one, is under way. */
  get inTransaction(): boolean {
    return this.#state === "busy" || this.#state === "data" || this.#dialog.inTransaction;
  }

  /** True while the flow has a message: the client waits for us then. */
  get isBusy(): boolean {
    return this.#state === "busy";
  }

  /** When the client last sent something, or last got the reply to a message. */
  get idleSinceMs(): number {
    return this.#lastInputMs;
  }

  /** The message that comes in now: for how long, and how much of it; undefined while commands are awaited. */
  contentAt(now: number): { readonly lastingMs: number; readonly sizeBytes: number } | undefined {
    if (this.#state !== "data") return undefined;
    return { lastingMs: now - this.#dataSinceMs, sizeBytes: this.#mail?.intake.sizeBytes ?? 0 };
  }

  greet(): void {
    this.#say(this.#dialog.greeting());
    this.#flush();
  }

  /** Refuses the whole connection: the client gets this reply in place of a greeting. */
  turnAway(cause: RefusalCause, reply: Reply): void {
    this.#tellRefused(cause, reply);
    this.#hangUp(reply);
  }

  /** The TLS handshake is over. */
  secured(): void {
    this.#lastInputMs = this.#needs.host.clock();
    this.#dialog.secured();
  }

  /** Ends the session if it is idle; one with a message under way goes on, and ends after its reply. */
  shutDownIfIdle(): void {
    if (this.#needs.isOver() || this.inTransaction) return;
    this.#hangUp({ code: 421, enhanced: "4.3.2", text: "Service shutting down" });
  }

  /** Ends an idle session in favour of others. */
  sendHome(): void {
    this.#hangUp({ code: 421, enhanced: "4.3.2", text: "Error: too many connections, and this one was idle" });
  }

  /** Ends a session whose client was silent for too long. */
  timeOut(): void {
    // Postfix keeps idle connections and expects them to be closed: only a mail under way is a refusal.
    if (this.inTransaction) {
      const { verb: _, ...at } = this.#dialog.refusedAt;
      this.#tellRefused("timeout", timedOut, at);
    }
    this.gone();
    this.#hangUp(timedOut);
  }

  /** The client sends nothing any more: a message that is not complete never will be. */
  gone(): void {
    if (this.#state === "data") this.#abandon();
  }

  /**
   * Takes the next octets; `next` asks for more once we can take them. A chunk's memory is read into again after that, so
   * what is kept of it is copied.
   */
  input(chunk: Buffer, next: Next): void {
    if (this.#needs.isOver()) {
      next();
      return;
    }
    this.#lastInputMs = this.#needs.host.clock();
    try {
      this.#work(chunk, next);
    } catch (error) {
      this.#broken(error, next);
    }
  }

  /** A bug of ours: this session ends, with a reply that has the client try again. */
  #broken(error: unknown, next: Next): void {
    const { host, logId } = this.#needs;
    host.observer.trouble?.("handler", error, logId);
    this.#abandon();
    this.#hangUp({ code: 421, enhanced: "4.3.0", text: `Error in processing, id=${logId}` });
    next();
  }

  #work(chunk: Buffer, next: Next): void {
    let octets = chunk;
    let at = 0;
    if (this.#partial !== undefined) {
      octets = Buffer.concat([this.#partial, chunk]);
      this.#partial = undefined;
    }
    while (at < octets.length && !this.#needs.isOver()) {
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
    this.#needs.whenRead(next);
  }

  #do({ text, next }: DialogStep): void {
    this.#say(text);
    if (next === "data") this.#beginMessage();
    else if (next === "close") this.#end();
    else if (this.#needs.host.draining && !this.#dialog.inTransaction) this.shutDownIfIdle();
  }

  /**
   * Nobody vouches by TLS for what came in one piece with STARTTLS (RFC 3207 section 6): a client that sends so is not
   * talked to any further.
   */
  #upgrade(rest: number): void {
    const { tls } = this.#dialog.options;
    if (rest > 0 || tls === undefined) {
      this.#replies = "";
      this.#hangUp({ code: 421, enhanced: "4.7.0", text: "Error: commands behind STARTTLS" });
      return;
    }
    this.#flush();
    this.#needs.startTls(tls.context);
  }

  #beginMessage(): void {
    this.#mail = beginMail(this.#needs.host, this.#dialog);
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
      listener: this.#needs.listener,
      observer: this.#needs.host.observer,
      refused: (cause, reply, more) => {
        const { verb: _, command: __, ...at } = this.#dialog.refusedAt;
        this.#tellRefused(cause, reply, { ...at, ...more });
      },
    });
    if (replies instanceof Promise) replies.then((made) => this.#answer(mail, made, rest, next));
    else this.#answer(mail, replies, rest, next);
  }

  #answer(mail: SessionMail, replies: MessageReplies, rest: Buffer, next: Next): void {
    const { host } = this.#needs;
    this.#state = "command";
    this.#mail = undefined;
    this.#say(repliesText(this.#dialog, mail, replies));
    this.#flush();
    mail.intake.release();
    this.#dialog.endMessage(isPositive(replies.reply));
    this.#lastInputMs = host.clock();
    if (host.draining) this.shutDownIfIdle();
    try {
      this.#work(rest, next);
    } catch (error) {
      this.#broken(error, next);
    }
  }

  /** Gives back everything that is held for the message under way, if there is one. */
  #abandon(): void {
    const mail = this.#mail;
    this.#mail = undefined;
    this.#state = "command";
    if (mail === undefined) return;
    mail.intake.fail("gone");
    this.#needs.host.observer.messageAborted?.(this.#needs.listener);
  }

  #refusedCommand(reply: Reply): void {
    const { verb, ...at } = this.#dialog.refusedAt;
    this.#needs.host.observer.commandRefused?.(this.#needs.listener, reply.code);
    this.#tellRefused(refusalCause(reply, verb), reply, at);
  }

  #tellRefused(cause: RefusalCause, reply: Reply, more: Partial<Refusal> = {}): void {
    const { host, listener, logId, peer } = this.#needs;
    host.observer.refused?.({ cause, listener, logId, peer: peer.address, reply, ...more });
  }

  #say(text: string): void {
    this.#replies = this.#replies === "" ? text : this.#replies + text;
  }

  #flush(): void {
    if (this.#replies === "") return;
    const text = this.#replies;
    this.#replies = "";
    this.#needs.send(text);
  }

  #hangUp({ code, enhanced, text }: Reply): void {
    this.#say(this.#dialog.farewell(code, enhanced, text));
    this.#end();
  }

  #end(): void {
    this.#flush();
    this.#needs.close();
  }
}
