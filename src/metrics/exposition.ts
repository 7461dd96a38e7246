// The metrics as text: Prometheus 0.0.4, or OpenMetrics 1.0 for those that ask for it. prom-client prints both.
import {
  type Aggregator,
  AggregatorRegistry,
  type MetricObjectWithValues,
  type MetricValue,
  type Registry,
} from "prom-client";

export type Format = "prometheus" | "openmetrics";

export const contentType = {
  prometheus: "text/plain; version=0.0.4; charset=utf-8",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
} as const satisfies Readonly<Record<Format, string>>;

/** OpenMetrics where the client prefers it, as Prometheus does; the old text for everybody else. */
export function chooseFormat(accept: string | undefined): Format {
  let best: Format = "prometheus";
  let bestWeight = 0;
  for (const range of (accept ?? "").slice(0, 2000).split(",")) {
    const [type = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
    const q = parameters.find((parameter) => parameter.startsWith("q="));
    const weight = q === undefined ? 1 : Number(q.slice(2));
    const format = formatOf(type);
    if (format === undefined || !(weight > bestWeight)) continue;
    best = format;
    bestWeight = weight;
  }
  return best;
}

function formatOf(type: string): Format | undefined {
  if (type === "application/openmetrics-text") return "openmetrics";
  return type === "text/plain" || type === "text/*" || type === "*/*" ? "prometheus" : undefined;
}

/** One sample; `metricName` where it is not that of the metric (the parts of a histogram). */
export interface Sample {
  readonly metricName?: string;
  readonly labels: Readonly<Partial<Record<string, string | number>>>;
  readonly value: number;
}

/** A metric with its samples as prom-client gives them: plain data, so that a process can hand it to another. */
export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly aggregator: Aggregator;
  readonly values: readonly Sample[];
}

/** All metrics of a registry, or those that are `wanted`. */
export async function collect(
  registry: Registry,
  wanted: (name: string) => boolean = () => true,
): Promise<readonly Family[]> {
  const names = registry.getMetricsAsArray().map(({ name }) => name);
  const metrics = names.filter(wanted).flatMap((name) => registry.getSingleMetric(name) ?? []);
  return Promise.all(metrics.map(async (metric) => familyOf(await metric.get())));
}

/** prom-client's types have a number where there is a word. */
export function familyOf(metric: MetricObjectWithValues<MetricValue<string>>): Family {
  return { ...metric, type: String(metric.type) };
}

export function printMetrics(families: readonly Family[], format: Format): Promise<string> {
  const registry = AggregatorRegistry.aggregate([families.map((family) => printable(family, format))]);
  registry.setContentType(contentType[format]);
  return registry.metrics();
}

/** As it is ("first": of one), by the name under which prom-client is to print it. */
function printable(family: Family, format: Format): Family {
  // OpenMetrics section 5.1: the family of a counter has no _total, its samples have; prom-client adds it to them.
  const name = format === "openmetrics" && family.type === "counter" ? family.name.replace(/_total$/, "") : family.name;
  return { ...family, name, aggregator: "first" };
}
