// The metrics as text: Prometheus 0.0.4, or OpenMetrics 1.0 for who asks for it. prom-client can print either, but
// one registry not both: it renames its counters for good.
import type { Metric, Registry } from "prom-client";

export type Format = "prometheus" | "openmetrics";

export const contentType: Readonly<Record<Format, string>> = {
  prometheus: "text/plain; version=0.0.4; charset=utf-8",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

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

/** A metric with its samples: plain data, so that a process can hand it to another. */
export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly samples: readonly Sample[];
}

/** @param wanted metrics to be looked at, by name and kind */
export async function collect(
  registry: Registry,
  wanted = (_name: string, _metric: Metric) => true,
): Promise<readonly Family[]> {
  const families: Family[] = [];
  for (const { name } of registry.getMetricsAsArray()) {
    const metric = registry.getSingleMetric(name);
    if (metric === undefined || !wanted(name, metric)) continue;
    const { help, type, values } = await metric.get();
    families.push({ name, help, type: String(type), samples: values });
  }
  return families;
}

export function print(families: readonly Family[], format: Format): string {
  let text = "";
  for (const { name, help, type, samples } of families) {
    // OpenMetrics section 5.1: the family of a counter has no _total, its sample has.
    const family = format === "openmetrics" ? name.replace(/_total$/, "") : name;
    text += `# HELP ${family} ${escaped(help, format)}\n# TYPE ${family} ${type}\n`;
    for (const { metricName = name, labels, value } of samples) {
      text += `${metricName}${labelText(labels)} ${number(value)}\n`;
    }
  }
  return format === "openmetrics" ? `${text}# EOF\n` : text;
}

function labelText(labels: Sample["labels"]): string {
  let text = "";
  for (const name in labels) {
    const value = labels[name];
    if (value === undefined) continue;
    text += `${text === "" ? "{" : ","}${name}="${escapedLabel(String(value))}"`;
  }
  return text === "" ? "" : `${text}}`;
}

function number(value: number): string {
  if (Number.isFinite(value)) return String(value);
  if (Number.isNaN(value)) return "NaN";
  return value > 0 ? "+Inf" : "-Inf";
}

function escapedLabel(text: string): string {
  return /[\\\n"]/.test(text) ? text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"') : text;
}

function escaped(text: string, format: Format): string {
  const plain = text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
  return format === "openmetrics" ? plain.replaceAll('"', '\\"') : plain;
}
