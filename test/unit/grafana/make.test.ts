import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { dashboardFiles } from "../../../grafana/make.ts";
import { dashboards } from "../../../grafana/panels.ts";
import { declareMetrics } from "../../../src/metrics/declared.ts";

const root = join(import.meta.dirname, "../../..");
const folder = join(root, "grafana/dashboards");

test("the dashboards are what panels.ts makes; `node grafana/make.ts` writes them", () => {
  const files = dashboardFiles();
  assert.deepEqual(readdirSync(folder).sort(), [...files.keys()].sort());
  for (const [name, text] of files) {
    assert.deepEqual(JSON.parse(readFileSync(join(folder, name), "utf8")), JSON.parse(text), name);
  }
});

const panels = dashboards.flatMap(({ rows }) => rows.flatMap((row) => row.panels));
const expressions = panels.flatMap(({ queries }) => queries.map(({ expr }) => expr)).join("\n");
const alerts = readFileSync(join(root, "grafana/alerts.yml"), "utf8");

test("panels and alerts ask for metrics that exist", () => {
  const names = new Set(
    declareMetrics()
      .registry.getMetricsAsArray()
      .map(({ name }) => name),
  );
  for (const [word] of `${expressions}\n${alerts}`.matchAll(/\b(?:signpost|nodejs|process)_\w+/g)) {
    assert.ok(names.has(word) || names.has(word.replace(/_(?:bucket|sum|count)$/, "")), word);
  }
});

test("every metric of ours is on a panel, or known to be for other eyes", () => {
  const elsewhere = new Set([
    // In tables and tooltips of whoever joins by it, or told by a panel of its kin.
    "signpost_build_info",
    "signpost_message_errors_total",
    "signpost_dsn_total",
    "signpost_docs_info",
    "signpost_own_mail_total",
    "signpost_next_hop_partial_total",
    "signpost_connections_total",
    "signpost_spooled_messages_total",
    "signpost_spooled_bytes_total",
    "signpost_config_timestamp_seconds",
    "signpost_config_last_reload_success",
    "signpost_config_last_reload_duration_seconds",
    "signpost_history_mails",
    "signpost_history_bytes",
    "signpost_quarantine_copies",
  ]);
  const missing = declareMetrics()
    .registry.getMetricsAsArray()
    .map(({ name }) => name)
    .filter((name) => name.startsWith("signpost_") && !expressions.includes(name) && !elsewhere.has(name));
  assert.deepEqual(missing, []);
});

test("every panel says what it is for, and its link leads somewhere", () => {
  for (const { title, description, docs } of panels) {
    assert.match(description, /^\S.*\.$/s, title);
    if (docs === undefined) continue;
    const [file = "", anchor] = docs.split("#");
    const path = join(root, "docs", file);
    assert.ok(existsSync(path), `${title}: docs/${file}`);
    if (anchor === undefined) continue;
    const headings = [...readFileSync(path, "utf8").matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\w -]/g, "")
        .replaceAll(" ", "-"),
    );
    assert.ok(headings.includes(anchor), `${title}: docs/${docs}`);
  }
});
