import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { printUnit } from "../../../src/cli/print-unit.ts";
import { run } from "./run.ts";

const root = join(import.meta.dirname, "../../..");
const main = join(root, "src/cli/main.ts");

for (const [args, config] of [
  [[], "/etc/signpost/signpost.yaml"],
  [["--config", "mine.yaml"], "/srv/mine.yaml"],
] as const) {
  test(`the unit has the paths of this program and ${config}`, async () => {
    const { code, stdout } = await run(printUnit, args, "/srv");
    assert.equal(code, 0);
    const line = (name: string) => new RegExp(`^${name}=(.*)$`, "m").exec(stdout)?.[1];
    assert.equal(line("ExecStart"), `${process.execPath} ${main} start --config ${config}`);
    assert.equal(line("ExecReload"), `${process.execPath} ${main} reload --config ${config}`);
    assert.equal(line("ConditionPathExists"), config);
    const packaged = readFileSync(join(root, "packaging/systemd/signpost.service"), "utf8");
    assert.equal(stdout.split("\n").length, packaged.split("\n").length);
  });
}

test("no unit for paths that systemd would take apart", async () => {
  await assert.rejects(run(printUnit, ["--config", "my file.yaml"], "/srv"), /would read the path/);
});
