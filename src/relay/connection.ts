// One connection to a next hop: octets out, octets in, deadlines watched. Replies are left to awaited-replies.ts, what is
// said to greeting.ts and transaction.ts.
import type { Duplex } from "node:stream";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import { type Capabilities, noCapabilities } from "../smtp/capabilities.ts";
import { formatNextHop, type NextHop } from "../smtp/next-hop.ts";
import { holdForTurn } from "../sockets/turn.ts";
import {
  AwaitedReplies,
  type ConnectionFailure,
  type Exchange,
  type Patience,
  type ReplySource,
} from "./awaited-replies.ts";
import { type Dial, dialSocket } from "./dial.ts";

/** Blocks of content go to the kernel in pieces of about this size, so that a stalled peer is noticed per block. */
const groupBytes = 1024 * 1024;

/** All sockets read into this one: what arrives is turned into a string before the event loop turns. */
const readBuffer = Buffer.allocUnsafeSlow(16 * 1024);

export class NextHopConnection implements ReplySource {
  readonly hop: NextHop;
  readonly remote: string;
  /** The key under which the pool keeps it. */
  key: string;
  readonly openedAtMs: number;
  capabilities: Capabilities = noCapabilities;
  /** True once greeted: mail may be sent. */
  ready = false;
  /** True from the second transaction on. */
  used = false;
  /** MAIL was accepted and neither content nor RSET followed. */
  inTransaction = false;
  idleSinceMs: number;
  /** When what is awaited is overdue, on the clock of `now`; looked at by `expire`. */
  #deadlineMs = Number.POSITIVE_INFINITY;
  /** The mail's own deadline: no step may take longer. */
  limitMs = Number.POSITIVE_INFINITY;
  #socket: Duplex;
  /** Ends the wait for a connection or a handshake. */
  #proceed: (() => void) | undefined;
  isSecured = false;
  /** Replies that came while something was still on its way out. */
  #held: string | undefined;
  readonly #replies: AwaitedReplies;
  #overdue = false;
  #flushed: (() => void) | undefined;
  #failure: ConnectionFailure | undefined;
  #connected = false;
  readonly #now: () => number;
  readonly #onFailure: (connection: NextHopConnection) => void;

  /** Starts connecting; `onFailure` is called once, when the connection has become useless. */
  constructor(
    hop: NextHop,
    localAddress: string | null,
    now: () => number,
    onFailure: (connection: NextHopConnection) => void,
    dial: Dial = dialSocket,
  ) {
    this.hop = hop;
    this.openedAtMs = now();
    this.idleSinceMs = this.openedAtMs;
    this.#now = now;
    this.remote = formatNextHop(hop);
    this.key = this.remote;
    this.#onFailure = onFailure;
    this.#replies = new AwaitedReplies(this);
    this.#socket = dial(hop, localAddress, { buffer: readBuffer, callback: (bytes) => this.#received(bytes) });
    this.#socket.on("connect", () => {
      this.#connected = true;
      // The greeting has its own time, from here on.
      const { patience } = this.#replies;
      if (patience !== undefined) this.setDeadline(patience.lastMs);
    });
    this.#socket.on("error", (error: NodeJS.ErrnoException) => this.#lost(error.code ?? error.message));
    this.#socket.on("end", () => this.#lost("connection closed"));
    this.#socket.on("close", () => this.#lost("connection closed"));
  }

  get connected(): boolean {
    return this.#connected;
  }

  get failure(): ConnectionFailure | undefined {
    return this.#failure;
  }

  /** The lines of the last reply, without their codes. */
  get replyLines(): readonly string[] {
    return this.#replies.lines;
  }

  get hasUnsent(): boolean {
    return this.#socket.writableLength > 0;
  }

  /** Resolves once there is a connection, or none after `connectMs`. */
  connecting(connectMs: number): Promise<void> {
    if (this.#connected || this.#failure !== undefined) return Promise.resolve();
    this.setDeadline(connectMs);
    return new Promise((resolve) => {
      this.#proceed = resolve;
      this.#socket.once("connect", () => {
        this.#proceed = undefined;
        resolve();
      });
    });
  }

  /** Waits for the greeting; until there is a connection, no longer than `connectMs`. Never rejects. */
  greeted(connectMs: number, greetingMs: number): Promise<Exchange> {
    const answer = this.#replies.expect(1, { eachMs: greetingMs, lastMs: greetingMs });
    if (this.#replies.patience !== undefined && !this.#connected) this.setDeadline(connectMs);
    return answer;
  }

  /** Waits for `count` replies to what `commands` holds. Never rejects. */
  exchange(commands: string, count: number, patience: Patience): Promise<Exchange> {
    const answer = this.#replies.expect(count, patience);
    if (commands !== "" && this.#failure === undefined) {
      holdForTurn(this.#socket);
      this.#socket.write(commands, "latin1");
    }
    return answer;
  }

  /** As `exchange`; the last command announces content, which follows in the same write (BDAT). */
  exchangeWhole(commands: string, views: readonly Uint8Array[], count: number, patience: Patience): Promise<Exchange> {
    const answer = this.#replies.expect(count, patience, count - 1);
    if (this.#failure === undefined) {
      holdForTurn(this.#socket);
      // Octets like the content's: a string among them would have Node copy all of it.
      this.#socket.write(Buffer.from(commands, "latin1"));
    }
    this.#writeViews(views, 0);
    return answer;
  }

  /** Sends views as they are, in as few system calls as the kernel allows, and waits for `count` replies. */
  exchangeContent(views: readonly Uint8Array[], count: number, blockMs: number, patience: Patience): Promise<Exchange> {
    const end = groupEnd(views, 0);
    return end === views.length
      ? this.#exchangeLast(views, 0, count, patience)
      : this.#exchangeInGroups(views, end, count, blockMs, patience);
  }

  async #exchangeInGroups(
    views: readonly Uint8Array[],
    firstEnd: number,
    count: number,
    blockMs: number,
    patience: Patience,
  ): Promise<Exchange> {
    let from = 0;
    for (let end = firstEnd; end < views.length; end = groupEnd(views, from)) {
      await this.send(views.slice(from, end), blockMs);
      if (this.#failure !== undefined) return { replies: [], failure: this.#failure, cutOff: true };
      from = end;
    }
    return this.#exchangeLast(views, from, count, patience);
  }

  #exchangeLast(views: readonly Uint8Array[], from: number, count: number, patience: Patience): Promise<Exchange> {
    const answer = this.#replies.expect(count, patience, 0);
    this.#writeViews(views, from);
    return answer;
  }

  /**
   * TLS from here on; resolves when the handshake is over or the connection has failed. What the peer said unasked before
   * it counts for nothing, and ends the connection: it may be another's (the reply form of RFC 3207 section 6).
   */
  secure(options: ConnectionOptions, timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      if (!this.#replies.isAllRead) this.fail({ kind: "garbage", detail: "text behind the reply to STARTTLS" });
      if (this.#failure !== undefined) {
        resolve();
        return;
      }
      this.setDeadline(timeoutMs);
      this.#proceed = resolve;
      const secure = connectTls({ ...options, socket: this.#socket });
      this.#socket = secure;
      secure.on("error", (error) => {
        const detail = `Cannot start TLS with ${this.remote}: ${error.message}`;
        if (this.isSecured) this.#lost(error.message);
        else this.fail({ kind: "security", enhanced: "4.7.5", detail });
      });
      secure.on("end", () => this.#lost("connection closed"));
      secure.on("close", () => this.#lost("connection closed"));
      secure.on("data", (octets: Buffer) => this.#readSecured(octets.toString("latin1")));
      secure.once("secureConnect", () => {
        this.isSecured = true;
        this.clearDeadline();
        this.#proceed = undefined;
        resolve();
      });
    });
  }

  /** Sends views and waits until the kernel has taken them: their memory may be used again afterwards. */
  async send(views: readonly Uint8Array[], blockMs: number): Promise<void> {
    this.setDeadline(blockMs);
    this.#writeViews(views, 0);
    if (this.#failure !== undefined || this.#socket.writableLength === 0) return;
    await new Promise<void>((resolve) => {
      this.#flushed = resolve;
      // Nothing to send, but called back when all before it is out.
      this.#socket.write("", () => this.#settleFlush());
    });
  }

  /** Gives the connection up if its deadline has passed. */
  expire(nowMs: number): void {
    if (nowMs < this.#deadlineMs) return;
    // This process itself may be late (busy or stopped): what has arrived by now is read before the next look.
    if (!this.#overdue) {
      this.#overdue = true;
      return;
    }
    this.fail(this.#connected ? { kind: "timeout" } : { kind: "connect", detail: "timed out" });
  }

  /** Nothing is awaited while idle. */
  rest(nowMs: number): void {
    this.clearDeadline();
    this.limitMs = Number.POSITIVE_INFINITY;
    this.idleSinceMs = nowMs;
    this.used = true;
  }

  /** Clears the transaction for the next mail without waiting for the answer: for a hop that offers PIPELINING. */
  resetAhead(): void {
    if (this.#failure !== undefined) return;
    this.#replies.expectUnasked();
    this.inTransaction = false;
    holdForTurn(this.#socket);
    this.#socket.write("RSET\r\n", "latin1");
  }

  /** Says good-bye without waiting for the answer for long. */
  quit(timeoutMs: number): void {
    if (this.#failure !== undefined) return;
    void this.exchange("QUIT\r\n", 1, { eachMs: timeoutMs, lastMs: timeoutMs }).then(() => this.drop());
  }

  /** Ends the connection at once: what was under way is never completed. */
  drop(): void {
    this.fail({ kind: "dropped" });
  }

  fail(failure: ConnectionFailure): void {
    if (this.#failure !== undefined) return;
    this.#failure = failure;
    this.clearDeadline();
    this.#socket.destroy();
    this.#replies.end(failure);
    this.#settleFlush();
    this.#proceed?.();
    this.#onFailure(this);
  }

  #lost(detail: string): void {
    this.fail(this.#connected ? { kind: "closed", detail } : { kind: "connect", detail });
  }

  /** From now on what is awaited may take this long, and no longer than the mail may. */
  setDeadline(timeoutMs: number): void {
    this.#deadlineMs = Math.min(this.#now() + timeoutMs, this.limitMs);
    this.#overdue = false;
  }

  clearDeadline(): void {
    this.#deadlineMs = Number.POSITIVE_INFINITY;
  }

  #writeViews(views: readonly Uint8Array[], from: number): void {
    if (this.#failure !== undefined) return;
    holdForTurn(this.#socket);
    for (let i = from; i < views.length; i += 1) {
      const view = views[i];
      if (view !== undefined) this.#socket.write(view);
    }
  }

  #settleFlush(): void {
    const flushed = this.#flushed;
    this.#flushed = undefined;
    flushed?.();
  }

  #received(bytes: number): boolean {
    this.#replies.read(readBuffer.toString("latin1", 0, bytes));
    return true;
  }

  /**
   * Under TLS what was written is done with only when the system has taken it, and a quick reply may be here before we
   * know: it is looked at once all is out.
   */
  #readSecured(text: string): void {
    if (this.#held === undefined && this.#socket.writableLength === 0) {
      this.#replies.read(text);
      return;
    }
    if (this.#held !== undefined) {
      this.#held += text;
      return;
    }
    this.#held = text;
    this.#socket.write("", () => {
      const held = this.#held ?? "";
      this.#held = undefined;
      if (this.#failure === undefined) this.#replies.read(held);
    });
  }
}

/** Where the group of views ends that begins at `from`. */
function groupEnd(views: readonly Uint8Array[], from: number): number {
  let end = from;
  for (let bytes = 0; end < views.length && bytes < groupBytes; end += 1) bytes += views[end]?.length ?? 0;
  return end;
}
