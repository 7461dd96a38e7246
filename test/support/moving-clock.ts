// The wall clock of a whole process, workers too, that a test sets forward and back while it runs: preloaded by NODE_OPTIONS,
// Date adds what a file says. The monotonic clock goes on as it does when an administrator or NTP sets the other.
import { openSync, readSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const variable = "TEST_CLOCK_FILE";

/** The environment of a process whose clock `setClock` sets by the same file. */
export function movingClock(file: string): Readonly<Record<string, string>> {
  writeFileSync(file, "");
  setClock(file, 0);
  return { [variable]: file, NODE_OPTIONS: `--import=${fileURLToPath(import.meta.url)}` };
}

/** From now on the process's wall clock is so much before ours; behind it where negative. */
export function setClock(file: string, aheadMs: number): void {
  // As long in each case, so that nobody reads half of two.
  writeFileSync(file, String(aheadMs).padStart(20), { flag: "r+" });
}

const file = process.env[variable];
if (file !== undefined) {
  const RealDate = Date;
  const opened = openSync(file, "r");
  const octets = Buffer.alloc(20);
  const now = (): number => {
    readSync(opened, octets, 0, octets.length, 0);
    return RealDate.now() + Number(octets.toString("latin1"));
  };
  class MovedDate extends RealDate {
    static override now = now;
    constructor(...given: ConstructorParameters<typeof Date> | []) {
      // @ts-expect-error All forms of arguments are Date's own.
      super(...(given.length === 0 ? [now()] : given));
    }
  }
  globalThis.Date = MovedDate as DateConstructor;
}
