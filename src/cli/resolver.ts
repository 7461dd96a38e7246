// The resolver of the configuration: its servers, or those of /etc/resolv.conf.
import { readFileSync } from "node:fs";
import type { DnsSettings } from "../config/config.ts";
import { defaultResolverOptions, type ResolverOptions } from "../dns/resolver.ts";
import { parseDnsServer, parseResolvConf } from "../dns/server-address.ts";

/** Settings in seconds to the resolver's options. Without any server a local one is hoped for, as libc does. */
export function resolverOptions(dns: DnsSettings, resolvConf: string = readResolvConf()): ResolverOptions {
  const configured = dns.servers.flatMap((server) => parseDnsServer(server) ?? []);
  const servers = configured.length > 0 ? configured : parseResolvConf(resolvConf).servers;
  return {
    ...defaultResolverOptions,
    servers: servers.length > 0 ? servers : [{ address: "127.0.0.1", port: 53 }],
    timeoutMs: dns.timeout * 1000,
    tries: dns.tries,
    deadlineMs: dns.message_timeout * 1000,
    maxCacheEntries: dns.cache_entries,
    maxCacheBytes: dns.cache_size,
    maxNegativeTtlSeconds: dns.negative_ttl,
  };
}

function readResolvConf(): string {
  try {
    return readFileSync("/etc/resolv.conf", "utf8");
  } catch {
    return "";
  }
}
