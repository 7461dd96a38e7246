// Where a daemon beside us listens, as settings write it: "127.0.0.1:3310", "[::1]:783" or the path of a unix socket.
import { isIP } from "node:net";

export type PeerAddress = { readonly host: string; readonly port: number } | { readonly path: string };

/** Longer paths do not fit into a unix socket's address (unix(7)). */
const maxPathOctets = 107;

/** Undefined for anything else; a host is an address or a name, and a port always stands behind it. */
export function parsePeerAddress(text: string): PeerAddress | undefined {
  if (text.startsWith("/")) return Buffer.byteLength(text) <= maxPathOctets ? { path: text } : undefined;
  const [, bracketed, plain, digits] =
    /^(?:\[([0-9a-fA-F:.]{2,45})\]|([A-Za-z0-9_.-]{1,253})):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits === undefined || port < 1 || port > 65535) return undefined;
  if (bracketed !== undefined) return isIP(bracketed) === 6 ? { host: bracketed, port } : undefined;
  return plain === undefined ? undefined : { host: plain, port };
}

/** As `parsePeerAddress` reads it. */
export function formatPeerAddress(address: PeerAddress): string {
  if ("path" in address) return address.path;
  return `${address.host.includes(":") ? `[${address.host}]` : address.host}:${address.port}`;
}
