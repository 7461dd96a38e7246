// Where mail goes: amavisd's method strings (`smtp:[127.0.0.1]:10025`, `lmtp:/run/dovecot/lmtp`, `smtp:*:*`).
// Connecting there is left to the relay.
import { isIP } from "node:net";
import type { Session } from "../mail/transaction.ts";

export type NextHop =
  | { readonly protocol: "smtp" | "lmtp"; readonly host: string; readonly port: number }
  | { readonly protocol: "smtp" | "lmtp"; readonly path: string };

/** A method as written: host "*" is the connecting peer, port "*" the port the mail came in on, plus 1. */
export type NextHopTemplate =
  | { readonly protocol: "smtp" | "lmtp"; readonly host: string; readonly port: number | "*" }
  | { readonly protocol: "smtp" | "lmtp"; readonly path: string };

export type ParsedMethod = { readonly template: NextHopTemplate } | { readonly problem: string };

const wanted = "smtp:[host]:port, lmtp:[host]:port, smtp:/path or lmtp:/path";

/** Reads one method string; what is wrong with it comes back as a sentence without the string itself. */
export function parseMethod(text: string): ParsedMethod {
  const colon = text.indexOf(":");
  if (colon === -1) return { problem: `expected ${wanted}` };
  const scheme = text.slice(0, colon).toLowerCase();
  if (scheme !== "smtp" && scheme !== "lmtp") {
    return { problem: `unknown method "${scheme}", expected ${wanted}` };
  }
  const rest = text.slice(colon + 1).replace(/^unix:(?=\/)/, "");
  if (rest.startsWith("/")) return { template: { protocol: scheme, path: rest } };

  const split = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(.*))?$/.exec(rest);
  if (split === null) return { problem: `expected ${wanted} (an IPv6 address goes in brackets)` };
  const host = (split[1] ?? split[2] ?? "").replace(/^ipv6:/i, "");
  if (host === "") return { problem: `the host is missing, expected ${wanted}` };
  if (host !== "*" && isIP(host) === 0 && !isHostName(host)) return { problem: `"${host}" is no host name or address` };

  const port = split[3] ?? "";
  if (port === "") return { problem: `the port is missing, expected ${wanted}` };
  if (port === "*") return { template: { protocol: scheme, host, port } };
  const number = /^\d{1,5}$/.test(port) ? Number(port) : 0;
  if (number < 1 || number > 65535) return { problem: `expected a port from 1 to 65535 or *, found "${port}"` };
  return { template: { protocol: scheme, host, port: number } };
}

/**
 * Fills in what a template leaves to the connection the mail came by. Undefined where that connection has no such
 * thing: a unix socket has no port and no peer address.
 */
export function resolveNextHop(
  template: NextHopTemplate,
  session: Pick<Session, "listener" | "peer">,
): NextHop | undefined {
  if ("path" in template) return template;
  const host = template.host === "*" ? plainAddress(session.peer.address) : template.host;
  const port = template.port === "*" ? portAfter(session.listener.port) : template.port;
  if (host === "" || port === undefined) return undefined;
  return { protocol: template.protocol, host, port };
}

/** The method string of a next hop, "smtp:[127.0.0.1]:10025": key of the connection pool and word in replies and log. */
export function formatNextHop(hop: NextHop | NextHopTemplate): string {
  return "path" in hop ? `${hop.protocol}:${hop.path}` : `${hop.protocol}:[${hop.host}]:${hop.port}`;
}

/** A list of methods as amavisd takes it: one is picked at random (`random` in [0, 1)), the others are fail-over. */
export function orderNextHops<T>(hops: readonly T[], random: number): T[] {
  const first = Math.min(Math.floor(random * hops.length), hops.length - 1);
  return [...hops.slice(first), ...hops.slice(0, first)];
}

/** IPv4 addresses seen through a dual-stack socket come as ::ffff:127.0.0.1. */
function plainAddress(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  return mapped?.[1] ?? address;
}

function portAfter(port: number): number | undefined {
  return port > 0 && port < 65535 ? port + 1 : undefined;
}

function isHostName(text: string): boolean {
  return text.length <= 253 && /^(?!-)[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?$/.test(text);
}
