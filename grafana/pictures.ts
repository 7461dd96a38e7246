// Makes the pictures in docs/pictures: a filter with mail of all kinds for some minutes, a Prometheus beside it, the
// dashboards drawn from that. node grafana/pictures.ts [MINUTES]; needs prometheus and rsvg-convert.
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startScene } from "../test/support/all-kinds.ts";
import { startPrometheus } from "../test/support/prometheus.ts";
import { readDashboards } from "./render.ts";

const minutes = Number(process.argv[2] ?? 6);
const folder = join(import.meta.dirname, "../docs/pictures");
const scene = await startScene();
const prometheus = await startPrometheus(scene.metricsPort);
if (prometheus === undefined) throw new Error("prometheus is not installed");
try {
  const endAt = performance.now() + minutes * 60_000;
  for (let round = 0; performance.now() < endAt; round += 1) {
    await scene.sendRound(round);
    if (round === 20 || round === 60) scene.filter.daemon.process.kill("SIGHUP");
    // More and less, as mail comes.
    await sleep(250 + 900 * Math.abs(Math.sin(round / 25)));
  }
  mkdirSync(folder, { recursive: true });
  execFileSync(process.execPath, [join(import.meta.dirname, "render.ts"), prometheus.url, folder, String(minutes)]);
  for (const name of readDashboards().keys()) {
    const picture = join(folder, name.replace(".json", ""));
    execFileSync("rsvg-convert", ["--width", "1500", "--output", `${picture}.png`, `${picture}.svg`]);
    rmSync(`${picture}.svg`);
  }
} finally {
  await prometheus.close();
  await scene.filter.close();
}
