// The metrics of one daemon: its events go in, text for Prometheus comes out.
import { Counter, Histogram } from "prom-client";
import type { SigningKey } from "../signing/signing-key.ts";
import { type CountedMail, createOutcomeCounter } from "./count-outcome.ts";
import { type Declared, declareMetrics } from "./declared.ts";
import { watchEventLoop } from "./event-loop.ts";
import { collect, type Family } from "./exposition.ts";
import { createObservers, type Observers } from "./observers.ts";
import { refresh, type Sources } from "./sources.ts";

/** What a reload changed. */
export interface ChangeCounts {
  readonly settings: readonly string[];
  readonly keysAdded: number;
  readonly keysRemoved: number;
}

function setChanges({ reloadChanges }: Declared, { settings, keysAdded, keysRemoved }: ChangeCounts): void {
  reloadChanges.set({ kind: "settings" }, settings.length);
  reloadChanges.set({ kind: "keys-added" }, keysAdded);
  reloadChanges.set({ kind: "keys-removed" }, keysRemoved);
}

export interface Metrics {
  readonly declared: Declared;
  readonly observers: Observers;
  /** One mail is done. */
  count(mail: CountedMail): void;
  /** A configuration is in force from now on. */
  configured(keys: readonly SigningKey[], banks: Iterable<string>): void;
  /** Where the documentation is, null where nobody said. */
  docsAt(url: string | null): void;
  /** A reload ended: it took `elapsedMs`, and the new configuration is in force or is not. */
  reloaded(result: "success" | "failure", elapsedMs: number, changes?: ChangeCounts): void;
  /** Configurations that have been in force since the start. */
  readonly generation: number;
  /** Where gauges look; called once everything is there. */
  watch(sources: Sources): void;
  /** All families, or a part of them. */
  families(which: Which): Promise<readonly Family[]>;
  close(): void;
}

/**
 * `scrape`: everything, and the delay of the event loop begins anew. `own`: what is ours and what the process uses,
 * without the rest that Node says of itself. `counts`: what only grows.
 */
export type Which = "scrape" | "own" | "counts";

export interface MetricsNeeds {
  /** Of signpost and of Node, for signpost_build_info. */
  readonly version: string;
  readonly node: string;
  /** The names of all stages of the flow. */
  readonly stages: readonly string[];
}

export function createMetrics({ version, node, stages }: MetricsNeeds): Metrics {
  const declared = declareMetrics();
  const observers = createObservers(declared, stages);
  const eventLoop = watchEventLoop(declared);
  let count = createOutcomeCounter(declared, { domains: [], banks: [] });
  let sources: Sources | undefined;
  let generation = 0;

  declared.buildInfo.set({ version, node }, 1);
  declared.reloadSuccess.set(1);
  setChanges(declared, { settings: [], keysAdded: 0, keysRemoved: 0 });
  for (const result of ["success", "failure"]) declared.reloads.inc({ result }, 0);

  return {
    declared,
    observers,
    count: (mail) => count(mail),
    configured(keys, banks) {
      generation += 1;
      declared.generation.set(generation);
      declared.configTime.set(Date.now() / 1000);
      const usable = keys.filter(({ trouble }) => trouble === undefined).length;
      declared.keys.set({ state: "usable" }, usable);
      declared.keys.set({ state: "unavailable" }, keys.length - usable);
      count = createOutcomeCounter(declared, { domains: exactDomains(keys), banks });
    },
    docsAt(url) {
      declared.docsInfo.reset();
      if (url !== null) declared.docsInfo.set({ url }, 1);
    },
    get generation() {
      return generation;
    },
    reloaded(result, elapsedMs, changes) {
      declared.reloads.inc({ result });
      declared.reloadSuccess.set(result === "success" ? 1 : 0);
      declared.reloadDuration.set(elapsedMs / 1000);
      if (changes !== undefined) setChanges(declared, changes);
    },
    watch(given) {
      sources = given;
    },
    async families(which) {
      eventLoop.refreshTime();
      if (which === "scrape") eventLoop.refreshDelay();
      if (sources !== undefined) await refresh(declared, sources);
      if (which === "scrape") return collect(declared.registry);
      if (which === "own") return collect(declared.registry, (name) => !name.startsWith("nodejs_"));
      return collect(declared.registry, (name) => {
        const metric = declared.registry.getSingleMetric(name);
        return metric instanceof Counter || metric instanceof Histogram;
      });
    },
    close: () => eventLoop.stop(),
  };
}

/** One after the other: the caller has enough after a few. */
function* exactDomains(keys: readonly SigningKey[]): Generator<string> {
  for (const { domain, pattern } of keys) if (pattern === undefined) yield domain;
}
