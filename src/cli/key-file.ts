// Writes a private key to a file of its own: never over another one, never readable by others than its owner and, where
// root makes it, the daemon; never half.

import { open, unlink } from "node:fs/promises";
import { resolve } from "node:path";
import { errorCode, systemError } from "../mail/error-text.ts";
import { exitCode, type Io } from "./command.ts";
import { keyReader, letRead, tellReader, userSettings } from "./daemon-key.ts";

export interface NewKey {
  /** The command that makes it. */
  readonly command: string;
  readonly file: string;
  /** The configuration that names the daemon's user; undefined: the default file. */
  readonly config: string | undefined;
  /** The message when it is there. */
  readonly made: string;
  generate(): Promise<string>;
}

/** @returns the exit code, after a message */
export async function writeKeyFile(
  { command, file, config, made, generate }: NewKey,
  io: Pick<Io, "cwd" | "stderr">,
): Promise<number> {
  const path = resolve(io.cwd, file);
  const reader = keyReader(await userSettings(config, io.cwd));
  const isRoot = process.getuid?.() === 0;
  try {
    // Exclusively: two runs, or a link that somebody put there, must not make one key replace another.
    const handle = await open(path, "wx", 0o600);
    try {
      if (reader !== undefined && isRoot) await letRead(handle, reader);
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
  io.stderr(`${made}\n${reader === undefined ? "" : tellReader(file, path, reader, isRoot)}`);
  return exitCode.ok;
}
