// Turns panels.ts into the dashboards that Grafana reads. `node grafana/make.ts` writes them; a test holds that they
// are what would be written.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type AnnotationQuery,
  type DashboardLink,
  FieldColorModeId,
  type Dashboard as GrafanaDashboard,
  type Panel as GrafanaPanel,
  type RowPanel,
  ThresholdsMode,
  type VariableModel,
} from "@grafana/schema";
import { type Dashboard, dashboards, type Panel, type Step } from "./panels.ts";

const columns = 24;
const heights = { stat: 4, timeseries: 8, table: 8 } as const;
const datasource = { type: "prometheus", uid: "$datasource" } as const;
const defaultSteps: readonly Step[] = [{ from: null, colour: "blue" }];

/** File name to its text. */
export function dashboardFiles(): ReadonlyMap<string, string> {
  return new Map(
    dashboards.map((dashboard) => [`${dashboard.uid}.json`, `${JSON.stringify(dashboardJson(dashboard), null, 2)}\n`]),
  );
}

function dashboardJson(dashboard: Dashboard): GrafanaDashboard {
  return {
    uid: dashboard.uid,
    title: dashboard.title,
    description: dashboard.description,
    tags: ["signpost", "mail"],
    schemaVersion: 39,
    editable: true,
    graphTooltip: 1,
    refresh: "30s",
    time: { from: "now-6h", to: "now" },
    timezone: "browser",
    links: [
      {
        type: "dashboards",
        title: "signpost",
        tags: ["signpost"],
        icon: "external link",
        tooltip: "",
        targetBlank: false,
        asDropdown: false,
        includeVars: true,
        keepTime: true,
      },
    ],
    templating: {
      list: [
        { name: "datasource", label: "Data source", type: "datasource", query: "prometheus", options: [] },
        {
          ...queryVariable("instance", "label_values(signpost_build_info, instance)"),
          label: "Instance",
          refresh: 2,
          sort: 1,
          multi: true,
          includeAll: true,
          allValue: ".*",
          current: { text: ["All"], value: ["$__all"] },
          options: [],
        },
        {
          ...queryVariable("docs", "label_values(signpost_docs_info, url)"),
          label: "Documentation",
          refresh: 2,
          hide: 2,
          options: [],
        },
      ],
    },
    annotations: {
      list: [reloads],
    },
    panels: layOut(dashboard),
  };
}

/** `definition` is of the plugin of the data source: the schema knows what all variables have. */
function queryVariable(name: string, definition: string) {
  return {
    name,
    type: "query",
    datasource,
    query: { query: definition, refId: name },
    definition,
  } satisfies VariableModel & {
    definition: string;
  };
}

/** The same of `expr`. */
const reloads: AnnotationQuery & { readonly expr: string; readonly titleFormat: string } = {
  name: "Reloads",
  datasource,
  enable: true,
  iconColor: "purple",
  expr: 'changes(signpost_config_generation{instance=~"$instance"}[1m]) > 0',
  titleFormat: "configuration reloaded",
};

function docsLink(page: string): DashboardLink {
  return {
    type: "link",
    title: "Documentation",
    url: `$docs/${page}`,
    icon: "doc",
    tooltip: "",
    tags: [],
    targetBlank: true,
    asDropdown: false,
    includeVars: false,
    keepTime: false,
  };
}

function layOut({ rows }: Dashboard): (GrafanaPanel | RowPanel)[] {
  const laid: (GrafanaPanel | RowPanel)[] = [];
  let id = 0;
  let y = 0;
  for (const { title, panels } of rows) {
    id += 1;
    laid.push({ id, type: "row", title, collapsed: false, gridPos: { h: 1, w: columns, x: 0, y }, panels: [] });
    y += 1;
    let x = 0;
    let height = 0;
    for (const panel of panels) {
      const width = panel.width ?? 8;
      if (x + width > columns) {
        x = 0;
        y += height;
        height = 0;
      }
      id += 1;
      laid.push(panelJson(panel, id, { h: heights[panel.kind], w: width, x, y }));
      x += width;
      height = Math.max(height, heights[panel.kind]);
    }
    y += height;
  }
  return laid;
}

function panelJson(panel: Panel, id: number, gridPos: Readonly<Record<"h" | "w" | "x" | "y", number>>): GrafanaPanel {
  const { title, description, kind, unit, queries, docs } = panel;
  return {
    id,
    type: kind,
    title,
    description,
    datasource,
    gridPos,
    links: docs === undefined ? [] : [docsLink(docs)],
    targets: queries.map(({ expr, legend }, index) => ({
      refId: String.fromCharCode(65 + index),
      datasource,
      expr,
      legendFormat: legend,
      ...(kind === "timeseries" ? { range: true } : { instant: true, range: false }),
      ...(kind === "table" ? { format: "table" } : {}),
    })),
    fieldConfig: { defaults: { unit, ...thresholds(panel), ...custom(panel) }, overrides: [] },
    options: options(panel),
    ...(kind === "table"
      ? { transformations: [{ id: "organize", options: { excludeByName: { Time: true }, indexByName: {} } }] }
      : {}),
  };
}

function thresholds({ steps = defaultSteps, kind }: Panel) {
  return {
    color: { mode: kind === "timeseries" ? FieldColorModeId.PaletteClassic : FieldColorModeId.Thresholds },
    thresholds: {
      mode: ThresholdsMode.Absolute,
      steps: steps.map(({ from, colour }) => ({ value: from, color: colour })),
    },
  };
}

function custom({ kind, stacked }: Panel) {
  if (kind === "table") return { custom: { cellOptions: { type: "color-background", mode: "basic" } } };
  if (kind === "stat") return {};
  return {
    min: 0,
    custom: {
      lineWidth: 1,
      fillOpacity: stacked === true ? 25 : 5,
      showPoints: "never",
      spanNulls: true,
      stacking: { mode: stacked === true ? "normal" : "none", group: "A" },
    },
  };
}

function options({ kind }: Panel) {
  if (kind === "stat")
    return {
      colorMode: "background",
      graphMode: "none",
      reduceOptions: { calcs: ["lastNotNull"], fields: "", values: false },
    };
  if (kind === "table") return { showHeader: true };
  return {
    legend: { displayMode: "list", placement: "bottom", showLegend: true },
    tooltip: { mode: "multi", sort: "desc" },
  };
}

if (import.meta.main) {
  for (const [name, text] of dashboardFiles()) writeFileSync(join(import.meta.dirname, "dashboards", name), text);
}
