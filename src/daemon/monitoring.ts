// Everything that watches the daemon: metrics with their endpoint, readiness, published keys, past mails. On the mail path
// it only adds to numbers and keeps the Outcome; all other work is done when somebody asks.
import type { Config } from "../config/config.ts";
import type { ControlRequest } from "../control/protocol.ts";
import type { KeptMail } from "../flow/outcome/kept.ts";
import type { Outcome } from "../flow/outcome/outcome.ts";
import { createPastMailReader } from "../flow/outcome/past-mail.ts";
import { noSurroundings, type Surroundings } from "../flow/outcome/surroundings.ts";
import { fixedNextHops } from "../flow/stages/next-hops.ts";
import { stageNames } from "../flow/timed.ts";
import { type HistoryFile, openHistoryFile } from "../history/file.ts";
import { createHistory } from "../history/history.ts";
import { createEndpoint } from "../http/endpoint.ts";
import type { Log } from "../log/log.ts";
import type { TableContext } from "../lookup/table.ts";
import { type Family, type Format, printMetrics } from "../metrics/exposition.ts";
import { type Condition, conditions, createHealth } from "../metrics/health.ts";
import { createMetrics, type Which } from "../metrics/metrics.ts";
import type { Observers } from "../metrics/observers.ts";
import { metricsPages } from "../metrics/pages.ts";
import type { Sources } from "../metrics/sources.ts";
import { workerUrl } from "../process/module-url.ts";
import { version } from "../process/version.ts";
import type { RelayCounts } from "../relay/relay.ts";
import type { Resolve } from "../rr/answer.ts";
import { createKeyWatch } from "../signing/key-watch.ts";
import type { Keyring } from "../signing/keyring.ts";
import { formatNextHop, type NextHop } from "../smtp/next-hop.ts";
import { endpointPlace } from "./part-options.ts";
import { createRefusals } from "./refusals.ts";
import type { ReloadChanges } from "./reload-changes.ts";
import { surroundingsOf } from "./surroundings.ts";

/** What the listeners are doing. */
export interface ListenerState {
  openConnections(): Iterable<readonly [listener: string, count: number]>;
  closedListeners(): number;
  draining(): boolean;
}

/** The part of a configuration that concerns us, with what was read along. */
export interface InForce {
  readonly config: Config;
  readonly keyring: Keyring;
  readonly tables?: Pick<TableContext, "origin">;
}

export interface Monitoring {
  readonly observers: Observers;
  /** What gauges are read from; the listeners are given to `open`. */
  watch(sources: Omit<Sources, "openConnections" | "history" | "droppedLines">): void;
  /** Opens the endpoint; rejects when its address cannot be had. */
  open(inForce: InForce, listeners: ListenerState): Promise<void>;
  /** Goes by another configuration from now on; rejects, and stays with the old one, when its endpoint cannot be had. */
  configure(inForce: InForce): Promise<void>;
  /** Closes the endpoint in favour of another process. */
  leaveEndpoint(): Promise<void>;
  /** Opens it again. */
  resumeEndpoint(config: Config): Promise<void>;
  /** Notes how a reload ended; gives the number of the configuration in force. */
  reloaded(result: "success" | "failure", elapsedMs: number, changes?: ReloadChanges): number;
  /** A mail is done: the Outcome is counted, `kept` goes into the history. */
  count(outcome: Outcome, kept: KeptMail): void;
  /** Answers requests of the control socket; throws for reload, upgrade and release, which are not monitoring. */
  answer(request: ControlRequest): Promise<unknown>;
  /** The metrics as they are now. */
  families(which: Which): Promise<readonly Family[]>;
  /** What keeps us from being ready, by condition. */
  troubles(): Promise<ReadonlyMap<Condition, string>>;
  close(): Promise<void>;
}

export interface MonitoringNeeds {
  readonly log: Log;
  /** Asks for published keys. Not called before the resolver is made, which reports to us. */
  readonly resolve: Resolve;
  readonly history: Config["history"];
  /** Who checks the published keys: this process, or another one for all processes. */
  readonly keyWatch: "ours" | "another's";
}

export function createMonitoring({ log, resolve, history: kept, keyWatch: watcher }: MonitoringNeeds): Monitoring {
  const metrics = createMetrics({ version, node: process.versions.node, stages: stageNames });
  const { observers } = metrics;
  let sources: Parameters<Monitoring["watch"]>[0] | undefined;
  let listeners: ListenerState | undefined;
  let nextHops: ReturnType<typeof fixedNextHops> = [];
  metrics.declared.processes.set({ state: "configured" }, 1);
  metrics.declared.processes.set({ state: "running" }, 1);
  metrics.declared.processRestarts.inc({ process: "1" }, 0);
  const startedAtMs = Date.now();
  let surroundings: Surroundings = noSurroundings;
  const history = createHistory(
    createPastMailReader(() => surroundings),
    kept.size,
    openFile(),
  );
  const keyWatch = createKeyWatch({
    declared: metrics.declared,
    resolve,
    tell: (severity, text) => log.write(severity, text),
  });

  function openFile(): HistoryFile | undefined {
    if (kept.file === null) return undefined;
    const onTrouble = (error: Error) => log.write("err", `history.file: mails are not kept for now: ${error.message}`);
    return openHistoryFile({
      file: kept.file,
      retentionSeconds: kept.retention,
      worker: workerUrl("history"),
      onTrouble,
    });
  }

  const health = createHealth({
    threadsAlive: () => sources?.pool().threadsAlive ?? 0,
    closedListeners: () => listeners?.closedListeners() ?? 0,
    nextHops: () => nextHops,
    draining: () => listeners?.draining() ?? false,
  });

  async function troublesNow(): Promise<ReadonlyMap<Condition, string>> {
    const troubles = await health.check();
    for (const condition of conditions) metrics.declared.ready.set({ condition }, troubles.has(condition) ? 0 : 1);
    return troubles;
  }

  async function notReady(): Promise<readonly string[]> {
    const troubles = await troublesNow();
    return [...troubles].map(([condition, text]) => `${condition}: ${text}`);
  }

  /** Checks the conditions without waiting for the result: a next hop that does not answer must not delay a scrape. */
  async function scrape(format: Format): Promise<string> {
    void notReady();
    return printMetrics(await metrics.families("scrape"), format);
  }

  const endpoint = createEndpoint(metricsPages({ text: scrape, notReady }), (listen) =>
    log.write("notice", `metrics on http://${listen}/metrics`),
  );

  async function configure({ config, keyring, tables }: InForce): Promise<void> {
    await endpoint.move(endpointPlace(config));
    metrics.configured(keyring.keys, []);
    surroundings = surroundingsOf(config, tables);
    metrics.docsAt(config.metrics.docs);
    history.resize(config.history.size);
    if (watcher === "ours") {
      keyWatch.watch(keyring);
      keyWatch.start();
    }
    nextHops = fixedNextHops([
      config.base.forward_method,
      ...[...config.policy_bank.values()].flatMap(({ forward_method }) => forward_method ?? []),
    ]);
  }

  const refusals = createRefusals(log, (record) => history.add(record));

  return {
    observers: {
      ...observers,
      receive: {
        ...observers.receive,
        refused(refusal) {
          observers.receive.refused?.(refusal);
          refusals.refused(refusal);
        },
      },
      relay: {
        ...observers.relay,
        reply(remote, kind, origin) {
          observers.relay.reply(remote, kind, origin);
          if (origin === "next-hop") health.reached(remote);
        },
        chunkingFailed(remote, forMs) {
          log.write("notice", `${remote} offers CHUNKING and failed at BDAT: by DATA for ${forMs / 60_000} minutes`);
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
        relay: () => withConfigured(given.relay(), nextHops),
        openConnections: () => listeners?.openConnections() ?? [],
        history: () => history.inMemory,
        droppedLines: () => log.dropped,
      });
    },
    async open(inForce, given) {
      listeners = given;
      await configure(inForce);
      void notReady();
    },
    configure,
    leaveEndpoint: () => endpoint.move({ listen: null, names: [] }),
    resumeEndpoint: (config) => endpoint.move(endpointPlace(config)),
    reloaded(result, elapsedMs, changes) {
      metrics.reloaded(result, elapsedMs, changes);
      return metrics.generation;
    },
    families: (which) => metrics.families(which),
    troubles: troublesNow,
    count(outcome, kept) {
      metrics.count(outcome);
      history.add(kept);
    },
    async answer(request) {
      switch (request.command) {
        case "status": {
          const [families, troubles] = await Promise.all([metrics.families("own"), notReady()]);
          return { version, pid: process.pid, startedAtMs, troubles, text: await printMetrics(families, "prometheus") };
        }
        case "why":
          return history.find(request.id);
        case "log":
          return history.recent(Math.min(request.limit, maxLines), request.match, request.sinceMs);
        case "reload":
        case "upgrade":
        case "release":
          throw new Error(`${request.command} is not ours to do`);
      }
    },
    async close() {
      keyWatch.stop();
      refusals.close();
      metrics.close();
      await history.close();
      await endpoint.close();
    },
  };
}

/** Lines that one answer may hold. */
const maxLines = 100_000;

/** Next hops of the configuration have their gauges from the start, as zeros, so that a panel has something to show. */
function withConfigured(counts: RelayCounts, configured: readonly (readonly NextHop[])[]): RelayCounts {
  const busy = new Set(counts.nextHops.map(({ nextHop }) => nextHop));
  const idle = new Set(
    configured
      .flat()
      .map(formatNextHop)
      .filter((name) => !busy.has(name)),
  );
  const limit = counts.limitForAnother;
  const nextHops = [...idle].map((nextHop) => ({ nextHop, inUse: 0, waiting: 0, limit }));
  return { ...counts, nextHops: [...counts.nextHops, ...nextHops] };
}
