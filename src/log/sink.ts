// Where lines end up: written in the background, so that a reader that is slow, or reads nothing, costs lines and
// never holds up mail. What lines look like is left to log.ts.
import type { Writable } from "node:stream";

export interface Sink {
  /** A line with its end. */
  write(line: string): void;
  /** Lines given up. */
  readonly dropped: number;
  /** Opens a file anew, after it was rotated. */
  reopen(): void;
  /** Resolves when what was written is out, or cannot get out. */
  close(): Promise<void>;
}

/** Octets that may wait for a slow reader; beyond it lines are dropped. */
export const maxWaitingBytes = 1024 * 1024;
/**
 * Lines wait for each other so long, or until there are so many: a write costs as much as making twenty of them. No
 * round part of a second, or mail that comes in step with the clock would meet the write of the line before.
 */
export const maxDelayMs = 35;
export const batchChars = 16 * 1024;
/** What close waits for a reader that takes nothing. */
export const patienceMs = 1000;

/** A pipe or socket; it is closed at the end. */
export function streamSink(stream: Writable): Sink {
  let broken = false;
  let dropped = 0;
  stream.on("error", () => {
    broken = true;
  });
  stream.on("close", () => {
    broken = true;
    batch.end();
  });
  const batch = new Batch((text) => {
    if (broken || stream.writableLength > maxWaitingBytes) dropped += countLines(text);
    else stream.write(text);
  });

  return {
    write: (line) => batch.add(line),
    get dropped() {
      return dropped;
    },
    reopen() {},
    async close() {
      batch.end();
      await patiently((done) => {
        if (broken) done();
        else stream.write("", done);
      });
      stream.destroy();
    },
  };
}

/** Collects lines, for one write of them all. */
class Batch {
  readonly #write: (text: string) => void;
  #text = "";
  #timer: NodeJS.Timeout | undefined;
  /** Writes what still waits when the process ends without closing its log. */
  readonly #atExit = (): void => this.flush();

  constructor(write: (text: string) => void) {
    this.#write = write;
    // Before pino's own listener, which writes out what has reached it by then.
    process.prependListener("exit", this.#atExit);
  }

  add(line: string): void {
    this.#text += line;
    if (this.#text.length >= batchChars) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), maxDelayMs);
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const text = this.#text;
    this.#text = "";
    if (text !== "") this.#write(text);
  }

  end(): void {
    this.flush();
    process.off("exit", this.#atExit);
  }
}

function countLines(text: string): number {
  let count = 0;
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) count += 1;
  return count;
}

/** Resolves once the work is done, or when it takes too long. */
export function patiently(work: (done: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const patience = setTimeout(resolve, patienceMs);
    work(() => {
      clearTimeout(patience);
      resolve();
    });
  });
}
