#!/usr/bin/env node
// The entry: `node src/cli/main.ts COMMAND` in a checkout, `signpost COMMAND` when installed.
import { enableCompileCache } from "node:module";
import { fileURLToPath } from "node:url";

/**
 * In a checkout Node strips the types of every file at every start, with a compiler of 40 MB; what it made is kept beside
 * the packages, in a folder that is as trusted as the sources are. Where that cannot be written nothing is kept.
 */
function keepCompiled(): void {
  if (!import.meta.url.endsWith(".ts")) return;
  const folder = fileURLToPath(new URL("../../node_modules/.cache/compiled", import.meta.url));
  enableCompileCache(folder);
  // Worker threads look here.
  process.env.NODE_COMPILE_CACHE ??= folder;
}

keepCompiled();
const { processIo, runCommandLine } = await import("./command-line.ts");
process.exitCode = await runCommandLine(process.argv.slice(2), processIo());
