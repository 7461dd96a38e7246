// smtp-server's parser as an empty shell: what arrives goes to whoever made it, one chunk at a time.
import { SMTPStream } from "smtp-server/lib/smtp-stream";
import type { DirectSocket } from "./direct-socket.ts";

/** Asks for the next chunk. */
export type Next = (error?: Error | null) => void;

/**
 * The next chunk comes only after `next` was called for the last: that is how back-pressure reaches the socket. A chunk
 * is valid until `consume` returns. "finish" is emitted after the last one.
 */
export class Input extends SMTPStream {
  readonly #consume: (chunk: Buffer, next: Next) => void;
  #socket: DirectSocket | undefined;
  /** `next` was not called yet. */
  #busy = false;
  /** Came while busy; the socket is not read until this is taken. */
  #kept: Buffer | undefined;
  #ended = false;
  readonly #next = (): void => this.#proceed();

  constructor(consume: (chunk: Buffer, next: Next) => void) {
    super();
    this.#consume = consume;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding | "buffer", next: Next): void {
    if (this.isClosed) next();
    else this.#consume(chunk, next);
  }

  /** Takes what comes on `socket`; a stream in between would have to copy it. */
  readFrom(socket: DirectSocket): void {
    this.#socket = socket;
    socket.onOctets = (octets) => {
      if (this.#busy) {
        // Not stopped before something comes: most are busy with a whole mail, whose sender waits for the reply.
        this.#kept = Buffer.from(octets);
        return false;
      }
      this.#hand(octets);
      return true;
    };
    socket.once("end", () => {
      this.#ended = true;
      if (!this.#busy) this.end();
    });
  }

  #hand(octets: Buffer): void {
    this.#busy = true;
    this._write(octets, "buffer", this.#next);
  }

  #proceed(): void {
    this.#busy = false;
    const kept = this.#kept;
    if (kept !== undefined) {
      this.#kept = undefined;
      this.#socket?.resume();
      this.#hand(kept);
    } else if (this.#ended) this.end();
  }
}
