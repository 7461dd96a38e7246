// The published package: packed, installed from its tarball beside nothing else, and run as compiled JavaScript.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { test } from "../support/limited.ts";

const run = promisify(execFile);
const root = join(import.meta.dirname, "../..");

/**
 * A host that depends on the tarball, with the versions that are tested here: installing by such a lock file asks the
 * registry for nothing that `npm ci` has fetched before, and a slow registry is not what is tested.
 */
async function writeHost(folder: string, tarball: string): Promise<void> {
  const host = { name: "host", version: "1.0.0", private: true, dependencies: { signpost: `file:${tarball}` } };
  const { packages } = JSON.parse(await readFile(join(root, "package-lock.json"), "utf8"));
  const { "": own, ...others } = packages;
  const { version, dependencies, engines, bin } = own;
  const signpost = { version, resolved: `file:${tarball}`, dependencies, engines, bin };
  const lock = {
    name: host.name,
    version: host.version,
    lockfileVersion: 3,
    requires: true,
    packages: { "": host, "node_modules/signpost": signpost, ...others },
  };
  await writeFile(join(folder, "package.json"), JSON.stringify(host));
  await writeFile(join(folder, "package-lock.json"), JSON.stringify(lock));
}

test("the package installs from its tarball and runs the demo", async () => {
  const folder = await mkdtemp(join(tmpdir(), "signpost-package-"));
  try {
    await run("npm", ["pack", "--pack-destination", folder], { cwd: root });
    const tarball = (await readdir(folder)).find((name) => name.endsWith(".tgz"));
    assert.ok(tarball);
    await writeHost(folder, tarball);
    await run("npm", ["ci", "--omit=dev", "--no-audit", "--no-fund", "--prefer-offline"], { cwd: folder });
    const installed = join(folder, "node_modules/signpost");
    const main = join(installed, "dist/src/cli/main.js");
    const { stdout: version } = await run(process.execPath, [main, "--version"]);
    const { version: packed } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
    assert.equal(version, `signpost ${packed}\n`);
    const { stdout } = await run(process.execPath, [main, "demo"], { cwd: folder });
    assert.match(stdout, /dkim=pass \(2048-bit key\)/);
    assert.match(stdout, /dkim=fail .*reason=body-hash-mismatch/);
    // By the name that npm puts into a folder's .bin, and with the paths that a unit needs.
    const called = join(folder, "node_modules/.bin/signpost");
    const { stdout: unit } = await run(called, ["print-unit"], {
      env: { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH}` },
    });
    assert.ok(
      unit.includes(`ExecStart=${process.execPath} ${main} start --config /etc/signpost/signpost.yaml\n`),
      unit,
    );
    const compiled = await readdir(join(installed, "dist"));
    assert.deepEqual(compiled.sort(), ["src", "workers"]);
    const top = await readdir(installed);
    assert.ok(top.includes("LICENSE") && top.includes("docs") && !top.includes("test"), top.join(" "));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test("the bill of materials names what is shipped, and nothing of the builder's", async () => {
  const env = { ...process.env, SOURCE_DATE_EPOCH: "1790000000" };
  const command = "npm sbom --omit=dev --sbom-format cyclonedx | node packaging/sbom.mjs";
  const { stdout } = await run("sh", ["-c", command], { cwd: root, env, maxBuffer: 16 * 1024 ** 2 });
  const bill = JSON.parse(stdout);
  const { name, version, dependencies, devDependencies } = JSON.parse(
    await readFile(join(root, "package.json"), "utf8"),
  );
  const { component, timestamp } = bill.metadata;
  assert.deepEqual([component.name, component.version, timestamp], [name, version, "2026-09-21T14:13:20.000Z"]);
  const named = new Map<string, string>(
    bill.components.map((each: { name: string; version: string }) => [each.name, each.version]),
  );
  for (const [each, wanted] of Object.entries({ ...dependencies, node: devDependencies.node })) {
    assert.equal(named.get(each), wanted, each);
  }
  assert.ok(!stdout.includes("napi-rs") && !stdout.includes(root), "what is not shipped, or where it was built");
  const { stdout: licences } = await run("node", ["packaging/licences.mjs", "node_modules"], {
    cwd: root,
    maxBuffer: 64 * 1024 ** 2,
  });
  for (const each of Object.keys(dependencies)) assert.match(licences, new RegExp(`^${each} [\\d.]+: \\w`, "m"));
});
