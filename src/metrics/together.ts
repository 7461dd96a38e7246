// The metrics of several processes that share the ports, as one daemon's: put together by prom-client, each metric by the
// aggregator it was declared with. What a process counted before it ended stays in the sums, so that they never go down.
import { AggregatorRegistry } from "prom-client";
import { type Family, familyOf } from "./exposition.ts";

/** Families of one process, by the value of its label. */
export type ByProcess = ReadonlyMap<string, readonly Family[]>;

export interface OfProcesses {
  /** The supervising process: it has every metric, and its order is kept. */
  readonly parent: readonly Family[];
  /** Processes that mail goes through, as they are now. */
  readonly living: ByProcess;
  /** Counters of processes that ended, by the same labels as those that took their place. */
  readonly ended: ByProcess;
}

const parentLabel = "parent";
const perProcess = new Set(["signpost_event_loop_delay_seconds", "signpost_event_loop_seconds_total"]);

/**
 * Whose values count. `all`: those of all processes, one value of them by the aggregator. `each`: those of all, a series
 * per process with the label `process`. `parent`: only the supervising process knows; declared with the aggregator "omit".
 */
function whose({ name, type, aggregator }: Family): "all" | "each" | "parent" {
  if (perProcess.has(name)) return "each";
  if (name.startsWith("signpost_")) return aggregator === "omit" ? "parent" : "all";
  // What Node and the system say of a process is said of each, but for what only grows.
  return grows({ type }) || aggregator === "first" ? "all" : "each";
}

/** One daemon's families. */
export function together({ parent, living, ended }: OfProcesses): Promise<readonly Family[]> {
  return aggregate([
    parent.map(ofParent),
    ...[...living, ...ended].map(([process, families]) =>
      families.flatMap((family) => {
        const which = whose(family);
        if (which === "parent") return [];
        return [which === "each" ? labelled(family, process) : family];
      }),
    ),
  ]);
}

/** Adds what a process had counted when it ended to what others before it had in its place. */
export function addEnded(before: readonly Family[], last: readonly Family[]): Promise<readonly Family[]> {
  return aggregate([before, last.filter(grows)]);
}

/** True for what only grows. */
export function grows({ type }: Pick<Family, "type">): boolean {
  return type === "counter" || type === "histogram";
}

function ofParent(family: Family): Family {
  switch (whose(family)) {
    case "parent":
      return { ...family, aggregator: "first" };
    case "each":
      return { ...labelled(family, parentLabel), aggregator: "sum" };
    case "all":
      // No mail goes through it, so its gauges say nothing; but it asks the DNS too, and uses the processor.
      return grows(family) || family.aggregator === "first" ? family : { ...family, values: [] };
  }
}

function labelled(family: Family, process: string): Family {
  return { ...family, values: family.values.map((value) => ({ ...value, labels: { process, ...value.labels } })) };
}

async function aggregate(families: readonly (readonly Family[])[]): Promise<readonly Family[]> {
  const metrics = await AggregatorRegistry.aggregate([...families]).getMetricsAsJSON();
  return metrics.map(familyOf);
}
