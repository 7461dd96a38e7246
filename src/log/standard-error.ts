// Standard error as a place for the log, whatever it is: a pipe, a socket, a file, a terminal.
import { fstatSync, openSync } from "node:fs";
import { Socket } from "node:net";
import { fileSink } from "./file-sink.ts";
import { type Sink, streamSink } from "./sink.ts";

/**
 * A pipe or socket is written to without blocking: a write that waits in a thread of libuv's would keep the process
 * from ending for as long as nobody reads.
 */
export function standardErrorSink(): Sink {
  const kind = fstatSync(2);
  if (kind.isFIFO()) {
    try {
      // Opened anew: O_NONBLOCK on the inherited description would hold for all processes that share it.
      return streamSink(new Socket({ fd: openSync("/dev/stderr", "a"), readable: false }));
    } catch {
      // No /dev, or not ours to open.
    }
  }
  if (kind.isFIFO() || kind.isSocket()) return streamSink(new Socket({ fd: 2, readable: false }));
  return fileSink(2);
}
