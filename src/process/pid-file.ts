// The file with the process id of the daemon.

import { readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { errorText } from "../mail/error-text.ts";
import { type Claim, claimPath } from "./claim.ts";

export interface PidFile {
  readonly path: string;
  /** Removes it, unless it is another process's by now. */
  remove(): void;
}

/**
 * Writes it, whatever a process that was killed left there; `withRights` runs what touches the file. Rejects when it cannot
 * be written, or when a daemon that lives has it.
 */
export async function openPidFile(path: string, withRights: (write: () => void) => void): Promise<PidFile> {
  let claim: Claim | undefined;
  try {
    claim = await claimPath(path);
    if (claim === undefined) throw new Error(`${path} is another daemon's${pidIn(path)}; each needs one of its own`);
    withRights(() => write(path, process.pid));
  } catch (cause) {
    claim?.release();
    throw new Error(`pid_file: ${errorText(cause)}`, { cause });
  }
  return {
    path,
    remove() {
      try {
        if (readFileSync(path, "utf8").trim() === String(process.pid)) unlinkSync(path);
      } catch {
        // Gone, or in a folder that only root may change: the next start writes it anew.
      }
      claim.release();
    },
  };
}

/** Whole or not at all, and never through a link that somebody put there. */
function write(path: string, pid: number): void {
  const fresh = `${path}.${pid}`;
  rmSync(fresh, { force: true });
  try {
    writeFileSync(fresh, `${pid}\n`, { flag: "wx", mode: 0o644 });
    renameSync(fresh, path);
  } catch (error) {
    rmSync(fresh, { force: true });
    throw error;
  }
}

/** ", process 1234": the other may not have written it yet. */
function pidIn(path: string): string {
  try {
    const [pid] = /^\d{1,10}(?=\n?$)/.exec(readFileSync(path, "latin1")) ?? [];
    return pid === undefined ? "" : `, process ${pid}`;
  } catch {
    return "";
  }
}
