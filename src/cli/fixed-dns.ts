// The DNS of `--dns FILE.json`: answers from a file instead of the network.

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { createFixedResolver, parseFixedZone } from "../dns/fixed-zone.ts";
import { errorCode, errorText, systemError } from "../mail/error-text.ts";
import type { Resolve } from "../rr/answer.ts";
import { exitCode, type Io } from "./command.ts";

export interface Dns {
  readonly resolve: Resolve;
  close(): void;
}

/** Returns the exit code, after a message, when the file cannot be used. */
export function fixedDns(file: string, io: Pick<Io, "cwd" | "stderr">): Dns | number {
  let text: string;
  try {
    text = readFileSync(resolve(io.cwd, file), "utf8");
  } catch (error) {
    io.stderr(`signpost: ${file} cannot be read: ${systemError(error)}\n`);
    return errorCode(error) === "EACCES" ? exitCode.permission : exitCode.noInput;
  }
  try {
    return { resolve: createFixedResolver(parseFixedZone(JSON.parse(text))), close() {} };
  } catch (error) {
    io.stderr(`signpost: ${file}: ${errorText(error)}\n`);
    return exitCode.data;
  }
}
