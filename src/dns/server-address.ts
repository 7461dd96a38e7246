// Where DNS servers are: the settings' "127.0.0.1:53" and the lines of resolv.conf. Reading files is left to others.
import { isIP, isIPv6 } from "node:net";

export interface DnsServer {
  readonly address: string;
  readonly port: number;
}

/** Servers and times that resolv.conf asks for; what it does not say is absent. */
export interface ResolvConf {
  readonly servers: readonly DnsServer[];
  readonly timeoutMs?: number;
  readonly tries?: number;
}

/** glibc's MAXNS: further servers are not asked. */
const maxServers = 3;

/** Reads "192.0.2.1", "192.0.2.1:5353", "::1", "[::1]:5353"; undefined for anything else. Port 53 by default. */
export function parseDnsServer(text: string): DnsServer | undefined {
  if (isIP(text) !== 0) return { address: text, port: 53 };
  const colon = text.lastIndexOf(":");
  if (colon === -1) return bracketed(text, 53);
  const port = /^\d{1,5}$/.test(text.slice(colon + 1)) ? Number(text.slice(colon + 1)) : 0;
  const host = text.slice(0, colon);
  if (port < 1 || port > 65535) return bracketed(text, 53);
  return host.startsWith("[") ? bracketed(host, port) : isIP(host) === 4 ? { address: host, port } : undefined;
}

function bracketed(text: string, port: number): DnsServer | undefined {
  const inner = text.startsWith("[") && text.endsWith("]") ? text.slice(1, -1) : "";
  return isIPv6(inner) ? { address: inner, port } : undefined;
}

/** Reads the text of /etc/resolv.conf (resolv.conf(5)); lines that it does not know are passed over. */
export function parseResolvConf(text: string): ResolvConf {
  const servers: DnsServer[] = [];
  let timeoutMs: number | undefined;
  let tries: number | undefined;
  for (const line of text.split("\n")) {
    const [keyword, ...values] = line
      .replace(/[#;].*/, "")
      .trim()
      .split(/\s+/);
    if (keyword === "nameserver" && servers.length < maxServers) {
      const server = parseDnsServer(values[0] ?? "");
      if (server !== undefined) servers.push(server);
    }
    if (keyword !== "options") continue;
    for (const option of values) {
      const [name, value] = option.split(":");
      const number = Number(value);
      if (!Number.isInteger(number) || number < 1) continue;
      if (name === "timeout") timeoutMs = Math.min(number, 30) * 1000;
      if (name === "attempts") tries = Math.min(number, 5);
    }
  }
  return { servers, ...(timeoutMs === undefined ? {} : { timeoutMs }), ...(tries === undefined ? {} : { tries }) };
}

/** True for a server on this machine: its AD bit can be believed, and nobody off the path can speak for it. */
export function isLoopback(server: DnsServer): boolean {
  return server.address.startsWith("127.") || server.address === "::1" || /^::ffff:127\./i.test(server.address);
}
