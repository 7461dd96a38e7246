// Where lines end up: written in the background, so that whoever reads them slowly, or not at all, costs lines and
// never holds up mail. What lines look like is left to log.ts.
import { fstatSync, openSync } from "node:fs";
import { Socket } from "node:net";
import type { Writable } from "node:stream";
import { pino } from "pino";

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
/** What close waits for a reader that takes nothing. */
const patienceMs = 1000;

/**
 * Standard error. A pipe or socket is written to without blocking: a write that waits in a thread of libuv's would
 * keep the process from ending for as long as nobody reads.
 */
export function standardErrorSink(): Sink {
  const kind = fstatSync(2);
  if (kind.isFIFO()) {
    try {
      // A description of our own: O_NONBLOCK on the inherited one would be everybody's who shares it.
      return streamSink(new Socket({ fd: openSync("/dev/stderr", "a"), readable: false }));
    } catch {
      // No /dev, or not ours to open.
    }
  }
  if (kind.isFIFO() || kind.isSocket()) return streamSink(new Socket({ fd: 2, readable: false }));
  return fileSink(2);
}

/** A file, or a terminal. */
export function fileSink(file: string | number): Sink {
  const destination = pino.destination({
    dest: file,
    sync: false,
    minLength: 0,
    maxLength: maxWaitingBytes,
    append: true,
  });
  let dropped = 0;
  const lost = () => {
    dropped += 1;
  };
  destination.on("drop", lost);
  // A full disk, a folder that went away: the log suffers, mail does not.
  destination.on("error", lost);
  return {
    write: (line) => void destination.write(line),
    get dropped() {
      return dropped;
    },
    reopen() {
      if (typeof file === "string") destination.reopen();
    },
    close: () =>
      patiently((done) => {
        destination.once("close", done);
        destination.end();
      }),
  };
}

/** A pipe or socket; it is closed at the end. */
export function streamSink(stream: Writable): Sink {
  let waiting = "";
  let lines = 0;
  let planned = false;
  let broken = false;
  let dropped = 0;
  stream.on("error", () => {
    broken = true;
  });
  stream.on("close", () => {
    broken = true;
  });

  /** All lines of one turn of the event loop in one write. */
  function flush(): void {
    planned = false;
    const text = waiting;
    waiting = "";
    if (broken || stream.writableLength > maxWaitingBytes) dropped += lines;
    else if (text !== "") stream.write(text);
    lines = 0;
  }

  return {
    write(line) {
      waiting += line;
      lines += 1;
      if (planned) return;
      planned = true;
      setImmediate(flush);
    },
    get dropped() {
      return dropped;
    },
    reopen() {},
    async close() {
      flush();
      await patiently((done) => {
        if (broken) done();
        else stream.write("", done);
      });
      stream.destroy();
    },
  };
}

function patiently(work: (done: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const patience = setTimeout(resolve, patienceMs);
    work(() => {
      clearTimeout(patience);
      resolve();
    });
  });
}
