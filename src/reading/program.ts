// The program of a process that reads a configuration and all it names, hands over what it found, and ends: what reading
// takes, in modules, memory and time, is not the daemon's.
import { writeSync } from "node:fs";
import { loadSettings } from "./load-settings.ts";
import { piecesOf } from "./parcel.ts";
import { permissionProblems } from "./permissions.ts";
import { packReading } from "./plain-settings.ts";
import { type ReadingPurpose, resultDescriptor } from "./read-settings.ts";

/** What a pipe takes in one go, and more. */
const pieceBytes = 1024 * 1024;

function writeWhole(octets: Uint8Array): void {
  let rest = octets;
  while (rest.length > 0) rest = rest.subarray(writeSync(resultDescriptor, rest));
}

// Whoever ends the daemon by a signal to all its processes ends this one by not waiting for it.
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => undefined);
const [file = "", cwd = "", purpose]: readonly string[] = process.argv.slice(2);
const read = await loadSettings(file, cwd);
const atStart: ReadingPurpose = "start";
const problems = purpose === atStart ? [...read.problems, ...permissionProblems(read, cwd)] : read.problems;
for (const piece of piecesOf(packReading(read, problems), pieceBytes)) writeWhole(piece);
// Signals are listened to: by itself it would not end.
process.exit(0);
