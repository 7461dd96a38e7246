// A log file, or a terminal: appended to by one write at a time, in the background, lines gathered before; begun anew
// after a rotation.
import { close, open, write, writeSync } from "node:fs";
import { batchChars, maxDelayMs, maxWaitingBytes, patienceMs, type Sink } from "./sink.ts";

/** What wrote to whom is nobody's business but the administrators'. */
const fileMode = 0o640;
/** A file that cannot be had is tried again no sooner than this. */
const retryMs = 1000;
const LF = 10;

/** @param target a file name, or a descriptor that is open */
export function fileSink(target: string | number): Sink {
  let descriptor = typeof target === "number" ? target : undefined;
  let waiting = "";
  let lines = 0;
  let dropped = 0;
  let busy = false;
  let closed = false;
  let stale = false;
  let failedAt = Number.NEGATIVE_INFINITY;
  /** The disk was full in the middle of a line: the next one begins on a line of its own. */
  let torn = false;
  const onIdle: (() => void)[] = [];
  let delay: NodeJS.Timeout | undefined;
  process.on("exit", lastWords);

  /** Writes what still waits when the process ends without closing its log. */
  function lastWords(): void {
    if (waiting === "" || descriptor === undefined || stale) return;
    try {
      writeSync(descriptor, torn ? `\n${waiting}` : waiting);
    } catch {
      // There is no log left to report it in.
    }
  }

  /** Lines wait for each other: a write costs as much as making twenty of them. */
  function gather(): void {
    if (waiting.length >= batchChars) flush();
    else delay ??= setTimeout(flush, maxDelayMs);
  }

  function flush(): void {
    clearTimeout(delay);
    delay = undefined;
    work();
  }

  /** The next step of what is to be done: out with the old file, in with the new, then what waits. */
  function work(): void {
    if (busy) return;
    if (stale && typeof target === "string" && descriptor !== undefined) {
      const old = descriptor;
      descriptor = undefined;
      torn = false;
      step((done) => close(old, done));
    } else if (descriptor === undefined && typeof target === "string") openFile(target);
    else if (waiting === "" || descriptor === undefined) for (const resolve of onIdle.splice(0)) resolve();
    else {
      const octets = Buffer.from(torn ? `\n${waiting}` : waiting);
      const count = lines;
      waiting = "";
      lines = 0;
      append(descriptor, octets, count);
    }
  }

  function step(start: (done: () => void) => void): void {
    busy = true;
    start(() => {
      busy = false;
      work();
    });
  }

  function openFile(name: string): void {
    if (performance.now() - failedAt < retryMs) {
      giveUp();
      for (const resolve of onIdle.splice(0)) resolve();
      return;
    }
    stale = false;
    step((done) =>
      open(name, "a", fileMode, (error, opened) => {
        if (error === null) descriptor = opened;
        else failedAt = performance.now();
        done();
      }),
    );
  }

  function giveUp(): void {
    dropped += lines;
    waiting = "";
    lines = 0;
  }

  function append(to: number, octets: Buffer, count: number): void {
    step((done) =>
      write(to, octets, (error, written) => {
        if (error === null && written > 0) torn = octets[written - 1] !== LF;
        // A full disk: the log suffers, mail does not.
        if (error !== null) dropped += count;
        else if (written < octets.length) {
          const rest = octets.subarray(written);
          busy = false;
          append(to, rest, Math.min(count, countLines(rest)));
          return;
        }
        done();
      }),
    );
  }

  return {
    write(line) {
      if (closed || waiting.length > maxWaitingBytes) {
        dropped += 1;
        return;
      }
      waiting += line;
      lines += 1;
      gather();
    },
    get dropped() {
      return dropped;
    },
    reopen() {
      if (closed) return;
      stale = true;
      flush();
    },
    close() {
      return new Promise((resolve) => {
        const patience = setTimeout(resolve, patienceMs);
        onIdle.push(() => {
          clearTimeout(patience);
          process.off("exit", lastWords);
          // The system may give its number to another file soon.
          const last = descriptor;
          closed = true;
          descriptor = undefined;
          if (typeof target === "string" && last !== undefined) close(last, () => resolve());
          else resolve();
        });
        flush();
      });
    },
  };
}

function countLines(octets: Buffer): number {
  let count = 0;
  for (let at = octets.indexOf(LF); at !== -1; at = octets.indexOf(LF, at + 1)) count += 1;
  return count;
}
