// The published package: packed, installed from its tarball beside nothing else, and run as compiled JavaScript.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";

const run = promisify(execFile);
const root = join(import.meta.dirname, "../..");

test("the package installs from its tarball and runs the demo", async () => {
  const folder = await mkdtemp(join(tmpdir(), "signpost-package-"));
  try {
    await run("npm", ["pack", "--pack-destination", folder], { cwd: root });
    const tarball = (await readdir(folder)).find((name) => name.endsWith(".tgz"));
    assert.ok(tarball);
    await writeFile(join(folder, "package.json"), JSON.stringify({ name: "host", version: "1.0.0", private: true }));
    await run("npm", ["install", "--omit=dev", "--no-audit", "--no-fund", "--prefer-offline", `./${tarball}`], {
      cwd: folder,
    });
    const installed = join(folder, "node_modules/signpost");
    const { stdout } = await run(process.execPath, [join(installed, "dist/src/cli/main.js"), "demo"], { cwd: folder });
    assert.match(stdout, /dkim=pass \(2048-bit key\)/);
    assert.match(stdout, /dkim=fail .*reason=body-hash-mismatch/);
    const top = await readdir(installed);
    assert.ok(top.includes("LICENSE") && top.includes("docs") && !top.includes("test"), top.join(" "));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
