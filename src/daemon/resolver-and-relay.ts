// Resolver, SMTP client and Redis connection, replaced when a reload changes their settings; what is under way ends on
// the old ones.
import type { Config } from "../config/config.ts";
import { createResolver, type DnsObserver, type DnsStats, type Resolver } from "../dns/resolver.ts";
import { createSharedAnswers } from "../dns/shared-answers.ts";
import { connectionsFor, openFileLimit } from "../process/descriptors.ts";
import type { Relay, RelayObserver } from "../relay/delivery.ts";
import { type ClosableRelay, createRelay, type RelayCounts } from "../relay/relay.ts";
import type { Resolve } from "../rr/answer.ts";
import type { Peek } from "../rr/known-answers.ts";
import { placeText } from "../settings/server-url.ts";
import { createRedisConnect, loadRedis } from "../shared-cache/redis.ts";
import { createSharedCache, type SharedCache, type SharedCacheStats } from "../shared-cache/shared-cache.ts";
import type { TlsMaterial } from "../sockets/tls-files.ts";
import { relayOptions, resolverOptions, sharedCacheOptions } from "./part-options.ts";

export interface ResolverAndRelay {
  /** Always those of the configuration in force. */
  readonly resolve: Resolve;
  readonly peek: Peek;
  readonly relay: Relay;
  /** Undefined when a resolver of the caller answers (the demo, tests). */
  dnsStats(): DnsStats | undefined;
  /** Undefined where nothing is shared. */
  sharedCacheStats(): SharedCacheStats | undefined;
  relayCounts(): RelayCounts;
  /** Loads the modules that this configuration needs, so that no mail waits for them. */
  load(config: Config): Promise<void>;
  /** Connects to the Redis server, in the background. Call it after the process has become the daemon's user. */
  connect(): void;
  /** The cache that filters share, as configured now; empty when there is none. */
  readonly shared: Pick<SharedCache, "get" | "set">;
  /** Goes by another configuration from now on. */
  configure(config: Config, tls?: TlsMaterial): void;
  /** Resolves when all connections are closed; mail that is with a next hop longer than this is given up. */
  close(relayMs: number): Promise<void>;
}

export interface ResolverAndRelayNeeds {
  readonly dns: DnsObserver;
  readonly relay: RelayObserver;
  /** Called when no descriptor is left for a connection to a next hop. */
  readonly onShort: () => void;
  /** Used instead of a resolver of ours. */
  readonly resolve?: Resolve | undefined;
  /** Certificates by which next hops are checked. */
  readonly tls?: TlsMaterial;
  /** Called when the shared cache comes and goes. */
  tell(severity: "notice" | "warning", text: string): void;
}

export function createResolverAndRelay(first: Config, needs: ResolverAndRelayNeeds): ResolverAndRelay {
  let config = first;
  let ca = needs.tls?.ca;
  const maxClients = connectionsFor(openFileLimit());
  const openRelay = (): ClosableRelay =>
    createRelay({ ...relayOptions(config, maxClients, ca), observer: needs.relay, onShort: needs.onShort });
  const shared: Pick<SharedCache, "get" | "set"> = {
    get: (key, read) => sharedCache?.get(key, read),
    set: (key, octets, ttlMs) => sharedCache?.set(key, octets, ttlMs),
  };
  const sharedAnswers = createSharedAnswers(shared);
  const openResolver = (): Resolver | undefined =>
    needs.resolve === undefined ? createResolver(resolverOptions(config), needs.dns, sharedAnswers) : undefined;
  let relay = openRelay();
  let resolver = openResolver();
  let sharedCache = prepareSharedCache();
  /** Relays of earlier settings that still carry mail. */
  const leaving = new Set<Promise<void>>();

  function prepareSharedCache(): SharedCache | undefined {
    const options = needs.resolve === undefined ? sharedCacheOptions(config) : undefined;
    if (options === undefined) return undefined;
    const { place, prefix, timeoutMs } = options;
    const connect = createRedisConnect(place);
    return createSharedCache({ connect, name: placeText(place), prefix, timeoutMs, tell: needs.tell });
  }

  function replaceRelay(drainMs: number): void {
    const ended: Promise<void> = relay.close(drainMs).then(() => void leaving.delete(ended));
    leaving.add(ended);
    relay = openRelay();
  }

  function replaceResolver(lastsMs: number): void {
    const old = resolver;
    resolver = openResolver();
    // By then all its questions have an answer.
    setTimeout(() => old?.close(), lastsMs).unref();
  }

  return {
    resolve: needs.resolve ?? ((name, type) => (resolver === undefined ? unanswered : resolver.resolve(name, type))),
    peek: (name, type) => resolver?.peek(name, type),
    relay: (outgoing, proceed) => relay(outgoing, proceed),
    dnsStats: () => resolver?.stats(),
    shared,
    sharedCacheStats: () => sharedCache?.stats(),
    relayCounts: () => relay.counts(),
    async load(coming) {
      if (needs.resolve === undefined && sharedCacheOptions(coming) !== undefined) await loadRedis();
    },
    connect: () => sharedCache?.open(),
    configure(next, tls = {}) {
      const before = config;
      const appeared = relayOptions(before, maxClients, ca);
      config = next;
      ({ ca } = tls);
      if (differ(appeared, relayOptions(next, maxClients, ca))) {
        replaceRelay(Math.max(before.limits.message_time, next.limits.message_time) * 1000);
      }
      const asked = resolverOptions(before);
      if (differ(asked, resolverOptions(next))) {
        replaceResolver(asked.deadlineMs + before.redis.timeout * 1000 + 1000);
      }
      if (differ(before.redis, next.redis)) {
        sharedCache?.close();
        sharedCache = prepareSharedCache();
        sharedCache?.open();
      }
    },
    async close(relayMs) {
      await Promise.all([relay.close(relayMs), within(relayMs, [...leaving])]);
      resolver?.close();
      sharedCache?.close();
    },
  };
}

const unanswered = Promise.resolve({ status: "trouble", trouble: "network" } as const);

function differ(one: object, other: object): boolean {
  return JSON.stringify(one) !== JSON.stringify(other);
}

async function within(limitMs: number, promises: readonly Promise<void>[]): Promise<void> {
  if (promises.length === 0) return;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limitMs);
  });
  await Promise.race([Promise.all(promises), late]);
  clearTimeout(timer);
}
