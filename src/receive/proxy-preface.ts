// Waits for the PROXY header of a connection and leaves all that follows it unread.
import type { Socket } from "node:net";
import { type ProxySource, readProxyHeader } from "../smtp/proxy-header.ts";

/** A balancer sends its header with the first packet. */
const patienceMs = 10_000;

/**
 * Calls back once: with whom the header speaks for, undefined where it speaks for the peer itself, or with an error
 * where none came in time. The socket is ended then.
 */
export function readProxyPreface(
  socket: Socket,
  callback: (error: Error | undefined, source?: ProxySource) => void,
): void {
  let octets: Buffer = Buffer.alloc(0);
  const timer = setTimeout(() => fail("no PROXY header in time"), patienceMs);
  timer.unref();

  const read = () => {
    for (let chunk: Buffer | null = socket.read(); chunk !== null; chunk = socket.read()) {
      octets = octets.length === 0 ? chunk : Buffer.concat([octets, chunk]);
    }
    const header = readProxyHeader(octets);
    if (header.state === "incomplete") return;
    if (header.state === "malformed") {
      fail("no PROXY header");
      return;
    }
    settle();
    if (octets.length > header.lengthBytes) socket.unshift(octets.subarray(header.lengthBytes));
    callback(undefined, header.source);
  };
  const gone = () => fail("the peer went away before its PROXY header");

  function settle(): void {
    clearTimeout(timer);
    socket.off("readable", read);
    for (const event of ["end", "close", "error"] as const) socket.off(event, gone);
  }

  function fail(reason: string): void {
    settle();
    socket.on("error", () => undefined);
    socket.destroy();
    callback(new Error(reason));
  }

  socket.on("readable", read);
  for (const event of ["end", "close", "error"] as const) socket.on(event, gone);
}
