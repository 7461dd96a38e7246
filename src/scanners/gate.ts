// How many mails are with one scanner at a time, and whether it is asked at all: one that hangs holds its own connections and
// no mail beside them. A scanner that was silent too often is tried with a ping in the background; while that fails, mails
// go on without it at once. One that is not there, or talks nonsense, costs no time: each mail tries it, and it is reported down.
import type { ScannerTrouble, ScannerTroubleKind } from "./trouble.ts";

export interface GateOptions {
  /** Mails that may be with the scanner at once. */
  readonly connections: number;
  /** Asks the scanner whether it is there; false, within seconds, when it is not. Never rejects. */
  probe(): Promise<boolean>;
  /** A monotonic clock, in milliseconds. */
  now(): number;
  /** Called when it goes down and when it is back. */
  changed?(state: "up" | "down", why: string): void;
  /** How long a scanner that is down is left alone before it gets the next ping. */
  readonly pauseMs?: number;
}

export interface Gate {
  /** Does the work once there is room for it; otherwise says why not. `work` never rejects. */
  run<T extends object>(deadlineMs: number, work: () => Promise<T | ScannerTrouble>): Promise<T | ScannerTrouble>;
  counts(): GateCounts;
  /** Nothing is reported and no ping is sent any more; mails under way are finished. */
  retire(): void;
  /** Mails that wait go on without the scanner. */
  close(): void;
}

export interface GateCounts {
  readonly inUse: number;
  readonly waiting: number;
  /** It is not asked, or asked in vain. */
  readonly isDown: boolean;
}

/** So many mails in a row without an answer in time, and the scanner is tried with a ping. */
const maxTimeouts = 3;
/** So many mails in a row that a scanner failed at once, and it is reported down. */
const maxFailures = 3;
/** What says something of the scanner and not of the mail. */
const ofScanner: ReadonlySet<ScannerTroubleKind> = new Set<ScannerTroubleKind>([
  "connect",
  "closed",
  "garbage",
  "refused",
]);
/** reliability: every 5 s. */
const defaultPauseMs = 5000;
/** A mail's octets lie in memory or spool all the while; how many mails there are at once is bounded elsewhere as well. */
const maxWaiting = 1000;

type Turn = "taken" | ScannerTrouble;

export function createGate(options: GateOptions): Gate {
  const { connections, probe, now, changed, pauseMs = defaultPauseMs } = options;
  /** Who waits, in order. */
  const queue = new Set<(turn: Turn) => void>();
  let inUse = 0;
  let timeouts = 0;
  let failed = 0;
  let down: ScannerTrouble | undefined;
  let isReported = false;
  let isProbing = false;
  let retry: NodeJS.Timeout | undefined;
  let watch: NodeJS.Timeout | undefined;
  let isRetired = false;
  let isClosed = false;

  function report(state: "up" | "down", why: string): void {
    if (isRetired || isReported === (state === "down")) return;
    isReported = state === "down";
    changed?.(state, why);
  }

  function wait(deadlineMs: number): Promise<Turn> {
    if (isClosed) return Promise.resolve(shuttingDown);
    if (down !== undefined) return Promise.resolve(down);
    if (inUse < connections && queue.size === 0) {
      inUse += 1;
      return Promise.resolve("taken");
    }
    if (queue.size >= maxWaiting) return Promise.resolve(busy(`${maxWaiting} mails wait for it`));
    const { promise, resolve } = Promise.withResolvers<Turn>();
    const settle = (turn: Turn): void => {
      clearTimeout(timer);
      queue.delete(settle);
      resolve(turn);
    };
    const timer = setTimeout(
      () => settle(busy(`all ${connections} connections stayed in use`)),
      Math.max(0, deadlineMs - now()),
    );
    queue.add(settle);
    return promise;
  }

  function give(): void {
    inUse -= 1;
    const [next] = queue;
    if (next === undefined || inUse >= connections) return;
    inUse += 1;
    next("taken");
  }

  function turnAway(why: ScannerTrouble): void {
    for (const settle of [...queue]) settle(why);
  }

  function judge(outcome: object | ScannerTrouble): void {
    if (isTimeout(outcome)) {
      timeouts += 1;
      if (timeouts >= maxTimeouts && down === undefined) void look(outcome.detail);
      return;
    }
    timeouts = 0;
    if (!isTrouble(outcome) || outcome.trouble === "too-large") {
      failed = 0;
      report("up", "it answers again");
    } else if (ofScanner.has(outcome.trouble)) {
      failed += 1;
      if (failed < maxFailures || isReported) return;
      report("down", outcome.detail);
      // Of one that is there a ping says nothing new.
      if (outcome.trouble === "connect") awaitReturn();
    }
  }

  /** Waits for a scanner to be there again: it may be long until the next mail. */
  function awaitReturn(): void {
    watch = setTimeout(async () => {
      if (!isReported || down !== undefined) return;
      const isUp = await probe();
      if (isRetired || !isReported || down !== undefined) return;
      if (!isUp) return awaitReturn();
      failed = 0;
      report("up", "it answers a ping");
    }, pauseMs);
    watch.unref();
  }

  async function look(why: string): Promise<void> {
    if (isProbing || isClosed) return;
    isProbing = true;
    const isUp = await probe();
    isProbing = false;
    if (isClosed) return;
    if (isUp) {
      timeouts = 0;
      if (down !== undefined) report("up", "it answers a ping");
      down = undefined;
      return;
    }
    report("down", why);
    down = { trouble: "down", detail: `not asked, it was silent a moment ago (${why})` };
    turnAway(down);
    if (isRetired) return;
    retry = setTimeout(() => void look(why), pauseMs);
    retry.unref();
  }

  function retire(): void {
    isRetired = true;
    clearTimeout(retry);
    clearTimeout(watch);
  }

  return {
    async run(deadlineMs, work) {
      const turn = await wait(deadlineMs);
      if (turn !== "taken") return turn;
      try {
        const outcome = await work();
        judge(outcome);
        return outcome;
      } finally {
        give();
      }
    },
    counts: () => ({ inUse, waiting: queue.size, isDown: down !== undefined || isReported }),
    retire,
    close() {
      isClosed = true;
      retire();
      turnAway(shuttingDown);
    },
  };
}

const shuttingDown: ScannerTrouble = { trouble: "shutting-down", detail: "the filter is ending" };

function busy(detail: string): ScannerTrouble {
  return { trouble: "busy", detail };
}

function isTrouble(outcome: object | ScannerTrouble): outcome is ScannerTrouble {
  return "trouble" in outcome;
}

function isTimeout(outcome: object | ScannerTrouble): outcome is ScannerTrouble {
  return isTrouble(outcome) && outcome.trouble === "timeout";
}
