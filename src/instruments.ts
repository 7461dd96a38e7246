// All that looks at the daemon from the side: metrics with their endpoint, readiness. What it costs the mail path is
// adding to numbers; everything else happens when somebody asks.
import type { Config } from "./config/config.ts";
import type { Log } from "./log/log.ts";
import { type Endpoint, openEndpoint } from "./metrics/endpoint.ts";
import { conditions, createHealth } from "./metrics/health.ts";
import { createMetrics } from "./metrics/metrics.ts";
import type { Observers } from "./metrics/observers.ts";
import type { Sources } from "./metrics/sources.ts";
import type { Outcome } from "./outcome/outcome.ts";
import type { Keyring } from "./signing/keyring.ts";
import { fixedNextHops } from "./stages/next-hops.ts";
import { version } from "./version.ts";

/** What the ports are doing. */
export interface Doors {
  openConnections(): Iterable<readonly [listener: string, count: number]>;
  closedListeners(): number;
  draining(): boolean;
}

/** The part of a configuration that concerns us, with what was read along. */
export interface InForce {
  readonly config: Config;
  readonly keyring: Keyring;
}

export interface Instruments {
  readonly observers: Observers;
  /** Where gauges look, the ports left out. */
  watch(sources: Omit<Sources, "openConnections" | "droppedLines">): void;
  /** Opens the endpoint; rejects when its address cannot be had. */
  open(inForce: InForce, doors: Doors): Promise<void>;
  /** Goes by another configuration from now on; rejects, and stays with the old one, when its endpoint cannot be had. */
  configure(inForce: InForce): Promise<void>;
  /** Notes how a reload ended; gives the number of the configuration in force. */
  reloaded(result: "success" | "failure", elapsedMs: number): number;
  /** A mail is done. */
  count(outcome: Outcome): void;
  close(): Promise<void>;
}

export function createInstruments(log: Log): Instruments {
  const metrics = createMetrics({ version, node: process.versions.node });
  const { observers } = metrics;
  let sources: Parameters<Instruments["watch"]>[0] | undefined;
  let doors: Doors | undefined;
  let nextHops: ReturnType<typeof fixedNextHops> = [];
  let endpoint: Endpoint | undefined;
  let listening: string | null = null;

  const health = createHealth({
    threadsAlive: () => sources?.pool().threadsAlive ?? 0,
    closedListeners: () => doors?.closedListeners() ?? 0,
    nextHops: () => nextHops,
    draining: () => doors?.draining() ?? false,
  });

  async function notReady(): Promise<readonly string[]> {
    const troubles = await health.check();
    for (const condition of conditions) metrics.declared.ready.set({ condition }, troubles.has(condition) ? 0 : 1);
    return [...troubles].map(([condition, text]) => `${condition}: ${text}`);
  }

  async function configure({ config, keyring }: InForce): Promise<void> {
    const { listen } = config.metrics;
    if (listen !== listening) {
      const next =
        listen === null ? undefined : await openEndpoint(endpointAddress(listen), { text: metrics.text, notReady });
      await endpoint?.close();
      endpoint = next;
      listening = listen;
      if (listen !== null) log.write("notice", `metrics on http://${listen}/metrics`);
    }
    metrics.configured(keyring.keys, []);
    nextHops = fixedNextHops([
      config.base.forward_method,
      ...[...config.policy_bank.values()].flatMap(({ forward_method }) => forward_method ?? []),
    ]);
  }

  return {
    observers: {
      ...observers,
      relay: {
        ...observers.relay,
        reply(remote, kind, origin) {
          observers.relay.reply(remote, kind, origin);
          if (origin === "next-hop") health.reached(remote);
        },
      },
      pool: {
        ...observers.pool,
        workersRestarted(reason) {
          observers.pool.workersRestarted(reason);
          log.write("err", `worker threads restarted: ${reason}`);
        },
      },
    },
    watch(given) {
      sources = given;
      metrics.watch({
        ...given,
        openConnections: () => doors?.openConnections() ?? [],
        droppedLines: () => log.dropped,
      });
    },
    async open(inForce, given) {
      doors = given;
      await configure(inForce);
    },
    configure,
    reloaded(result, elapsedMs) {
      metrics.reloaded(result, elapsedMs);
      return metrics.generation;
    },
    count: metrics.count,
    async close() {
      await endpoint?.close();
    },
  };
}

/** "127.0.0.1:9925" or "[::1]:9925"; the configuration has checked it. */
function endpointAddress(text: string): { address: string; port: number } {
  const colon = text.lastIndexOf(":");
  return { address: text.slice(0, colon).replace(/^\[|\]$/g, ""), port: Number(text.slice(colon + 1)) };
}
