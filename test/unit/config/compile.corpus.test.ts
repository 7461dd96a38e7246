// Every folder of test/corpora/config is a configuration with what must be said of it, line by line.
// `UPDATE_EXPECTED=1` writes what is said into expected.json, to be read before it is committed.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { loadConfig } from "../../../src/config/load.ts";
import { printConfig } from "../../../src/config/print.ts";
import { problemLine, sortProblems } from "../../../src/config/report.ts";
import { loadSettings } from "../../../src/reading/load-settings.ts";

const corpus = resolve(import.meta.dirname, "../../corpora/config");

interface Expected {
  readonly usable: boolean;
  readonly problems: readonly string[];
}

async function judge(folder: string): Promise<Expected> {
  const { settings, problems } = await loadSettings("signpost.yaml", folder);
  // What is said of this machine's own name is not the configuration's.
  const ofFile = problems.filter(({ path }) => path?.[0] !== "myhostname");
  const lines = sortProblems(ofFile).map((problem) => problemLine(problem).replaceAll(`${folder}/`, ""));
  return { usable: settings !== undefined, problems: lines };
}

for (const name of readdirSync(corpus).sort()) {
  const folder = join(corpus, name);
  const file = join(folder, "expected.json");

  test(`the configuration ${name} is judged as expected`, async () => {
    const found = await judge(folder);
    if (process.env.UPDATE_EXPECTED !== undefined) writeFileSync(file, `${JSON.stringify(found, undefined, 2)}\n`);
    const expected: unknown = JSON.parse(readFileSync(file, "utf8"));
    assert.deepEqual(found, expected);
    assert.ok(existsSync(join(folder, "README")), "a case says why it exists");
  });

  test(`each error of ${name} names file, line and column`, async () => {
    for (const line of (await judge(folder)).problems) assert.match(line, /^[^:]+:\d+:\d+: (error|warning|note): ./);
  });

  test(`the configuration ${name}, when usable, prints as one that reads back the same`, async () => {
    const { config } = await loadConfig("signpost.yaml", { cwd: folder, hostname: "host.example" });
    if (config === undefined) return;
    const printed = printConfig(config);
    const again = await loadConfig("/printed.yaml", {
      files: { read: () => printed, glob: () => [] },
      hostname: "other.example",
    });
    assert.deepStrictEqual(again.config, config);
  });
}
