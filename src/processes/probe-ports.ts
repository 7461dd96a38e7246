// Whether ports are free to be shared. Sockets that share a port do not mind each other, so a second daemon with the same
// ports would start and take half of the mail: here each port is opened for a moment by a socket that does not share.
import { createServer } from "node:net";
import { type ListenAt, listenTrouble } from "../sockets/listen.ts";

/** Rejects with words on the first that is in use, or cannot be had. Unix sockets are passed over. */
export async function probePorts(places: readonly ListenAt[]): Promise<void> {
  for (const at of places) if (at.path === undefined) await probe(at);
}

function probe(at: ListenAt): Promise<void> {
  const { address, port = 0 } = at;
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", (error) => reject(listenTrouble(error, at)));
    server.listen({ port, ...(address === undefined ? {} : { host: address }) }, () => server.close(() => resolve()));
  });
}
