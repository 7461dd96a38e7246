// A next hop that takes everything and keeps nothing (after Postfix's smtp-sink): one write per burst of replies,
// content looked at by native scans only, or counted where it comes by BDAT.
import { createServer, type Server, type Socket } from "node:net";

export interface SinkCounts {
  readonly messages: number;
  readonly bytes: number;
  readonly connections: number;
}

export interface Sink {
  readonly port: number;
  counts(): SinkCounts;
  /** The content of the last message that came, as it came; kept only when asked for by `keep`. */
  readonly last: Buffer | undefined;
  keep: boolean;
  close(): Promise<void>;
}

const endOfData = Buffer.from("\r\n.\r\n");
const greeting = "220 sink ESMTP\r\n";
const plainFeatures =
  "250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE\r\n250 SIZE 0\r\n";
const features = plainFeatures.replace("250 SIZE 0", "250-SIZE 0\r\n250 CHUNKING");
const queued = "250 2.0.0 Ok: queued as SINK\r\n";

/** On a free port of 127.0.0.1; offers BDAT as a stock Postfix does, unless told not to. */
export async function startSink({ chunking = true }: { readonly chunking?: boolean } = {}): Promise<Sink> {
  let messages = 0;
  let bytes = 0;
  let connections = 0;
  let last: Buffer | undefined;
  const open = new Set<Socket>();

  const sink = {
    port: 0,
    keep: false,
    counts: () => ({ messages, bytes, connections }),
    get last() {
      return last;
    },
    close(): Promise<void> {
      for (const socket of open) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };

  const server: Server = createServer({ noDelay: true }, (socket) => {
    connections += 1;
    open.add(socket);
    socket.on("close", () => open.delete(socket));
    socket.on("error", () => socket.destroy());
    socket.write(greeting, "latin1");

    let inData = false;
    /** Octets of a chunk that are still to come; after the last of them it is answered. */
    let chunkLeft = 0;
    let inLastChunk = false;
    /** Up to 4 octets of content before this chunk, where the end of data may have begun. */
    let tail: Buffer = Buffer.alloc(0);
    let line = "";
    let kept: Buffer[] = [];

    socket.on("data", (chunk: Buffer) => {
      let replies = "";
      let at = 0;
      while (at < chunk.length) {
        if (chunkLeft > 0) {
          const end = Math.min(chunk.length, at + chunkLeft);
          if (sink.keep) kept.push(Buffer.from(chunk.subarray(at, end)));
          bytes += end - at;
          chunkLeft -= end - at;
          at = end;
          if (chunkLeft === 0) replies += chunkEnd();
          continue;
        }
        if (inData) {
          const end = endIn(chunk, at);
          if (sink.keep) kept.push(Buffer.from(chunk.subarray(at, end === -1 ? chunk.length : end)));
          if (end === -1) {
            bytes += chunk.length - at;
            tail = Buffer.from(
              chunk.length - at >= 4
                ? chunk.subarray(chunk.length - 4)
                : Buffer.concat([tail, chunk.subarray(at)]).subarray(-4),
            );
            break;
          }
          bytes += end - at;
          at = end;
          inData = false;
          replies += taken();
          continue;
        }
        const end = chunk.indexOf(10, at);
        if (end === -1) {
          line += chunk.toString("latin1", at);
          break;
        }
        line += chunk.toString("latin1", at, end);
        at = end + 1;
        const verb = line.slice(0, 4).toUpperCase();
        const [, size = "", mark] = verb === "BDAT" ? line.trimEnd().split(" ") : [];
        line = "";
        if (verb === "DATA") {
          inData = true;
          tail = Buffer.from("\r\n");
          replies += "354 go on\r\n";
        } else if (verb === "BDAT") {
          chunkLeft = Number(size);
          inLastChunk = mark !== undefined;
          if (chunkLeft === 0) replies += chunkEnd();
        } else if (verb === "EHLO") replies += chunking ? features : plainFeatures;
        else if (verb === "QUIT") {
          replies += "221 2.0.0 bye\r\n";
          socket.end(replies, "latin1");
          return;
        } else replies += "250 2.0.0 Ok\r\n";
      }
      if (replies !== "") socket.write(replies, "latin1");
    });

    function taken(): string {
      messages += 1;
      if (sink.keep) last = Buffer.concat(kept);
      kept = [];
      return queued;
    }

    function chunkEnd(): string {
      return inLastChunk ? taken() : "250 2.0.0 Ok\r\n";
    }

    /** Where the content that goes on at `from` ends, the lone dot included; -1 when it is not there yet. */
    function endIn(chunk: Buffer, from: number): number {
      const seam = Buffer.concat([tail, chunk.subarray(from, from + 4)]);
      const atSeam = seam.indexOf(endOfData);
      if (atSeam !== -1) return from + atSeam + endOfData.length - tail.length;
      const found = chunk.indexOf(endOfData, from);
      return found === -1 ? -1 : found + endOfData.length;
    }
  });

  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 }, resolve);
  });
  const bound = server.address();
  if (bound !== null && typeof bound === "object") sink.port = bound.port;
  return sink;
}
