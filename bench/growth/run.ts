// `npm run bench:growth`: how cost grows, as text on standard output. `--short` for a look, `--only size,domains` for
// parts of it, `--write NAME` for files in bench/results, where parts that were measured before stay. `--page` also puts
// the model into docs/scaling.md.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { version } from "../../src/process/version.ts";
import { startChild } from "../load/child.ts";
import { checked } from "./checked.ts";
import { connections } from "./connections.ts";
import { attachments, members, mimeParts, scanning } from "./content.ts";
import { cores } from "./cores.ts";
import type { Growth } from "./curve.ts";
import { domains } from "./domains.ts";
import { hostile } from "./hostile.ts";
import { middleOf } from "./middle.ts";
import { madeFrom, modelOf, predictionsOf } from "./model.ts";
import { modelTexts } from "./model-text.ts";
import { pageWith } from "./page.ts";
import type { Part } from "./parts.ts";
import { recipients } from "./recipients.ts";
import { growthPicture, growthText, type Parts } from "./report.ts";
import { rules } from "./rules.ts";
import { signatures } from "./signatures.ts";
import { size } from "./size.ts";

const all: Readonly<Record<string, Part>> = {
  size,
  recipients,
  connections,
  signatures,
  parts: mimeParts,
  attachments,
  scanning,
  members,
  rules,
  hostile,
  domains,
  cores,
  model: checked,
};

const { values } = parseArgs({
  options: {
    short: { type: "boolean", default: false },
    only: { type: "string" },
    "no-chunking": { type: "boolean", default: false },
    write: { type: "string" },
    rounds: { type: "string", default: "3" },
    daemons: { type: "string", default: "3" },
    page: { type: "boolean", default: false },
  },
});
const order = Object.keys(all);
const names = values.only?.split(",").filter((name) => name !== "") ?? order;
for (const name of names) if (!order.includes(name)) throw new Error(`no part "${name}": ${order}`);
/** What most of a cost is made of, and what the model is held against: each on several daemons, one after the other. */
const repeated: readonly string[] = ["size", "scanning", "signatures", "model"];
const daemons = values.short ? 1 : Number(values.daemons);
const resultFile = (ending: string) =>
  fileURLToPath(new URL(`../results/growth-${values.write}.${ending}`, import.meta.url));
const isWritten = values.write !== undefined && existsSync(resultFile("json"));
/** What earlier runs wrote. */
const before: Parts = isWritten ? JSON.parse(readFileSync(resultFile("json"), "utf8")).parts : {};

const [sink, source, bare] = [startChild(), startChild(), startChild()];
const taken: Record<string, Growth[]> = {};
try {
  const bench = {
    sink,
    source,
    bare,
    nextHopPort: await sink.call("sink", { keep: false, chunking: !values["no-chunking"] }),
    rounds: values.short ? 1 : Number(values.rounds),
    scale: values.short ? 0.3 : 1,
    say: (line: string) => process.stderr.write(`${line}\n`),
  };
  for (let daemon = 0; daemon < daemons; daemon += 1) {
    for (const name of names) {
      const part = all[name];
      if (part === undefined || (daemon > 0 && !repeated.includes(name))) continue;
      taken[name] ??= [];
      taken[name].push(await part(bench));
    }
  }
} finally {
  sink.stop();
  source.stop();
  bare.stop();
}
const about = {
  version,
  commit: execFileSync("git", ["rev-parse", "--short=10", "HEAD"], { encoding: "utf8" }).trim(),
  node: process.version,
  machine: `${cpus().length} x ${cpus()[0]?.model ?? "unknown"}, ${Math.round(totalmem() / 2 ** 30)} GB`,
};
const measured = Object.fromEntries(Object.entries(taken).map(([name, parts]) => [name, middleOf(parts)]));
const known = withPredictions({ ...before, ...measured });
process.stdout.write(
  growthText(about, Object.fromEntries(names.flatMap((name) => (known[name] ? [[name, known[name]]] : [])))),
);
if (values.write !== undefined) {
  const parts = Object.fromEntries(order.flatMap((name) => (known[name] ? [[name, known[name]]] : [])));
  writeFileSync(resultFile("json"), `${JSON.stringify({ about, parts }, null, 1)}\n`);
  writeFileSync(resultFile("md"), growthText(about, parts));
  writeFileSync(resultFile("svg"), growthPicture(parts));
}
if (values.page) {
  const model = modelOf(known);
  if (model === undefined) throw new Error(`the model is made from ${madeFrom}: measure these, too`);
  const page = fileURLToPath(new URL("../../docs/scaling.md", import.meta.url));
  const texts = modelTexts(model, known["model"]?.predictions ?? []);
  writeFileSync(page, pageWith(readFileSync(page, "utf8"), texts));
}

/** With what the model says of all that was measured to hold it against. */
function withPredictions(parts: Parts): Parts {
  const model = modelOf(parts);
  const against = parts["model"];
  if (model === undefined || against === undefined) return parts;
  const checks = Object.values(parts).flatMap((part) => part.checks ?? []);
  return { ...parts, model: { ...against, predictions: predictionsOf(model, checks) } };
}
