// The entry with a Node that is too old: it has to get as far as saying so.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";

const main = join(import.meta.dirname, "../../../src/cli/main.ts");

test("an old Node gets one line", async () => {
  const asIfOld = 'data:text/javascript,Object.defineProperty(process.versions, "node", { value: "18.20.4" })';
  const run = promisify(execFile)(process.execPath, ["--import", asIfOld, main, "--version"]);
  const failed = await run.then(
    () => assert.fail("it ran"),
    (error: { readonly code: number; readonly stderr: string }) => error,
  );
  assert.equal(failed.code, 69);
  assert.match(failed.stderr, /^signpost needs Node 24 or newer; this is v\S+ \(\/.*\)\n$/);
});

test("the entry imports no name that an old Node lacks", () => {
  const imports = readFileSync(main, "utf8").match(/^import .*$/gm);
  assert.deepEqual(imports, [
    'import * as nodeModule from "node:module";',
    'import { fileURLToPath } from "node:url";',
  ]);
});
