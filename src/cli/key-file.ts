// Writes a private key to a file of its own: never over another one, never readable by others, never half.

import { open, unlink } from "node:fs/promises";
import { resolve } from "node:path";
import { errorCode } from "../mail/error-text.ts";
import { systemError } from "../signing/key-store.ts";
import { exitCode, type Io } from "./command.ts";

/** @returns the exit code of a failure, which was then told; undefined when the file is there */
export async function writeKeyFile(
  command: string,
  file: string,
  generate: () => Promise<string>,
  io: Pick<Io, "cwd" | "stderr">,
): Promise<number | undefined> {
  const path = resolve(io.cwd, file);
  try {
    // Exclusively: two runs, or a link that somebody put there, must not make one key replace another.
    const handle = await open(path, "wx", 0o600);
    try {
      await handle.writeFile(await generate());
      await handle.sync();
    } catch (error) {
      await unlink(path).catch(() => {});
      throw error;
    } finally {
      await handle.close();
    }
  } catch (error) {
    io.stderr(`${command}: Can't create file "${file}": ${systemError(error)}\n`);
    const code = errorCode(error);
    return code === "EACCES" || code === "EPERM" ? exitCode.permission : exitCode.cantCreate;
  }
  return undefined;
}
