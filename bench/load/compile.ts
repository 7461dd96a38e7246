// The program as users install it: compiled to JavaScript, without comments, by the build that packs a release.
import { execFile } from "node:child_process";
import { copyFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = fileURLToPath(new URL("../..", import.meta.url));
/** Below node_modules, so that it finds its packages, and no checkout is the worse for it. */
const folder = join(root, "node_modules/.cache/bench");

/** Path of the compiled program's first file. Rejects with what the compiler says when it finds faults. */
export async function compile(): Promise<string> {
  const out = join(folder, "dist");
  await rm(out, { recursive: true, force: true });
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  const build = ["-p", join(root, "tsconfig.build.json"), "--outDir", out];
  await promisify(execFile)(process.execPath, [compiler, ...build]);
  await copyFile(join(root, "package.json"), join(folder, "package.json"));
  return join(out, "src/cli/main.js");
}
