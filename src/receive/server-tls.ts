// The server's end of TLS on a connection that was accepted: what is read and written from then on is under TLS.
import type { Socket } from "node:net";
import { type SecureContext, TLSSocket } from "node:tls";

/**
 * Begins the handshake; what the client has sent before and nobody has read becomes part of it, so it ends there. The
 * socket that is returned takes the place of the one that is given, which closes with it.
 *
 * @param done the handshake is over; not called when it fails: the socket then has an error, and closes
 */
export function beginServerTls(plain: Socket, secureContext: SecureContext, done: () => void): TLSSocket {
  const secure = new TLSSocket(plain, { isServer: true, secureContext });
  // Once: a client may negotiate anew at any time.
  secure.once("secure", done);
  // Node reports a handshake that failed by this event, and closes without another.
  secure.once("_tlsError", (error: Error) => {
    if (!secure.destroyed) secure.destroy(error);
  });
  return secure;
}
