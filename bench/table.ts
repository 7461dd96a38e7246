// Results as text, in Markdown's tables, which read as well on a terminal.
import type { Verdict } from "./budgets.ts";
import type { SuiteResult } from "./suite.ts";

export type About = Readonly<Record<string, string | number>>;

export function tables(about: About, result: SuiteResult, verdicts: readonly Verdict[]): string {
  const { floor } = result;
  return [
    `# Measured: signpost ${about["version"]}`,
    Object.entries(about)
      .map(([name, value]) => `${name} ${value}`)
      .join(", "),
    "Bare, CPU ms in the same minutes: " +
      Object.entries(floor)
        .map(([name, ms]) => `${name} ${ms.toFixed(4)}`)
        .join(", "),
    "## Against the budgets",
    table(
      ["what", "unit", "measured", "must", "goal", ""],
      verdicts.map(({ what, unit, measured, must, goal }) => [
        what,
        unit,
        digits(measured),
        digits(must),
        digits(goal),
        measured <= goal ? "goal" : measured <= must ? "must" : "not reached",
      ]),
    ),
    "## CPU per message, as fast as it goes",
    "`sink` is the source straight at the sink, without anything between, and shows what the two can do; `forward` is a process that copies octets and nothing else; `pass` is the filter with DKIM switched off.",
    table(
      ["case", "process ms", "main ms", "x RSA sign", "messages/s", "p50 ms", "p99 ms", "peak MB", "failed"],
      result.rows.map((row) => [
        row.name,
        row.processMs.toFixed(3),
        row.mainMs.toFixed(3),
        row.timesRsa.toFixed(2),
        row.perSecond.toFixed(0),
        row.p50.toFixed(1),
        row.p99.toFixed(1),
        row.peakMb.toFixed(0),
        String(row.failed),
      ]),
    ),
    "## Latency at fixed rates, 10 kB",
    `Event-loop delay meanwhile: p99 ${result.delay.p99.toFixed(1)} ms, longest ${result.delay.max.toFixed(1)} ms.`,
    table(
      ["case", "p50 ms", "p99 ms", "max ms", "source late ms", "process ms", "failed"],
      result.rates.map((row) => [
        row.name,
        row.p50.toFixed(2),
        row.p99.toFixed(2),
        row.max.toFixed(1),
        row.lateMs.toFixed(1),
        row.processMs.toFixed(3),
        String(row.failed),
      ]),
    ),
    "## Crowds and large mail",
    `1,000 connections at once, one mail each: ${result.crowdSeconds.toFixed(2)} s, p99 ${result.crowd.p99.toFixed(0)} ms, ${result.crowd.failed} failed.`,
    `20 mails of 10 MB at once: ${result.large.peakMb.toFixed(0)} MB resident at most, ${result.large.failed} failed.`,
    `Resident idle with two threads, compiled as it is installed, ${result.idleMb.toFixed(0)} MB; in the checkout, after all of the above ${result.afterMb.toFixed(0)} MB.`,
    "",
  ].join("\n\n");
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((cell, column) => Math.max(cell.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join(" | ")} |`;
  const rule = `| ${widths.map((width, column) => (column === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`)).join(" | ")} |`;
  return [line(head), rule, ...rows.map(line)].join("\n");
}

function digits(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
