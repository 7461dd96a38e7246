// The processes that serve mail, each with its place: all started at once, one that ends unasked started anew in its
// place, sooner the first time and later each time after. The supervisor decides what they are sent.
import { errorText } from "../mail/error-text.ts";
import type { Family } from "../metrics/exposition.ts";
import type { Order, ProcessAnswer } from "./messages.ts";
import type { ServingNeeds, ServingProcess } from "./serving-process.ts";

export interface RowNeeds {
  readonly count: number;
  startProcess(needs: ServingNeeds): ServingProcess;
  /** The first order, with the configuration in force by then. */
  startOrder(number: number): Order;
  tell(severity: "err" | "notice", text: string): void;
  onCounts(number: number, families: readonly Family[]): void;
  onLines(lines: readonly string[]): void;
  /** It ended unasked. */
  onEnded(number: number): void;
  /** A monotonic clock, in milliseconds; that of performance.now(). */
  now?(): number;
}

/** One place in the row, and the process that fills it just now. */
export interface ProcessState {
  /** From 1. */
  readonly number: number;
  /** Undefined while nobody fills it. */
  readonly pid: number | undefined;
  readonly isRunning: boolean;
  /** Since when it is as it is, milliseconds since the epoch. */
  readonly sinceMs: number;
  readonly restarts: number;
}

export interface ProcessRow {
  states(): readonly ProcessState[];
  /** Resolves once all of them are ready; rejects with the first reason why not, all of them gone again. */
  start(): Promise<void>;
  /** Asks all that run; those that give no answer are left out. */
  ask(order: Order, patienceMs: number): Promise<readonly (readonly [number: number, answer: ProcessAnswer])[]>;
  /** Asks the first that runs; rejects where none does, or it does not answer. */
  askOne(order: Order, patienceMs: number): Promise<ProcessAnswer>;
  /** Sends it to all that run; rejects with the first refusal, once all have answered. */
  tell(order: Order, patienceMs: number): Promise<void>;
  /** As `tell`, but one that does not do it is ended, and started anew; not so once all are drained. */
  force(order: Order, patienceMs: number): Promise<void>;
  /** Does something while none of them is being started. */
  hold<Result>(action: () => Promise<Result>): Promise<Result>;
  /** Drains all; what is left after the deadline is ended. */
  stop(drainMs: number): Promise<void>;
}

/** Workers have half a minute to prove themselves. */
const startMs = 60_000;
/** How long a drained process may take to close its log and connections. */
const lastWordsMs = 10_000;
const firstDelayMs = 200;
const longestDelayMs = 30_000;
/** How often each is asked whether it is alive, and how long it has for the answer. */
const aliveMs = 10_000;
/** A process that leaves this many questions in a row unanswered hangs. A single one may be a machine that slept. */
const unansweredMost = 3;
/** A process that ran for this long before it ended does not fail in a loop. */
const steadyMs = 60_000;

/** How long to wait before a process is started again, after it failed so many times in a row. */
export function restartDelay(failures: number): number {
  return Math.min(longestDelayMs, firstDelayMs * 2 ** failures);
}

interface Place {
  readonly number: number;
  process: ServingProcess | undefined;
  isRunning: boolean;
  sinceMs: number;
  /** When it was ready, on the monotonic clock: the other may be set while it runs. */
  readyAt: number;
  restarts: number;
  failures: number;
  timer: NodeJS.Timeout | undefined;
  starting: Promise<void> | undefined;
}

export function createRow(needs: RowNeeds): ProcessRow {
  const now = needs.now ?? (() => performance.now());
  const places = Array.from({ length: needs.count }, (_, index): Place => {
    const idle = { process: undefined, isRunning: false, timer: undefined, starting: undefined };
    return { number: index + 1, ...idle, sinceMs: Date.now(), readyAt: 0, restarts: 0, failures: 0 };
  });
  let stopping = false;
  let held: Promise<void> = Promise.resolve();

  async function begin(place: Place): Promise<void> {
    const { number } = place;
    const process = needs.startProcess({
      onCounts: (families) => {
        if (place.process === process) needs.onCounts(number, families);
      },
      onLines: needs.onLines,
    });
    place.process = process;
    place.sinceMs = Date.now();
    try {
      await process.ask(needs.startOrder(number), startMs);
    } catch (error) {
      process.kill();
      await process.ended;
      place.process = undefined;
      throw error;
    }
    place.isRunning = true;
    place.sinceMs = Date.now();
    place.readyAt = now();
    void process.ended.then((how) => gone(place, process, how));
    watch(place, process, 0);
  }

  /** The service manager watches the supervisor alone, so the supervisor watches for processes that hang. */
  function watch(place: Place, process: ServingProcess, unanswered: number): void {
    setTimeout(async () => {
      if (place.process !== process || stopping) return;
      const answered = await process.ask({ kind: "alive" }, aliveMs).then(
        () => true,
        () => false,
      );
      // One that drains ends on its own, and has mail to finish.
      if (place.process !== process || stopping) return;
      const missed = answered ? 0 : unanswered + 1;
      if (missed < unansweredMost) return watch(place, process, missed);
      needs.tell("err", `process ${place.number} (pid ${process.pid}) hangs: ${missed} questions without an answer`);
      process.kill();
    }, aliveMs).unref();
  }

  async function fill(place: Place): Promise<void> {
    await held;
    if (stopping) return;
    place.starting = begin(place);
    try {
      await place.starting;
    } finally {
      place.starting = undefined;
    }
  }

  function gone(place: Place, { pid }: ServingProcess, how: string): void {
    const ranMs = now() - place.readyAt;
    place.process = undefined;
    place.isRunning = false;
    place.sinceMs = Date.now();
    if (stopping) return;
    needs.onEnded(place.number);
    needs.tell("err", `process ${place.number} (pid ${pid}) ended: ${how}; its mail under way comes again`);
    if (ranMs > steadyMs) place.failures = 0;
    startAgain(place);
  }

  function startAgain(place: Place): void {
    if (stopping) return;
    const delayMs = restartDelay(place.failures);
    place.failures += 1;
    place.timer = setTimeout(async () => {
      try {
        await fill(place);
        if (place.process === undefined) return;
        place.restarts += 1;
        needs.tell("notice", `process ${place.number} (pid ${place.process.pid}) took its place`);
      } catch (error) {
        needs.tell("err", `process ${place.number} cannot be started: ${errorText(error)}`);
        startAgain(place);
      }
    }, delayMs);
  }

  function running(): readonly (readonly [Place, ServingProcess])[] {
    return places.flatMap((place) =>
      place.isRunning && place.process !== undefined ? [[place, place.process] as const] : [],
    );
  }

  async function endPlace(place: Place, drainMs: number): Promise<void> {
    clearTimeout(place.timer);
    const { process, isRunning } = place;
    if (process === undefined) return;
    const patience = setTimeout(() => process.kill(), drainMs + lastWordsMs);
    try {
      if (isRunning) await process.ask({ kind: "stop" }, drainMs + lastWordsMs);
      else process.kill();
    } catch {
      // Gone before it could answer, or about to be.
    }
    await process.ended;
    clearTimeout(patience);
  }

  async function settle(
    act: (process: ServingProcess) => Promise<unknown>,
    failed: (process: ServingProcess, error: unknown) => void,
  ) {
    await Promise.all(
      running().map(async ([, process]) => {
        try {
          await act(process);
        } catch (error) {
          failed(process, error);
        }
      }),
    );
  }

  return {
    states: () =>
      places.map(({ number, process, isRunning, sinceMs, restarts }) => ({
        number,
        pid: process?.pid,
        isRunning,
        sinceMs,
        restarts,
      })),
    async start() {
      try {
        await Promise.all(places.map(fill));
      } catch (error) {
        stopping = true;
        await Promise.all(places.map((place) => endPlace(place, 0)));
        throw error;
      }
    },
    async ask(order, patienceMs) {
      const answers = await Promise.allSettled(
        running().map(async ([{ number }, process]) => [number, await process.ask(order, patienceMs)] as const),
      );
      return answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : []));
    },
    async askOne(order, patienceMs) {
      const [first] = running();
      if (first === undefined) throw new Error("no process is running");
      return first[1].ask(order, patienceMs);
    },
    async tell(order, patienceMs) {
      const refusals: unknown[] = [];
      await settle(
        (process) => process.ask(order, patienceMs),
        (_process, error) => refusals.push(error),
      );
      if (refusals.length > 0) throw refusals[0];
    },
    force: (order, patienceMs) =>
      settle(
        (process) => process.ask(order, patienceMs),
        (process) => {
          // One that drains ends on its own, and has mail to finish.
          if (!stopping) process.kill();
        },
      ),
    async hold(action) {
      const release = Promise.withResolvers<void>();
      held = release.promise;
      try {
        await Promise.allSettled(places.map(({ starting }) => starting));
        return await action();
      } finally {
        release.resolve();
      }
    },
    async stop(drainMs) {
      stopping = true;
      await Promise.all(places.map((place) => endPlace(place, drainMs)));
    },
  };
}
