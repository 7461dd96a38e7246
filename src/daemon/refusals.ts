// Logs refusals, with a limit of lines for each cause, and puts an entry into the history for each line.
import { type RefusalRecord, refusalLine, refusalRecord } from "../flow/outcome/refusal-record.ts";
import type { Log } from "../log/log.ts";
import type { Refusal, RefusalCause } from "../smtp/refusal.ts";

/** Lines of one cause within a minute: a client that is turned away by the thousand must not fill disks. */
export const linesPerMinute = 20;
const windowMs = 60_000;

interface Window {
  readonly startedAtMs: number;
  lines: number;
  left: number;
}

export interface Refusals {
  refused(refusal: Refusal): void;
  /** Writes how many were left out. */
  close(): void;
}

/**
 * `keep` gets what the log got. `now`: a monotonic clock, in milliseconds: were it the wall clock and set back by a day, refusals
 * would go unlisted for a day.
 */
export function createRefusals(
  log: Pick<Log, "write">,
  keep: (record: RefusalRecord) => void,
  now: () => number = () => performance.now(),
): Refusals {
  const windows = new Map<RefusalCause, Window>();
  let timer: NodeJS.Timeout | undefined;

  function sumUp(cause: RefusalCause, { left }: Window): void {
    windows.delete(cause);
    if (left > 0) log.write("notice", `Refused (${cause}): ${left} more within a minute, not listed`);
  }

  function sweep(): void {
    timer = undefined;
    for (const [cause, window] of windows) if (now() - window.startedAtMs >= windowMs) sumUp(cause, window);
    if (windows.size > 0) schedule();
  }

  function schedule(): void {
    timer ??= setTimeout(sweep, windowMs).unref();
  }

  return {
    refused(refusal) {
      const { cause } = refusal;
      const atMs = now();
      const known = windows.get(cause);
      if (known !== undefined && atMs - known.startedAtMs >= windowMs) sumUp(cause, known);
      const window = windows.get(cause) ?? { startedAtMs: atMs, lines: 0, left: 0 };
      windows.set(cause, window);
      schedule();
      if (window.lines >= linesPerMinute) {
        window.left += 1;
        return;
      }
      window.lines += 1;
      const record = refusalRecord(refusal, Date.now());
      log.write(cause === "trouble" ? "err" : "notice", refusalLine(record), record);
      keep(record);
    },
    close() {
      clearTimeout(timer);
      for (const [cause, window] of [...windows]) sumUp(cause, window);
    },
  };
}
