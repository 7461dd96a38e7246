// What talks to the outside, resolver and SMTP client, across reloads: made anew when their settings change, while what
// is under way ends on the old ones.
import type { Config } from "./config/config.ts";
import { createResolver, type DnsObserver, type DnsStats, type Resolver } from "./dns/resolver.ts";
import type { Relay, RelayObserver } from "./relay/delivery.ts";
import { type ClosableRelay, createRelay, type RelayCounts } from "./relay/relay.ts";
import type { Resolve } from "./rr/answer.ts";
import type { Peek } from "./rr/known-answers.ts";
import { relayOptions, resolverOptions } from "./slices.ts";

export interface Outward {
  /** Always those of the configuration in force. */
  readonly resolve: Resolve;
  readonly peek: Peek;
  readonly relay: Relay;
  /** Undefined where somebody else answers for the DNS. */
  dnsStats(): DnsStats | undefined;
  relayCounts(): RelayCounts;
  /** Goes by another configuration from now on. */
  configure(config: Config): void;
  /** Resolves when all connections are closed; mail that is with a next hop longer than this is given up. */
  close(relayMs: number): Promise<void>;
}

export interface OutwardNeeds {
  readonly dns: DnsObserver;
  readonly relay: RelayObserver;
  /** Instead of a resolver of ours. */
  readonly resolve?: Resolve | undefined;
}

export function createOutward(first: Config, needs: OutwardNeeds): Outward {
  let config = first;
  const openRelay = (): ClosableRelay => createRelay({ ...relayOptions(config), observer: needs.relay });
  const openResolver = (): Resolver | undefined =>
    needs.resolve === undefined ? createResolver(resolverOptions(config), needs.dns) : undefined;
  let relay = openRelay();
  let resolver = openResolver();
  /** Relays whose settings are no longer in force, with mail still on them. */
  const leaving = new Set<Promise<void>>();

  function replaceRelay(drainMs: number): void {
    const ended: Promise<void> = relay.close(drainMs).then(() => void leaving.delete(ended));
    leaving.add(ended);
    relay = openRelay();
  }

  function replaceResolver(lastsMs: number): void {
    const old = resolver;
    resolver = openResolver();
    // What was asked of it has its answer by then.
    setTimeout(() => old?.close(), lastsMs).unref();
  }

  return {
    resolve: needs.resolve ?? ((name, type) => (resolver === undefined ? unanswered : resolver.resolve(name, type))),
    peek: (name, type) => resolver?.peek(name, type),
    relay: (outgoing, proceed) => relay(outgoing, proceed),
    dnsStats: () => resolver?.stats(),
    relayCounts: () => relay.counts(),
    configure(next) {
      const before = config;
      config = next;
      if (differ(relayOptions(before), relayOptions(next))) {
        replaceRelay(Math.max(before.limits.message_time, next.limits.message_time) * 1000);
      }
      const asked = resolverOptions(before);
      if (differ(asked, resolverOptions(next))) replaceResolver(asked.deadlineMs + 1000);
    },
    async close(relayMs) {
      await Promise.all([relay.close(relayMs), within(relayMs, [...leaving])]);
      resolver?.close();
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
