// The scripts for shells: they are valid, and bash offers what fits.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { loadCommands } from "../../../src/cli/commands.ts";
import { createCompletion } from "../../../src/cli/completion.ts";
import { missingProgram, skipWithout } from "../../support/peers.ts";
import { folderFor, run } from "./run.ts";

const completion = createCompletion(loadCommands);

/** What bash offers for the last of the words. */
function offered(script: string, ...words: readonly string[]): readonly string[] {
  const line = `${script}\nCOMP_WORDS=(signpost ${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length}; _signpost; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync("bash", ["-c", line], { encoding: "utf8", cwd: "/" });
  assert.equal(stderr, "");
  return stdout.trim().split("\n");
}

test("bash completes commands, options and words", { skip: skipWithout(missingProgram("bash", "bash")) }, async (t) => {
  const { code, stdout } = await run(completion, ["bash"], folderFor(t));
  assert.equal(code, 0);
  assert.deepEqual(offered(stdout, "test"), ["testkeys"]);
  assert.ok(offered(stdout, "log", "--").includes("--follow"));
  assert.ok(offered(stdout, "explain", "no-k").includes("no-key-for-domain"));
  assert.deepEqual(offered(stdout, "quarantine", "rel"), ["release"]);
  assert.deepEqual(offered(stdout, "log", "--lines", ""), [""]);
});

test("zsh takes its script", { skip: skipWithout(missingProgram("zsh", "zsh")) }, async (t) => {
  const { stdout } = await run(completion, ["zsh"], folderFor(t));
  const { status, stderr } = spawnSync("zsh", ["-n"], { input: stdout, encoding: "utf8" });
  assert.deepEqual([status, stderr], [0, ""]);
});

test("another shell is refused", async (t) => {
  await assert.rejects(() => run(completion, ["fish"], folderFor(t)), /bash or zsh/);
});
