// Where a stand-in for a server takes connections: it can go away and come back at the same address.
import { once } from "node:events";
import type { Server, Socket } from "node:net";

export interface ListeningPlace {
  /** "127.0.0.1:port", or the path of its socket. */
  readonly address: string;
  /** Takes no connections until it is `up` again, at the same address; those that are open end. */
  down(): Promise<void>;
  up(): Promise<void>;
  close(): Promise<void>;
}

/** `at`: a port, 0 for one that is free, or the path of a socket. `open`: the connections that there are now. */
export async function listenAt(
  server: Server,
  at: number | string,
  open: () => Iterable<Socket>,
): Promise<ListeningPlace> {
  async function listen(place: number | string): Promise<void> {
    const listening = once(server, "listening");
    if (typeof place === "string") server.listen(place);
    else server.listen(place, "127.0.0.1");
    await listening;
  }

  async function down(): Promise<void> {
    for (const socket of open()) socket.destroy();
    const closed = once(server, "close");
    server.close();
    await closed;
  }

  await listen(at);
  const bound = server.address();
  const place = typeof bound === "object" && bound !== null ? bound.port : String(bound);
  return {
    address: typeof place === "number" ? `127.0.0.1:${place}` : place,
    down,
    up: () => listen(place),
    async close() {
      if (server.listening) await down();
    },
  };
}
