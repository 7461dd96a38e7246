// The manual is made from the table of settings; the files in the repository must be what is made now.
// `UPDATE_EXPECTED=1` writes them.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { loadCommands } from "../../../src/cli/commands.ts";
import { commandPage } from "../../../src/cli/manual.ts";
import { idleSettings, manualChapters } from "../../../src/config/manual.ts";
import { configurationMarkdown } from "../../../src/config/manual-markdown.ts";
import { configurationPage } from "../../../src/config/manual-roff.ts";
import { allNames, scopeOf } from "../../../src/settings/registry.ts";
import { missingProgram, skipWithout } from "../../support/peers.ts";

const commands = await loadCommands();
const root = resolve(import.meta.dirname, "../../..");
const pages: Readonly<Record<string, () => string>> = {
  "docs/configuration.md": configurationMarkdown,
  "packaging/man/signpost.yaml.5": configurationPage,
  "packaging/man/signpost.8": () => commandPage(commands),
};

for (const [name, make] of Object.entries(pages)) {
  test(`${name} is what the settings and commands say`, () => {
    const file = join(root, name);
    if (process.env.UPDATE_EXPECTED !== undefined) writeFileSync(file, make());
    assert.equal(readFileSync(file, "utf8"), make(), "run the tests with UPDATE_EXPECTED=1 and look at the difference");
  });
}

test("every setting has its paragraph, and says what it is", () => {
  const entries = [...manualChapters().flatMap((chapter) => chapter.entries), ...idleSettings()];
  const documented = new Set(entries.map(({ name }) => name));
  const missing = allNames.filter((name) => scopeOf(name) !== "structure" && !documented.has(name));
  assert.deepEqual(missing, []);
  assert.equal(documented.size, entries.length, "a setting is documented once");
  for (const { name, summary } of entries) assert.match(summary, /^\S.*\.$/s, name);
});

test("the settings that are no entries of the table are told of, too", () => {
  const page = configurationPage();
  for (const name of ["include", "policy_bank"]) assert.ok(page.includes(name), name);
});

test("groff formats the manual pages without complaint", {
  skip: skipWithout(missingProgram("groff", "groff-base")),
}, () => {
  for (const name of ["signpost.yaml.5", "signpost.8"]) {
    const page = join(root, "packaging/man", name);
    const { error, stderr } = spawnSync("groff", ["-man", "-Tutf8", "-ww", "-z", page], { encoding: "utf8" });
    assert.equal(error, undefined);
    assert.equal(stderr, "");
  }
});
