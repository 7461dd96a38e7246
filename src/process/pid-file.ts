// The file that tells which process the daemon is. It is no lock: who may run is decided by the ports.

import { readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { errorText } from "../mail/error-text.ts";

export interface PidFile {
  readonly path: string;
  /** Removes it, unless it is another process's by now. */
  remove(): void;
}

/** Writes it, whatever a process that was killed left there. Throws when it cannot be written. */
export function writePidFile(path: string, pid: number = process.pid): PidFile {
  // Whole or not at all, and never through a link that somebody put there.
  const fresh = `${path}.${pid}`;
  rmSync(fresh, { force: true });
  try {
    writeFileSync(fresh, `${pid}\n`, { flag: "wx", mode: 0o644 });
    renameSync(fresh, path);
  } catch (cause) {
    rmSync(fresh, { force: true });
    throw new Error(`pid_file: ${errorText(cause)}`, { cause });
  }
  return {
    path,
    remove() {
      try {
        if (readFileSync(path, "utf8").trim() === String(pid)) unlinkSync(path);
      } catch {
        // Gone, or in a folder that only root may change: the next start writes it anew.
      }
    },
  };
}
