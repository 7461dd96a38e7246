// The metrics of several processes that share the ports, as one daemon's: counters and histograms added up, gauges as the
// table says. What a process counted before it ended stays in the sums, so that they never go down.
import type { Family, Sample } from "./exposition.ts";

/**
 * `sum`, `max`, `min`: over the processes that mail goes through. `each`: a series per process, with the label `process`.
 * `first`: the same in all of them. `parent`: only the supervising process knows.
 */
export type Way = "sum" | "max" | "min" | "each" | "first" | "parent";

/** Every gauge of ours; what is not here is a counter or a histogram, and summed. */
export const ways: Readonly<Record<string, Way>> = {
  signpost_build_info: "parent",
  signpost_ready: "parent",
  signpost_keys: "parent",
  signpost_key_published: "parent",
  signpost_keys_checked: "parent",
  signpost_key_check_timestamp_seconds: "parent",
  signpost_dns_cache_entries: "sum",
  signpost_dns_cache_bytes: "sum",
  signpost_history_mails: "sum",
  signpost_history_bytes: "sum",
  signpost_dns_pending: "sum",
  signpost_dns_circuit_open: "max",
  signpost_shared_cache_connections: "sum",
  signpost_next_hop_open_connections: "sum",
  signpost_next_hop_waiting: "sum",
  signpost_open_connections: "sum",
  signpost_message_memory_bytes: "sum",
  signpost_message_memory_limit_bytes: "sum",
  signpost_spool_files: "sum",
  // All spool in the same folder.
  signpost_spool_free_bytes: "min",
  signpost_spool_free_limit_bytes: "max",
  signpost_pool_threads: "sum",
  signpost_pool_busy: "sum",
  signpost_pool_streams: "sum",
  signpost_pool_queued: "sum",
  signpost_pool_queue_limit: "sum",
  signpost_event_loop_delay_seconds: "each",
  signpost_processes: "parent",
  signpost_config_generation: "parent",
  signpost_config_timestamp_seconds: "parent",
  signpost_config_last_reload_success: "parent",
  signpost_config_last_reload_duration_seconds: "parent",
  // Counters that cannot be added up as the others are.
  signpost_event_loop_seconds_total: "each",
  signpost_config_reloads_total: "parent",
  signpost_process_restarts_total: "parent",
  nodejs_version_info: "first",
};

/** What Node and the system say of a process is said of each, but for what only grows. */
function wayOf({ name, type }: Family): Way {
  return ways[name] ?? (type === "gauge" ? "each" : "sum");
}

/** Families of one process, by the value of its label. */
export type ByProcess = ReadonlyMap<string, readonly Family[]>;

export interface Told {
  /** The supervising process: it has every metric, and its order is kept. */
  readonly parent: readonly Family[];
  /** Processes that mail goes through, as they are now. */
  readonly living: ByProcess;
  /** What processes that ended had counted, by the same labels as those that took their place. */
  readonly ended: ByProcess;
}

export const parentLabel = "parent";

/** One daemon's families. */
export function together({ parent, living, ended }: Told): readonly Family[] {
  const livingByName = byName(living);
  const endedByName = byName(ended);
  return parent.map((own): Family => {
    const way = wayOf(own);
    if (way === "parent") return own;
    const all = new Samples();
    for (const { process, family } of livingByName.get(own.name) ?? []) all.add(family.samples, way, process);
    if (grows(own)) {
      for (const { process, family } of endedByName.get(own.name) ?? []) all.add(family.samples, way, process);
      // It asks the DNS too, and uses the processor.
      all.add(own.samples, way, parentLabel);
    } else if (way === "each" || way === "first") all.add(own.samples, way, parentLabel);
    return { ...own, samples: all.list() };
  });
}

/** Adds what a process had counted when it ended to what others before it had in its place. */
export function addEnded(before: readonly Family[], last: readonly Family[]): readonly Family[] {
  const samples = new Map(before.map((family) => [family.name, family.samples]));
  return last.filter(grows).map((family) => {
    const all = new Samples();
    all.add(samples.get(family.name) ?? [], "sum", "");
    all.add(family.samples, "sum", "");
    return { ...family, samples: all.list() };
  });
}

function grows({ type }: Family): boolean {
  return type === "counter" || type === "histogram";
}

interface OfProcess {
  readonly process: string;
  readonly family: Family;
}

function byName(processes: ByProcess): ReadonlyMap<string, readonly OfProcess[]> {
  const found = new Map<string, OfProcess[]>();
  for (const [process, families] of processes) {
    for (const family of families) {
      const others = found.get(family.name);
      if (others === undefined) found.set(family.name, [{ process, family }]);
      else others.push({ process, family });
    }
  }
  return found;
}

/** Samples of one metric, those with the same labels made one. */
class Samples {
  readonly #byKey = new Map<string, { -readonly [Key in keyof Sample]: Sample[Key] }>();

  add(samples: readonly Sample[], way: Way, process: string): void {
    for (const sample of samples) {
      const labels = way === "each" ? { process, ...sample.labels } : sample.labels;
      const key = `${sample.metricName ?? ""} ${JSON.stringify(labels)}`;
      const known = this.#byKey.get(key);
      if (known === undefined) this.#byKey.set(key, { ...sample, labels });
      else known.value = joined(way, known.value, sample.value);
    }
  }

  list(): readonly Sample[] {
    return [...this.#byKey.values()];
  }
}

function joined(way: Way, one: number, other: number): number {
  if (way === "max") return Math.max(one, other);
  if (way === "min") return Math.min(one, other);
  return way === "first" ? one : one + other;
}
