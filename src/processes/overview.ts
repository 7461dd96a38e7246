// What is asked of several processes as of one daemon: metrics, readiness, status, past mails, published keys. Asks each
// and puts the answers together; which processes there are is the supervisor's business.
import type { Config } from "../config/config.ts";
import type { ControlRequest } from "../control/protocol.ts";
import type { InForce } from "../daemon/monitoring.ts";
import { endpointPlace, resolverOptions } from "../daemon/part-options.ts";
import type { ReloadChanges } from "../daemon/reload-changes.ts";
import { createResolver, type Resolver } from "../dns/resolver.ts";
import { stageNames } from "../flow/timed.ts";
import { createEndpoint } from "../http/endpoint.ts";
import type { Log } from "../log/log.ts";
import { type Family, type Format, printMetrics } from "../metrics/exposition.ts";
import { type Condition, conditions } from "../metrics/health.ts";
import { createMetrics } from "../metrics/metrics.ts";
import { metricsPages } from "../metrics/pages.ts";
import { setTotal } from "../metrics/sources.ts";
import { addEnded, grows, together } from "../metrics/together.ts";
import { version } from "../process/version.ts";
import { createKeyWatch } from "../signing/key-watch.ts";
import { joinLines, joinMails } from "./history.ts";
import type { ProcessRow } from "./row.ts";

export interface Processes extends Pick<ProcessRow, "states" | "ask" | "askOne"> {
  draining(): boolean;
}

export interface Overview {
  /** What a process has counted so far. */
  counted(number: number, families: readonly Family[]): void;
  /** It ended, and was not asked to: its place is filled again. */
  ended(number: number): void;
  /** Goes by another configuration from now on; rejects, and stays with the old one, when its endpoint cannot be had. */
  configure(inForce: InForce): Promise<void>;
  /** Notes how a reload ended; gives the number of the configuration in force. */
  reloaded(result: "success" | "failure", elapsedMs: number, changes?: ReloadChanges): number;
  answer(request: ControlRequest): Promise<unknown>;
  close(): Promise<void>;
}

/** A process that is busier than this with mail is left out for once; its counters are those that it sent last. */
const patienceMs = 2000;
const historyPatienceMs = 8000;
/** Handing over a large mail takes its time. */
const releasePatienceMs = 600_000;
const maxMails = 20;

export function createOverview(first: Config, log: Log, processes: Processes): Overview {
  const metrics = createMetrics({ version, node: process.versions.node, stages: stageNames });
  const { declared } = metrics;
  const startedAtMs = Date.now();
  /** What each process said last, and what those before it in its place had counted. */
  const latest = new Map<number, readonly Family[]>();
  const past = new Map<number, Promise<readonly Family[]>>();
  let config = first;
  let resolver: Resolver = openResolver();
  const keyWatch = createKeyWatch({
    declared,
    resolve: (name, type) => resolver.resolve(name, type),
    tell: (severity, text) => log.write(severity, text),
  });
  const endpoint = createEndpoint(metricsPages({ text: scrape, notReady }), (listen) =>
    log.write("notice", `metrics on http://${listen}/metrics`),
  );

  function openResolver(): Resolver {
    return createResolver(resolverOptions(config), metrics.observers.dns);
  }

  function pids(): ReadonlyMap<number, number | undefined> {
    return new Map(processes.states().map(({ number, pid }) => [number, pid]));
  }

  async function families(which: "scrape" | "own"): Promise<readonly Family[]> {
    const before = pids();
    const answers = await processes.ask({ kind: "families", which }, patienceMs);
    const now = pids();
    const living = new Map(latest);
    for (const [number, { families: told = [] }] of answers) {
      // One that ended meanwhile is among the past already; counted here too, the sum would go down again.
      if (before.get(number) !== now.get(number)) continue;
      living.set(number, told);
      latest.set(number, told.filter(grows));
    }
    const states = processes.states();
    declared.processes.set({ state: "configured" }, states.length);
    declared.processes.set({ state: "running" }, states.filter(({ isRunning }) => isRunning).length);
    setTotal(declared.logDropped, log.dropped);
    // Both as they are now: one that ends meanwhile would be in neither, or in both.
    const ended = [...past].map(async ([number, told]) => [number, await told] as const);
    const parent = await metrics.families(which);
    return together({ parent, living: named(living), ended: named(new Map(await Promise.all(ended))) });
  }

  /** Checks the conditions without waiting for the result: a next hop that does not answer must not delay a scrape. */
  async function scrape(format: Format): Promise<string> {
    void notReady();
    return printMetrics(await families("scrape"), format);
  }

  async function notReady(): Promise<readonly string[]> {
    const texts = new Map<Condition, string>();
    const answers = await processes.ask({ kind: "troubles" }, 2 * patienceMs);
    for (const [number, { troubles = [] }] of answers) {
      for (const [condition, text] of troubles) {
        const others = texts.get(condition);
        if (others?.includes(text) !== true) {
          const told = answers.length > 1 ? `${text} (process ${number})` : text;
          texts.set(condition, others === undefined ? told : `${others}; ${told}`);
        }
      }
    }
    const states = processes.states();
    if (!states.some(({ isRunning }) => isRunning)) texts.set("workers", "no process is running");
    if (hasUnixSockets(config) && states[0]?.isRunning === false)
      texts.set("listeners", "unix sockets are not open: process 1 is not running");
    if (processes.draining()) texts.set("config", "shutting down");
    for (const condition of conditions) declared.ready.set({ condition }, texts.has(condition) ? 0 : 1);
    return [...texts].map(([condition, text]) => `${condition}: ${text}`);
  }

  async function history(request: ControlRequest): Promise<readonly unknown[]> {
    const answers = await processes.ask({ kind: "answer", request }, historyPatienceMs);
    return answers.map(([, { answer }]) => answer);
  }

  return {
    counted(number, told) {
      latest.set(number, told.filter(grows));
    },
    ended(number) {
      const last = latest.get(number) ?? [];
      const before = past.get(number) ?? Promise.resolve([]);
      past.set(
        number,
        before.then((families) => addEnded(families, last)),
      );
      latest.delete(number);
      declared.processRestarts.inc({ process: String(number) });
    },
    async configure(inForce) {
      await endpoint.move(endpointPlace(inForce.config));
      const before = resolverOptions(config);
      config = inForce.config;
      if (JSON.stringify(before) !== JSON.stringify(resolverOptions(config))) {
        resolver.close();
        resolver = openResolver();
      }
      metrics.configured(inForce.keyring.keys, []);
      metrics.docsAt(inForce.config.metrics.docs);
      for (const { number } of processes.states()) declared.processRestarts.inc({ process: String(number) }, 0);
      keyWatch.watch(inForce.keyring);
      keyWatch.start();
    },
    reloaded(result, elapsedMs, changes) {
      metrics.reloaded(result, elapsedMs, changes);
      return metrics.generation;
    },
    async answer(request) {
      switch (request.command) {
        case "status": {
          const [told, troubles] = await Promise.all([families("own"), notReady()]);
          const text = await printMetrics(told, "prometheus");
          return { version, pid: process.pid, startedAtMs, troubles, text, processes: processes.states() };
        }
        case "why":
          return joinMails(await history(request), maxMails);
        case "log":
          return joinLines(await history(request), request.limit);
        case "reload":
        case "upgrade":
          throw new Error(`${request.command} is not ours to do`);
        case "release": {
          // Any process can do it: they share folders and index.
          const answer = await processes.askOne({ kind: "answer", request }, releasePatienceMs);
          return answer.answer;
        }
      }
    },
    async close() {
      keyWatch.stop();
      resolver.close();
      metrics.close();
      await endpoint.close();
    },
  };
}

function named(families: ReadonlyMap<number, readonly Family[]>): ReadonlyMap<string, readonly Family[]> {
  return new Map([...families].map(([number, told]) => [String(number), told]));
}

function hasUnixSockets({ unix_socketname, listen_sockets, milter_listen }: Config): boolean {
  const paths = [...listen_sockets, ...milter_listen.map(({ address }) => address)];
  return unix_socketname.length > 0 || paths.some((text) => text.startsWith("/"));
}
