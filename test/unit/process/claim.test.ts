import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { claimPath } from "../../../src/process/claim.ts";

const folder = mkdtempSync(join(tmpdir(), "signpost-claim-"));
after(() => rmSync(folder, { recursive: true }));

test("a path is one claimant's until it lets go, however the path is written", async () => {
  mkdirSync(join(folder, "run"));
  symlinkSync(join(folder, "run"), join(folder, "var-run"));
  const path = join(folder, "run", "pid");
  const claim = await claimPath(path);
  assert.ok(claim !== undefined);
  for (const same of [path, join(folder, "run", "..", "run", "pid"), join(folder, "var-run", "pid")]) {
    assert.equal(await claimPath(same), undefined, same);
  }
  const other = await claimPath(join(folder, "run", "other"));
  assert.ok(other !== undefined);
  other.release();
  claim.release();
  const next = await claimPath(path);
  assert.ok(next !== undefined);
  next.release();
});

test("of many that ask at once one has it", async () => {
  const claims = await Promise.all(Array.from({ length: 20 }, () => claimPath(join(folder, "at-once"))));
  assert.equal(claims.filter((claim) => claim !== undefined).length, 1);
  for (const claim of claims) claim?.release();
});

test("a claim ends with its process, and keeps none from ending", async () => {
  const path = join(folder, "killed");
  const module = join(import.meta.dirname, "../../../src/process/claim.ts");
  const program = (then: string) =>
    `const { claimPath } = await import(${JSON.stringify(module)}); console.log((await claimPath(${JSON.stringify(path)})) !== undefined); ${then}`;
  const run = (then: string) =>
    spawn(process.execPath, ["--input-type=module", "-e", program(then)], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = run("");
  const ending = once(ended, "exit");
  assert.match(String((await once(ended.stdout, "data"))[0]), /true/);
  assert.deepEqual(await ending, [0, null]);

  const killed = run("setInterval(() => undefined, 1000)");
  assert.match(String((await once(killed.stdout, "data"))[0]), /true/);
  assert.equal(await claimPath(path), undefined);
  const gone = once(killed, "exit");
  killed.kill("SIGKILL");
  await gone;
  const claim = await claimPath(path);
  assert.ok(claim !== undefined);
  claim.release();
});
