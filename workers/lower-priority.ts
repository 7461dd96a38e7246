// Lets the main thread go first: a thread that takes a bomb apart works for seconds, and on a machine whose cores are all busy the
// main thread would wait behind it as behind any other.
import { readlinkSync } from "node:fs";
import { getPriority, setPriority } from "node:os";
import { basename } from "node:path";

/** More than the process has, as nice(1) has it: 19 is the last. */
const increment = 5;
const last = 19;

/** For the calling thread alone, where the system has priorities of threads (Linux). */
export function lowerPriority(): void {
  try {
    setPriority(Number(basename(readlinkSync("/proc/thread-self"))), Math.min(last, getPriority() + increment));
  } catch {
    // Elsewhere it works as all others do.
  }
}
