// Draws the dashboards as SVG from a Prometheus: pictures for the docs where no Grafana is at hand.
// node grafana/render.ts http://127.0.0.1:9090 FOLDER [MINUTES]
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { drawDashboard, type PanelData, type Series } from "./draw.ts";

interface Target {
  readonly expr: string;
  readonly legendFormat: string;
}

export interface DashboardPanel {
  readonly title: string;
  readonly type: "row" | "timeseries" | "stat" | "table";
  readonly gridPos: Readonly<Record<"h" | "w" | "x" | "y", number>>;
  readonly targets?: readonly Target[];
  readonly fieldConfig?: {
    readonly defaults: {
      readonly unit: string;
      readonly thresholds: { readonly steps: readonly { readonly value: number | null; readonly color: string }[] };
      readonly custom?: { readonly stacking?: { readonly mode: string } };
    };
  };
}

export interface DashboardFile {
  readonly title: string;
  readonly panels: readonly DashboardPanel[];
}

const folder = join(import.meta.dirname, "dashboards");

/** The dashboards by file name, as Grafana would read them. */
export function readDashboards(): ReadonlyMap<string, DashboardFile> {
  const names = readdirSync(folder).filter((name) => name.endsWith(".json"));
  return new Map(
    names.map((name) => {
      const dashboard: DashboardFile = JSON.parse(readFileSync(join(folder, name), "utf8"));
      return [name, dashboard];
    }),
  );
}

/** A panel's query with Grafana's variables filled in: all instances. */
export function fillIn(expr: string, rateInterval: string): string {
  return expr.replaceAll("$__rate_interval", rateInterval).replaceAll("$instance", ".*");
}

interface Answer {
  readonly status: string;
  readonly error?: string;
  readonly data: {
    readonly result: readonly {
      readonly metric: Readonly<Record<string, string>>;
      readonly value?: readonly [number, string];
      readonly values?: readonly (readonly [number, string])[];
    }[];
  };
}

/** Asks for a range of time where `stepSeconds` is given, else for now. */
export async function ask(
  server: string,
  query: string,
  range?: { readonly from: number; readonly to: number; readonly stepSeconds: number },
): Promise<Answer["data"]["result"]> {
  const parameters = new URLSearchParams({ query });
  if (range !== undefined) {
    parameters.set("start", String(range.from));
    parameters.set("end", String(range.to));
    parameters.set("step", String(range.stepSeconds));
  }
  const path = range === undefined ? "query" : "query_range";
  const response = await fetch(`${server}/api/v1/${path}?${parameters}`);
  const answer: Answer = JSON.parse(await response.text());
  if (answer.status !== "success") throw new Error(`${query}: ${answer.error}`);
  return answer.data.result;
}

async function dataOf(server: string, panel: DashboardPanel, from: number, to: number): Promise<PanelData> {
  const series: Series[] = [];
  const stepSeconds = Math.max(1, Math.round((to - from) / 200));
  for (const { expr, legendFormat } of panel.targets ?? []) {
    const query = fillIn(expr, "30s");
    const result = await ask(server, query, panel.type === "timeseries" ? { from, to, stepSeconds } : undefined);
    for (const { metric, value, values } of result) {
      const points = values ?? (value === undefined ? [] : [value]);
      series.push({
        name: legendFormat.replaceAll(/\{\{(\w+)\}\}/g, (_, label) => metric[label] ?? ""),
        points: points.map(([at, text]) => ({ at, value: Number(text) })),
      });
    }
  }
  const defaults = panel.fieldConfig?.defaults;
  return {
    title: panel.title,
    type: panel.type,
    place: panel.gridPos,
    unit: defaults?.unit ?? "short",
    steps: defaults?.thresholds.steps ?? [],
    stacked: defaults?.custom?.stacking?.mode === "normal",
    series,
  };
}

if (import.meta.main) {
  const [server = "http://127.0.0.1:9090", out = ".", minutes = "30"] = process.argv.slice(2);
  const to = Math.floor(Date.now() / 1000);
  const from = to - Number(minutes) * 60;
  for (const [name, dashboard] of readDashboards()) {
    const panels: PanelData[] = [];
    for (const panel of dashboard.panels) panels.push(await dataOf(server, panel, from, to));
    writeFileSync(join(out, name.replace(".json", ".svg")), drawDashboard(dashboard.title, panels, { from, to }));
  }
}
