// How many connections the process's file descriptors are good for: each that comes in needs one of its own, one
// towards the next hop, and one for what does not fit into memory.
import { openSync, readdirSync, readFileSync, readSync } from "node:fs";

/** Kept for everything else: log, workers, listeners, resolver. */
const reserve = 64;
const perConnection = 3;
/** Where the limit is so low that the reserve is most of it: what a connection may need beside the descriptors in use at start. */
const perConnectionAtLeast = 4;

/** The most connections that so many open files allow; accepted ones must never starve outgoing ones. */
export function connectionsFor(openFiles: number, inUseAtStart = reserve): number {
  const most = Math.floor((openFiles - reserve) / perConnection);
  const scarce = Math.floor((openFiles - inUseAtStart) / perConnectionAtLeast);
  return Math.max(1, most, scarce);
}

/** RLIMIT_NOFILE of this process, its soft limit; infinite where the system does not say. */
export function openFileLimit(read = () => readFileSync("/proc/self/limits", "utf8")): number {
  try {
    const soft = /^Max open files\s+(\d+|unlimited)/m.exec(read())?.[1];
    return soft === undefined || soft === "unlimited" ? Number.POSITIVE_INFINITY : Number(soft);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

/** Descriptors that are open; `reserve` where the system does not say. */
function openFilesNow(): number {
  try {
    return readdirSync("/proc/self/fd").length;
  } catch {
    return reserve;
  }
}

/** How many connections are good for now: the limit may be lowered while we run, and others may use descriptors up. */
export interface DescriptorWatch {
  /** The most connections just now; `count` is how many there are. */
  most(count: number): number;
  /** Something could not be opened for want of a descriptor: fewer connections for a while. */
  short(): void;
}

/** What the watch asks of the system; a test hands in its own. */
export interface DescriptorSystem {
  /** Monotonic, milliseconds. */
  now(): number;
  limit(): number;
  inUse(): number;
}

function realSystem(): DescriptorSystem {
  return { now: () => performance.now(), limit: limitReader(), inUse: openFilesNow };
}

/** Keeps the file open: out of descriptors it could not be opened any more. */
function limitReader(): () => number {
  const text = Buffer.alloc(4096);
  let file: number | undefined;
  try {
    file = openSync("/proc/self/limits", "r");
  } catch {
    return () => Number.POSITIVE_INFINITY;
  }
  const limits = file;
  return () => openFileLimit(() => text.toString("latin1", 0, readSync(limits, text, 0, text.length, 0)));
}

const lookEveryMs = 1000;
/** Where a connection would have to go, the limit may have been raised since. */
const lookAgainMs = 50;
const shortForMs = 10_000;

/** Starts from the descriptors in use now: to be made before the first connection. */
export function watchDescriptors(system: DescriptorSystem = realSystem()): DescriptorWatch {
  const inUseAtStart = Math.min(reserve, system.inUse());
  let lookedAt = system.now();
  let allowed = connectionsFor(system.limit(), inUseAtStart);
  let shortAt = Number.NEGATIVE_INFINITY;
  let shortMost = Number.POSITIVE_INFINITY;
  let shortSince = Number.NEGATIVE_INFINITY;

  function look(now: number): void {
    lookedAt = now;
    const before = allowed;
    allowed = connectionsFor(system.limit(), inUseAtStart);
    if (allowed <= before) return;
    // What was wanted in vain was wanted before.
    shortMost = Number.POSITIVE_INFINITY;
    shortAt = Number.NEGATIVE_INFINITY;
  }

  return {
    most(count) {
      const now = system.now();
      const isOver = count > Math.min(allowed, shortMost);
      if (now - lookedAt >= (isOver ? lookAgainMs : lookEveryMs)) look(now);
      if (now - shortSince >= shortForMs) shortMost = Number.POSITIVE_INFINITY;
      // Once a second, as those that are sent home need a moment to go.
      if (now - shortAt < lookEveryMs && now - shortSince >= lookEveryMs) {
        // By its limit there is room, and there was none: half of what there is makes some.
        if (count <= allowed) shortMost = Math.max(1, Math.floor(count / 2));
        shortSince = now;
      }
      return Math.min(allowed, shortMost);
    },
    short() {
      const now = system.now();
      if (now - lookedAt >= lookAgainMs) look(now);
      shortAt = now;
    },
  };
}
