#!/usr/bin/env node
// The entry: `node src/cli/main.ts COMMAND` in a checkout, `signpost COMMAND` when installed. Compiled, this file is read by
// whatever Node there is: it imports no name that an old one lacks, and prints which Node is needed.
import * as nodeModule from "node:module";
import { fileURLToPath } from "node:url";

const wantedMajor = 24;

/**
 * In a checkout Node strips the types of every file at every start, with a compiler of 40 MB; what it made is kept beside
 * the packages, in a folder that is as trusted as the sources are. Where that cannot be written nothing is kept.
 */
function keepCompiled(): void {
  if (!import.meta.url.endsWith(".ts")) return;
  const folder = fileURLToPath(new URL("../../node_modules/.cache/compiled", import.meta.url));
  nodeModule.enableCompileCache(folder);
  // Worker threads look here.
  process.env.NODE_COMPILE_CACHE ??= folder;
}

if (Number.parseInt(process.versions.node, 10) < wantedMajor) {
  process.stderr.write(
    `signpost needs Node ${wantedMajor} or newer; this is ${process.version} (${process.execPath})\n`,
  );
  process.exitCode = 69;
} else {
  keepCompiled();
  const { processIo, runCommandLine } = await import("./command-line.ts");
  process.exitCode = await runCommandLine(process.argv.slice(2), processIo());
}
