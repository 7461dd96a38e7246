// A real Prometheus scrapes a real run: what it got answers every query of every panel, and loads every alert.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ask, fillIn, readDashboards } from "../../grafana/render.ts";
import { type Scene, startScene } from "../support/all-kinds.ts";
import { after, before, test } from "../support/limited.ts";
import { missingProgram, skipWithout } from "../support/peers.ts";
import { type Prometheus, startPrometheus } from "../support/prometheus.ts";

const grafana = join(import.meta.dirname, "../../grafana");
const alerts = join(grafana, "alerts.yml");

let scene: Scene;
let prometheus: Prometheus | undefined;

before(async () => {
  scene = await startScene();
  prometheus = await startPrometheus(scene.metricsPort, [alerts]);
  if (prometheus === undefined) return;
  // rate() needs two scrapes around what happens; a round takes a good part of a second.
  for (let round = 0; round < 8 || (await scrapes()) < 6 || !(await keysAreKnown()); round += 1) {
    await scene.sendRound(round);
    if (round === 3) scene.filter.daemon.process.kill("SIGHUP");
  }
  const done = await scrapes();
  while ((await scrapes()) < done + 2) await new Promise((resolve) => setImmediate(resolve));
});

after(async () => {
  await prometheus?.close();
  await scene?.close();
});

async function scrapes(): Promise<number> {
  if (prometheus === undefined) return Number.POSITIVE_INFINITY;
  const [found] = await ask(prometheus.url, 'count_over_time(up{job="signpost"}[10m])');
  return Number(found?.value?.[1] ?? 0);
}

/** Keys are looked at in the background. */
async function keysAreKnown(): Promise<boolean> {
  return prometheus === undefined || (await ask(prometheus.url, "signpost_key_published")).length > 0;
}

/** Skips where there is no Prometheus; in CI that is a failure. */
function server(t: { skip(message: string): void }): string | undefined {
  if (prometheus !== undefined) return prometheus.url;
  const missing = skipWithout("prometheus is not installed (apt-get install prometheus)");
  if (missing !== false) t.skip(missing);
  return undefined;
}

test("every query of every panel has data", async (t) => {
  const url = server(t);
  if (url === undefined) return;
  const empty: string[] = [];
  let asked = 0;
  for (const [name, { panels }] of readDashboards()) {
    for (const { title, targets = [] } of panels) {
      for (const { expr } of targets) {
        asked += 1;
        const result = await ask(url, fillIn(expr, "1m"));
        if (!result.some(({ value }) => Number.isFinite(Number(value?.[1])))) empty.push(`${name}: ${title}: ${expr}`);
      }
    }
  }
  assert.deepEqual(empty, []);
  assert.ok(asked > 60, `${asked} queries`);
});

test("no scrape failed, and one is cheap and small", async (t) => {
  const url = server(t);
  if (url === undefined) return;
  const value = async (query: string) => Number((await ask(url, query))[0]?.value?.[1]);
  assert.equal(await value('min_over_time(up{job="signpost"}[10m])'), 1);
  assert.ok((await value('scrape_samples_scraped{job="signpost"}')) < 2000);
});

test("every alert rule is loaded and evaluates; nothing that is well is paged about", async (t) => {
  const url = server(t);
  if (url === undefined) return;
  const answer: { data: { groups: { rules: { name: string; health: string; lastError?: string }[] }[] } } = JSON.parse(
    await (await fetch(`${url}/api/v1/rules`)).text(),
  );
  const rules = answer.data.groups.flatMap((group) => group.rules);
  assert.ok(rules.length >= 10);
  assert.deepEqual(
    rules.filter(({ health }) => health !== "ok").map(({ name, lastError }) => `${name}: ${lastError}`),
    [],
  );
  const firing = await ask(
    url,
    'ALERTS{alertname=~"SignpostDown|SignpostNotReady|SignpostReloadFailed|SignpostKey.*"}',
  );
  assert.deepEqual(firing, []);
});

for (const args of [
  ["check", "rules", alerts],
  ["test", "rules", join(grafana, "alerts.test.yml")],
]) {
  test(`promtool ${args.slice(0, 2).join(" ")}`, {
    skip: skipWithout(missingProgram("promtool", "prometheus")),
  }, async () => {
    const ended = await new Promise<string>((resolve) =>
      execFile("promtool", args, (error, stdout, stderr) => resolve(error === null ? "" : `${stdout}${stderr}`)),
    );
    assert.equal(ended, "");
  });
}

test("every alert has a firing and a silent case, and its paragraph in the runbook", async () => {
  const names = [...(await readFile(alerts, "utf8")).matchAll(/- alert: (\w+)/g)].map(([, name = ""]) => name);
  const cases = await readFile(join(grafana, "alerts.test.yml"), "utf8");
  const runbook = await readFile(join(grafana, "../docs/runbook.md"), "utf8");
  for (const name of names) {
    assert.match(cases, new RegExp(`- name: ${name} fires\\n`), name);
    assert.match(cases, new RegExp(`- name: ${name} stays silent\\n`), name);
    assert.match(runbook, new RegExp(`^### ${name}$`, "m"), name);
  }
});
