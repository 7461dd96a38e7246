// Loaded into a daemon before anything else (node --import): while the file QUARANTINE_ARMED names is there, the n-th call of the file
// system for a copy (QUARANTINE_FAULT=n) is the process's last, or all from the first on fail as on a full disk (QUARANTINE_FAULT=full).
import { existsSync } from "node:fs";
import promises from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";

const { QUARANTINE_FAULT: fault = "", QUARANTINE_ARMED: armed = "" } = process.env;
let calls = 0;

function isOfACopy(path: unknown): boolean {
  return typeof path === "string" && path.includes("/quarantine") && !path.includes(".sqlite") && existsSync(armed);
}

/** Before each call; never returns where it is the one. */
function step(name: string): void {
  calls += 1;
  process.stderr.write(`fault: ${calls} ${name}\n`);
  if (fault === "full") throw Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" });
  if (calls === Number(fault)) process.kill(process.pid, "SIGKILL");
}

const { open, link, unlink } = promises;
const patched = {
  async open(...args: Parameters<typeof open>) {
    const counts = isOfACopy(args[0]);
    if (counts) step("open");
    const file = await open(...args);
    if (!counts) return file;
    const [write, sync] = [file.write.bind(file), file.sync.bind(file)];
    return Object.assign(file, {
      write: (...octets: Parameters<typeof write>) => {
        step("write");
        return write(...octets);
      },
      sync: () => {
        step("sync");
        return sync();
      },
    });
  },
  link(...args: Parameters<typeof link>) {
    if (isOfACopy(args[0])) step("link");
    return link(...args);
  },
  unlink(...args: Parameters<typeof unlink>) {
    if (isOfACopy(args[0]) && fault !== "full") step("unlink");
    return unlink(...args);
  },
};
Object.assign(promises, patched);
syncBuiltinESMExports();
