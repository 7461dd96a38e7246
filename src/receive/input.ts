// smtp-server's parser as an empty shell: what arrives goes to whoever made it, one chunk at a time.
import { SMTPStream } from "smtp-server/lib/smtp-stream";

/** Asks for the next chunk. */
export type Next = (error?: Error | null) => void;

/** The next chunk comes only after `next` was called for the last: that is how back-pressure reaches the socket. */
export class Input extends SMTPStream {
  readonly #consume: (chunk: Buffer, next: Next) => void;

  constructor(consume: (chunk: Buffer, next: Next) => void) {
    super();
    this.#consume = consume;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding | "buffer", next: Next): void {
    if (this.isClosed) next();
    else this.#consume(chunk, next);
  }
}
