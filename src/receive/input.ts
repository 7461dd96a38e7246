// What comes on a connection's socket, one chunk at a time: the next comes only after `next` was called for the last.
// That is how back-pressure reaches the socket.
import type { Socket } from "node:net";
import { DirectSocket } from "../sockets/direct-socket.ts";

/** Asks for the next chunk. */
export type Next = () => void;

export interface InputReader {
  /** A chunk is valid until this returns. */
  take(chunk: Buffer, next: Next): void;
  /** The peer has sent all it had, and all of it was taken. */
  end(): void;
}

/** Reads `socket` from now on. */
export function readInput(socket: Socket, { take, end }: InputReader): void {
  /** `next` was not called yet. */
  let busy = false;
  /** Came while busy; the socket is not read until this is taken. */
  let kept: Buffer | undefined;
  let ended = false;

  /** Returns whether to read on. */
  function arrived(octets: Buffer): boolean {
    if (busy) {
      // The socket is stopped only now: most often nothing comes while we are busy, since the sender waits for our reply.
      kept = Buffer.from(octets);
      return false;
    }
    hand(octets);
    return true;
  }

  function hand(octets: Buffer): void {
    busy = true;
    take(octets, proceed);
  }

  function proceed(): void {
    busy = false;
    if (kept !== undefined) {
      const octets = kept;
      kept = undefined;
      socket.resume();
      hand(octets);
    } else if (ended) end();
  }

  // A stream in between would have to copy what a direct socket reads.
  if (socket instanceof DirectSocket) socket.onOctets = arrived;
  else {
    socket.on("data", (octets: Buffer) => {
      if (!arrived(octets)) socket.pause();
    });
    socket.resume();
  }
  socket.once("end", () => {
    ended = true;
    if (!busy) end();
  });
}
