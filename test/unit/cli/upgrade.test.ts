import assert from "node:assert/strict";
import { test } from "node:test";
import { UsageError } from "../../../src/cli/command.ts";
import { upgrade } from "../../../src/cli/upgrade.ts";
import { folderFor, run } from "./run.ts";

test("where no daemon runs there is nothing to take over", async (t) => {
  const folder = folderFor(t);
  const { code, stderr } = await run(upgrade, ["--socket", `${folder}/control.sock`], folder);
  assert.equal(code, 69);
  assert.match(stderr, /no daemon is running/);
});

test("which program is started is not for the command line to say", async (t) => {
  await assert.rejects(run(upgrade, ["other-program"], folderFor(t)), UsageError);
});
