// `npm run bench`: the suite against this checkout, as a table on standard output; `--short` for a look, `--write NAME`
// for files in bench/results, `--no-chunking` with a next hop that takes content by DATA only.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { version } from "../src/process/version.ts";
import { judge } from "./budgets.ts";
import { barChart } from "./chart.ts";
import { runSuite, type SuiteResult } from "./suite.ts";
import { tables } from "./table.ts";

const { values } = parseArgs({
  options: {
    short: { type: "boolean", default: false },
    "no-chunking": { type: "boolean", default: false },
    write: { type: "string" },
    rounds: { type: "string", default: "5" },
  },
});

const startedAt = performance.now();
const result = await runSuite({
  rounds: values.short ? 1 : Number(values.rounds),
  scale: values.short ? 0.4 : 1,
  chunking: !values["no-chunking"],
  say: (line) => process.stderr.write(`${line}\n`),
});
const verdicts = judge(result);
const about = {
  version,
  commit: commit(),
  node: process.version,
  ...(values["no-chunking"] ? { content: "by DATA only" } : {}),
  machine: `${cpus().length} x ${cpus()[0]?.model ?? "unknown"}, ${Math.round(totalmem() / 2 ** 30)} GB`,
  seconds: Math.round((performance.now() - startedAt) / 1000),
};
const text = tables(about, result, verdicts);
process.stdout.write(text);
if (values.write !== undefined) write(values.write, result);

function write(name: string, measured: SuiteResult): void {
  const file = (ending: string) => fileURLToPath(new URL(`results/${name}.${ending}`, import.meta.url));
  writeFileSync(file("json"), `${JSON.stringify({ about, ...measured, verdicts }, null, 1)}\n`);
  writeFileSync(file("md"), text);
  const kept = measured.rows.filter(({ reuse, bytes }) => reuse && bytes <= 100_000);
  writeFileSync(
    file("svg"),
    barChart(
      "CPU per message, kept connections",
      "milliseconds of the whole process",
      kept.map(({ name: label, processMs, mainMs }) => ({ label, value: processMs, part: mainMs })),
    ),
  );
}

function commit(): string {
  try {
    return execFileSync("git", ["rev-parse", "--short=10", "HEAD"], { encoding: "utf8" }).trim();
  } catch {
    return "unknown";
  }
}
