// Checks that the configuration file can be read at all, before anything looks at its content: a file that cannot has an
// exit code of its own.

import { closeSync, fstatSync, openSync } from "node:fs";
import { resolve } from "node:path";
import { errorCode, systemError } from "../mail/error-text.ts";
import { exitCode, type Io } from "./command.ts";

/** @returns the exit code when it cannot, after a message; undefined when it can */
export function unreadableConfig(
  file: string,
  io: Pick<Io, "cwd" | "stderr">,
  wanted: "a file" | "or a folder" = "a file",
): number | undefined {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(resolve(io.cwd, file), "r");
    if (wanted === "or a folder" || !fstatSync(descriptor).isDirectory()) return undefined;
    io.stderr(`signpost: ${file} cannot be read: Is a directory\n`);
    return exitCode.noInput;
  } catch (error) {
    io.stderr(`signpost: ${file} cannot be read: ${systemError(error)}\n`);
    const code = errorCode(error);
    return code === "EACCES" || code === "EPERM" ? exitCode.permission : exitCode.noInput;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
