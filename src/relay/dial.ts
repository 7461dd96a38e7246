// How a connection to a next hop is made: over TCP or a unix socket.
import { connect, type OnReadOpts } from "node:net";
import type { Duplex } from "node:stream";
import type { NextHop } from "../smtp/next-hop.ts";

/**
 * Starts connecting; "connect" and "error" say how it went, and what the other side says is handed to `onread`.
 * @param localAddress where a TCP connection starts from; null: the system chooses
 */
export type Dial = (hop: NextHop, localAddress: string | null, onread: OnReadOpts) => Duplex;

export const dialSocket: Dial = (hop, localAddress, onread) =>
  "path" in hop
    ? connect({ path: hop.path, onread })
    : connect({
        host: hop.host,
        port: hop.port,
        ...(localAddress === null ? {} : { localAddress }),
        noDelay: true,
        onread,
      });
