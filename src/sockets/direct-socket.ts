// A connection whose octets are read into one buffer that all connections share. Of a socket that was accepted Node reads
// each time into a new buffer of 64 kB: that costs more than all else that is done with a large mail's octets on their
// way in, and tens of megabytes of it wait for the garbage collector. What Node offers instead (`onread`), it offers
// only where it makes the socket itself.
import { Socket, type SocketConstructorOpts } from "node:net";

/** What was read is done with, or copied, before anything else is read. */
const readBuffer = Buffer.allocUnsafeSlow(64 * 1024);

/** What is under a socket. Node's documents name one kind, sockets bound before they connect; accepted ones go too. */
type Handle = NonNullable<SocketConstructorOpts["handle"]>;

export class DirectSocket extends Socket {
  /**
   * Called with what has come; it is valid during the call only. Returns whether to read on: else nothing more comes
   * before `resume`. To be set before the event loop turns.
   */
  onOctets: (octets: Buffer) => boolean = () => true;

  constructor(handle: Handle) {
    const callback = (bytes: number) => this.onOctets(readBuffer.subarray(0, bytes));
    super({ handle, allowHalfOpen: true, onread: { buffer: readBuffer, callback } });
  }
}

/**
 * Takes over a socket that its server accepted and paused (`pauseOnConnect`). Undefined where that cannot be: something
 * was read from it, or it does not look as expected; it can be used as it is then.
 */
export function takeOver(accepted: Socket): DirectSocket | undefined {
  if (accepted.destroyed || accepted.bytesRead > 0 || !("_handle" in accepted)) return undefined;
  const { _handle: handle } = accepted;
  if (!isHandle(handle)) return undefined;
  accepted._handle = null;
  const socket = new DirectSocket(handle);
  // The server counts the one it made.
  socket.once("close", () => accepted.destroy());
  return socket;
}

function isHandle(value: unknown): value is Handle {
  return typeof value === "object" && value !== null && "useUserBuffer" in value;
}
