// The program of a process that reads the files of a configuration, hands over what it found, and ends: what reading
// takes, in modules, memory and time, is not the daemon's.
import { writeSync } from "node:fs";
import { serialize } from "node:v8";
import { loadConfigFiles } from "./load-config-files.ts";
import { permissionProblems } from "./permissions.ts";
import { plainReading } from "./plain-settings.ts";
import { resultDescriptor } from "./read-settings.ts";

function writeWhole(octets: Uint8Array): void {
  let rest = octets;
  while (rest.length > 0) rest = rest.subarray(writeSync(resultDescriptor, rest));
}

// Signals to all processes of the daemon are ignored here: this one ends when its result is written, or the pipe has no reader.
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => undefined);
const [file = "", cwd = ""]: readonly string[] = process.argv.slice(2);
const files = await loadConfigFiles(file, cwd);
const problems = [...files.problems, ...permissionProblems(files.loaded, cwd)];
writeWhole(serialize(plainReading(files, problems)));
// Signals are listened to: otherwise it would not end.
process.exit(0);
