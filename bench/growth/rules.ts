// Cost of a mail against what is configured: banning rules that are tried, rows of a table that is looked up by recipient,
// policy banks that are there and those that a mail loads.
import { onTheWire } from "../messages.ts";
import { withAttachments } from "./attached.ts";
import type { Curve, Growth } from "./curve.ts";
import { type Bench, inTurns, mails, pointsOf, warmUp } from "./parts.ts";
import { startSite } from "./site.ts";

const ruleCounts = [1, 10, 100, 1000] as const;
const rowCounts = [1, 100, 10_000] as const;
const bankCounts = [1, 10, 100] as const;

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);

export async function rules(bench: Bench): Promise<Growth> {
  bench.say(`${ruleCounts.join(", ")} banning rules; ${rowCounts.join(", ")} rows; ${bankCounts.join(", ")} banks`);
  const content = onTheWire(withAttachments(1, 4000));
  const load = (port: number) => ({ port, content, messages: mails(400, bench.scale), connections: 16, reuse: true });

  const tried = (count: number) => `{ regexp: [${upTo(count).map((index) => `["^never${index}\\\\.exe$", true]`)}] }`;
  const rows = (count: number) =>
    `{ ${upTo(count - 1)
      .map((index) => `"someone${index}@example.net": true, `)
      .join("")}"someone@example.net": false }`;
  const tables = await startSite({
    nextHopPort: bench.nextHopPort,
    banks: Object.fromEntries([
      ...ruleCounts.map((count) => [`RULES${count}`, { settings: `{ banned_filename_maps: [R${count}] }` }] as const),
      ...rowCounts.map(
        (count) => [`ROWS${count}`, { settings: `{ bypass_banned_checks_maps: [${rows(count)}] }` }] as const,
      ),
    ]),
    settings: `banned_filename_re: [["^never\\\\.exe$", true]]
banned_rules:
${ruleCounts.map((count) => `  R${count}: ${tried(count)}`).join("\n")}`,
  });
  const curves: Curve[] = [];
  try {
    await warmUp({ ...bench, scale: 0.2 * bench.scale }, load(tables.port("RULES1")));
    const ruleCases = ruleCounts.map((x) => ({ x, load: load(tables.port(`RULES${x}`)) }));
    const rowCases = rowCounts.map((x) => ({ x, load: load(tables.port(`ROWS${x}`)) }));
    const results = await inTurns(bench, tables.pid, [...ruleCases, ...rowCases]);
    const ms = ({ processMs }: { processMs: number }) => processMs;
    curves.push(
      { label: "banning rules", unit: "CPU ms", bound: "linear", points: pointsOf(ruleCases, results, ms) },
      {
        label: "rows by recipient",
        unit: "CPU ms",
        bound: "constant",
        points: pointsOf(rowCases, results.slice(ruleCases.length), ms),
      },
    );
  } finally {
    await tables.stop();
  }

  const defined: [number, number][] = [];
  const loaded: [number, number][] = [];
  for (const count of bankCounts) {
    const names = upTo(count).map((index) => `B${index}`);
    const site = await startSite({
      nextHopPort: bench.nextHopPort,
      banks: {
        LAST: { settings: "{ myhostname: last.example.net }" },
        PATH: { settings: "{ myhostname: path.example.net }", path: ["PATH", ...names].join(", ") },
      },
      furtherBanks: names
        .map((name) => `  ${name}: { bypass_banned_checks_maps: [{ someone@${name}.example: true }] }\n`)
        .join(""),
    });
    try {
      await warmUp({ ...bench, scale: 0.2 * bench.scale }, load(site.port("LAST")));
      const [one, path] = await inTurns(bench, site.pid, [
        { x: count, load: load(site.port("LAST")) },
        { x: count, load: load(site.port("PATH")) },
      ]);
      if (one !== undefined) defined.push([count, one.processMs]);
      if (path !== undefined) loaded.push([count, path.processMs]);
    } finally {
      await site.stop();
    }
  }
  curves.push(
    { label: "policy banks, one loaded", unit: "CPU ms", bound: "constant", points: defined },
    { label: "policy banks, all loaded by the port", unit: "CPU ms", bound: "constant", points: loaded },
  );
  return { title: "Rules, rows and policy banks; mail of 7 kB with two parts", against: "number", curves, facts: [] };
}
