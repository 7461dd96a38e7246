// A Prometheus of the test's own: scrapes one target every second into a folder that goes away with it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { freePort } from "./free-port.ts";

export interface Prometheus {
  /** "http://127.0.0.1:PORT" */
  readonly url: string;
  close(): Promise<void>;
}

/** Undefined when there is none on this machine. */
export async function startPrometheus(
  targetPort: number,
  ruleFiles: readonly string[] = [],
): Promise<Prometheus | undefined> {
  const folder = await mkdtemp(join(tmpdir(), "signpost-prometheus-"));
  const port = await freePort();
  await writeFile(
    join(folder, "prometheus.yml"),
    `global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: ${JSON.stringify(ruleFiles)}
scrape_configs:
  - job_name: signpost
    static_configs: [{ targets: ["127.0.0.1:${targetPort}"] }]
`,
  );
  const child = spawn(
    "prometheus",
    [
      `--config.file=${join(folder, "prometheus.yml")}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--log.level=info",
    ],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  const close = async () => {
    if (child.exitCode === null && child.pid !== undefined) {
      child.kill("SIGTERM");
      await once(child, "exit");
    }
    await rm(folder, { recursive: true, force: true });
  };
  const said: string[] = [];
  const started = await new Promise<boolean | Error>((resolve) => {
    child.on("error", () => resolve(false));
    child.on("exit", () => resolve(new Error(`prometheus ended:\n${said.join("\n")}`)));
    createInterface({ input: child.stderr }).on("line", (line) => {
      said.push(line);
      if (line.includes("Server is ready to receive web requests")) resolve(true);
    });
  });
  if (started === true) return { url: `http://127.0.0.1:${port}`, close };
  await close();
  if (started instanceof Error) throw started;
  return undefined;
}
