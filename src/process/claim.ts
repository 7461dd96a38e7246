// Says that the file at a path is one process's own for as long as it lives: its pid file, its control socket. What the file
// itself says cannot be relied on for that: two that start at once both find it missing or stale, and the pid in a stale one
// may be another program's by now.
import { createHash } from "node:crypto";
import { realpathSync } from "node:fs";
import { createServer } from "node:net";
import { basename, dirname, join, resolve } from "node:path";

export interface Claim {
  /** Gives the claim up, so that another process can have it. */
  release(): void;
}

const nothingClaimed: Claim = { release: () => undefined };

/**
 * Claims `path`; undefined when another process on this machine has. The kernel decides, and ends the claim with the
 * process: it is the name of a socket without a file (unix(7), abstract sockets). Elsewhere than on Linux there is none
 * and everybody gets it. Throws what else the system has to say.
 */
export async function claimPath(path: string): Promise<Claim | undefined> {
  if (process.platform !== "linux") return nothingClaimed;
  const server = createServer((socket) => socket.destroy());
  const opened = new Promise<boolean>((done, failed) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") done(false);
      else failed(error);
    });
    server.listen({ path: claimName(path), exclusive: true }, () => done(true));
  });
  if (!(await opened)) return undefined;
  server.on("error", () => undefined);
  // The claim alone does not keep the process running.
  server.unref();
  return { release: () => server.close() };
}

/** One name for one file, however its folder is written; a name of a socket has 108 octets at most. */
function claimName(path: string): string {
  const whole = resolve(path);
  const digest = createHash("sha256")
    .update(join(realFolder(dirname(whole)), basename(whole)))
    .digest("hex");
  return `\0signpost-${digest}`;
}

function realFolder(folder: string): string {
  try {
    return realpathSync(folder);
  } catch {
    // The folder cannot be looked at: opening the file throws the error then.
    return folder;
  }
}
