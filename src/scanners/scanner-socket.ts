// One connection to a scanner: octets out, octets in, and a limit on each wait. Never rejects: what goes wrong is kept as its
// trouble. One waits at a time: who sends does not read.
import { connect, type Socket } from "node:net";
import { setImmediate } from "node:timers";
import type { PeerAddress } from "../settings/peer-address.ts";
import type { ScannerTrouble, ScannerTroubleKind } from "./trouble.ts";

export class ScannerSocket {
  readonly #socket: Socket;
  readonly #maxReplyBytes: number;
  readonly #now: () => number;
  #received: Buffer[] = [];
  #receivedBytes = 0;
  #isConnected = false;
  #isEnded = false;
  #trouble: ScannerTrouble | undefined;
  #wake: (() => void) | undefined;
  /** On the clock of `now`: no wait goes beyond. */
  limitMs = Number.POSITIVE_INFINITY;
  /** Called when the connection ends or something comes that nobody waits for. */
  onUnasked: (() => void) | undefined;

  /** Starts connecting. `maxReplyBytes`: more than this unread, and the connection is given up. */
  constructor(address: PeerAddress, maxReplyBytes: number, now: () => number) {
    this.#maxReplyBytes = maxReplyBytes;
    this.#now = now;
    this.#socket = "path" in address ? connect({ path: address.path }) : connect({ ...address, noDelay: true });
    this.#socket.on("connect", () => {
      this.#isConnected = true;
      this.#look();
    });
    this.#socket.on("data", (octets: Buffer) => this.#take(octets));
    this.#socket.on("end", () => {
      this.#isEnded = true;
      this.#look();
    });
    this.#socket.on("error", (error) => this.#lost(error.message || "error"));
    this.#socket.on("close", () => this.#lost("the connection was closed"));
  }

  get trouble(): ScannerTrouble | undefined {
    return this.#trouble;
  }

  get hasReply(): boolean {
    return this.#receivedBytes > 0;
  }

  /** Waits for the connection. */
  async connected(withinMs: number): Promise<boolean> {
    await this.#until(() => this.#isConnected, withinMs, "connect");
    return this.#trouble === undefined;
  }

  /** Sends views and waits until the kernel has taken them, or a reply shows that no more is wanted: then it is false. */
  async send(views: readonly Uint8Array[], silenceMs: number): Promise<boolean> {
    if (this.#trouble !== undefined) return false;
    this.#socket.cork();
    for (const view of views) this.#socket.write(view);
    this.#socket.uncork();
    if (this.#socket.writableLength === 0) return true;
    let isFlushed = false;
    // Nothing to send, but called back when all before it is out.
    this.#socket.write("", () => {
      isFlushed = true;
      this.#look();
    });
    await this.#until(() => isFlushed || this.hasReply || this.#isEnded, silenceMs, "timeout");
    return isFlushed;
  }

  /** What has come since the last call; undefined when nothing more will, and `trouble` says why. */
  async receive(silenceMs: number): Promise<Buffer | undefined> {
    await this.#until(() => this.hasReply || this.#isEnded, silenceMs, "timeout");
    if (!this.hasReply) {
      this.fail("closed", "the connection was closed");
      return undefined;
    }
    const octets = Buffer.concat(this.#received);
    this.#received = [];
    this.#receivedBytes = 0;
    return octets;
  }

  /** Says the last words and closes; what comes afterwards is nobody's. */
  end(words: Uint8Array): void {
    if (this.#trouble !== undefined) return;
    this.onUnasked = undefined;
    this.#socket.end(words);
    this.#trouble = { trouble: "closed", detail: "closed by us" };
    this.#socket.setTimeout(1000, () => this.#socket.destroy());
  }

  fail(trouble: ScannerTroubleKind, detail: string): void {
    if (this.#trouble !== undefined) return;
    this.#trouble = { trouble, detail };
    this.#socket.destroy();
    this.#look();
  }

  #lost(detail: string): void {
    // What came before the end is still to be read.
    if (this.hasReply) this.#isEnded = true;
    else this.fail(this.#isConnected ? "closed" : "connect", detail);
    this.#look();
  }

  #take(octets: Buffer): void {
    this.#received.push(octets);
    this.#receivedBytes += octets.length;
    if (this.#receivedBytes > this.#maxReplyBytes) {
      this.#received = [];
      this.#receivedBytes = 0;
      this.fail("garbage", `more than ${this.#maxReplyBytes} octets of answer`);
    }
    this.#look();
  }

  #look(): void {
    if (this.#wake !== undefined) this.#wake();
    else this.onUnasked?.();
  }

  async #until(isDone: () => boolean, silenceMs: number, kind: "connect" | "timeout"): Promise<void> {
    const endMs = Math.min(this.#now() + silenceMs, this.limitMs);
    const isOver = (): boolean => isDone() || this.#trouble !== undefined;
    while (!isOver()) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      // Late by our own doing (a busy process)? What has arrived by then is read before it counts as late.
      const timer = setTimeout(() => setImmediate(resolve), Math.max(0, endMs - this.#now()));
      await promise;
      clearTimeout(timer);
      this.#wake = undefined;
      if (!isOver() && this.#now() >= endMs)
        this.fail("timeout", timeoutText(kind, silenceMs, this.limitMs < endMs + 1));
    }
  }
}

function timeoutText(kind: "connect" | "timeout", silenceMs: number, isLimit: boolean): string {
  if (isLimit) return "the time for this mail is over";
  return `${kind === "connect" ? "no connection" : "no answer"} within ${silenceMs / 1000} s`;
}
