// How many connections the process's file descriptors are good for: each that comes in needs one of its own, one
// towards the next hop, and one for what does not fit into memory.
import { readFileSync } from "node:fs";

/** Kept for everything else: log, workers, listeners, resolver. */
const reserve = 64;
const perConnection = 3;

/** The most connections that so many open files allow; accepted ones must never starve outgoing ones. */
export function connectionsFor(openFiles: number): number {
  return Math.max(1, Math.floor((openFiles - reserve) / perConnection));
}

/** RLIMIT_NOFILE of this process, its soft limit; infinite where it is not told. */
export function openFileLimit(read = () => readFileSync("/proc/self/limits", "utf8")): number {
  try {
    const soft = /^Max open files\s+(\d+|unlimited)/m.exec(read())?.[1];
    return soft === undefined || soft === "unlimited" ? Number.POSITIVE_INFINITY : Number(soft);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
