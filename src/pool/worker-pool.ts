// A piscina pool that outlives its workers: jobs go out in micro-batches, a worker that dies or hangs costs its jobs
// one retry, alone, and never the process. What the jobs mean is left to the caller.
import { Piscina } from "piscina";
import { errorText } from "../mail/error-text.ts";
import { endThreads } from "../process/end-threads.ts";

export interface WorkerPoolOptions {
  /** URL of the worker module. */
  readonly worker: string;
  readonly threads: number;
  /** Jobs that may wait; one more is refused with `PoolSaturated`. */
  readonly maxQueue: number;
  /** A batch that has been out this long, in milliseconds, is given up and its worker ended. */
  readonly deadlineMs: number;
  readonly observer?: PoolObserver;
}

/** What the metrics want to know. Called on the hot path: implementations only count. */
export interface PoolObserver {
  /** A job came back: time in our queue and time out, milliseconds. */
  jobDone?(waitMs: number, runMs: number): void;
  workersRestarted?(reason: "died" | "deadline"): void;
}

/** The pool is full: the mail is to be tried again later (451). */
export class PoolSaturated extends Error {
  override name = "PoolSaturated";
}

/** The job was tried twice and did not come back: 451, and the next mail finds fresh workers. */
export class JobLost extends Error {
  override name: string = "JobLost";
}

/** Lost since nobody answered in time: a machine that is very busy does that to any job. */
export class JobOverdue extends JobLost {
  override name = "JobOverdue";
}

export interface WorkerPool<Job, Result> {
  /**
   * `here` does the job on the calling thread, one job a turn of the event loop, while the workers have enough; where it
   * returns undefined the job waits for a worker.
   */
  run(job: Job, here?: () => Result | undefined): Promise<Result>;
  /** Runs a task that is no batch (a stream), outside the micro-batches, with its own end. */
  runStream(task: unknown, transfer: readonly object[]): Promise<unknown>;
  /** Ends the present workers and starts fresh ones; jobs that are out are tried again. */
  replaceWorkers(reason: "died" | "deadline"): void;
  readonly saturated: boolean;
  /** Nothing is out at a worker, nothing waits for one; streams aside. */
  readonly idle: boolean;
  stats(): PoolStats;
  close(): Promise<void>;
}

export interface PoolStats {
  readonly threads: number;
  readonly threadsAlive: number;
  /** Batches out at a worker. */
  readonly busy: number;
  readonly queued: number;
  readonly restarts: number;
}

interface Pending<Job, Result> {
  readonly job: Job;
  readonly here: (() => Result | undefined) | undefined;
  readonly queuedAt: number;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: Error) => void;
}

interface Batch<Job, Result> {
  readonly jobs: readonly Pending<Job, Result>[];
  readonly sentAt: number;
  abandoned: boolean;
}

/** Jobs in one batch: enough to save the wake-ups, few enough to keep the first one's latency low. */
const maxBatch = 16;
/** Of jobs that the calling thread can do as well: what lies at a worker cannot be taken back when the other is done first. */
const maxBatchShared = 4;
/** Batches out per thread: the next one lies ready when a thread is done, the rest can still be batched. */
const batchesPerThread = 2;
/** Room for streams beside the batches; piscina counts both. */
const tasksPerWorker = 64;

export function createWorkerPool<Job, Result>(options: WorkerPoolOptions): WorkerPool<Job, Result> {
  const { worker, threads, maxQueue, deadlineMs, observer = {} } = options;
  const maxOut = threads * batchesPerThread;
  /** Undefined while the threads of a pool that is replaced come to their end: jobs wait. */
  let workers: Piscina | undefined = startWorkers();
  let replaced: Promise<void> = Promise.resolve();
  let queue: Pending<Job, Result>[] = [];
  const out = new Set<Batch<Job, Result>>();
  let flushPlanned = false;
  let restarts = 0;
  let closed = false;

  const sweep = setInterval(endOverdue, Math.min(250, deadlineMs));
  sweep.unref();

  function startWorkers(count = threads): Piscina {
    const pool = new Piscina({
      filename: worker,
      minThreads: count,
      maxThreads: count,
      concurrentTasksPerWorker: tasksPerWorker,
      maxQueue: 65_536, // ours is the queue that refuses
      atomics: "async",
      recordTiming: false,
      // Jobs leave little behind, and octets do not count: without a bound each thread would take up to 50 MB for it.
      resourceLimits: { maxYoungGenerationSizeMb: 12 },
    });
    // An error outside a task is followed by the worker's end, which rejects its tasks: that is where we act.
    pool.on("error", () => {});
    return pool;
  }

  function run(job: Job, here?: () => Result | undefined): Promise<Result> {
    if (closed) return Promise.reject(new PoolSaturated("the worker pool is closed"));
    if (queue.length >= maxQueue) return Promise.reject(new PoolSaturated(`more than ${maxQueue} jobs wait`));
    return new Promise((resolve, reject) => {
      queue.push({ job, here, queuedAt: performance.now(), resolve, reject });
      planFlush();
    });
  }

  function planFlush(): void {
    const full = workers === undefined || out.size >= maxOut;
    if (flushPlanned || (full && queue[0]?.here === undefined)) return;
    flushPlanned = true;
    setImmediate(flush);
  }

  function flush(): void {
    flushPlanned = false;
    while (workers !== undefined && queue.length > 0 && out.size < maxOut) {
      // Spread what waits over the free threads before making batches longer.
      const most = queue[0]?.here === undefined ? maxBatch : maxBatchShared;
      const share = Math.min(most, Math.ceil(queue.length / Math.max(1, Math.min(threads, maxOut - out.size))));
      const jobs = queue.length <= share ? queue : queue.slice(0, share);
      queue = queue.length <= share ? [] : queue.slice(share);
      send(workers, { jobs, sentAt: performance.now(), abandoned: false });
    }
    if (queue.length > 0) workHere();
  }

  // The workers have enough for now and more waits: one job, then the sockets, then the next.
  function workHere(): void {
    const [first] = queue;
    const result = first?.here?.();
    if (first === undefined || result === undefined) return;
    queue.shift();
    first.resolve(result);
    if (queue.length > 0) planFlush();
  }

  function send(to: Piscina, batch: Batch<Job, Result>): void {
    out.add(batch);
    const task = { kind: "batch", jobs: batch.jobs.map((pending) => pending.job) };
    to.run(task).then(
      (results: readonly Result[]) => {
        if (batch.abandoned) return;
        out.delete(batch);
        settle(batch, results);
        if (queue.length > 0) planFlush();
      },
      (error: unknown) => {
        if (batch.abandoned) return;
        out.delete(batch);
        restarts += 1;
        observer.workersRestarted?.("died");
        for (const pending of batch.jobs) tryAlone(pending, error);
        if (queue.length > 0) planFlush();
      },
    );
  }

  function settle(batch: Batch<Job, Result>, results: readonly Result[]): void {
    const now = performance.now();
    for (const [index, pending] of batch.jobs.entries()) {
      const result = results[index];
      if (result === undefined) pending.reject(new JobLost("a worker answered with too few results"));
      else pending.resolve(result);
      observer.jobDone?.(batch.sentAt - pending.queuedAt, now - batch.sentAt);
    }
  }

  // A job whose worker died or hung may be the reason: it gets its one retry on a worker of its own, one job after
  // the other, so that it cannot take others with it a second time.
  let suspects: Promise<unknown> = Promise.resolve();
  /** Has the one that is tried just now be given up. */
  let giveUpAlone: (why: JobLost) => void = () => undefined;
  function tryAlone(pending: Pending<Job, Result>, cause: unknown): void {
    suspects = suspects.then(async () => {
      await replaced;
      if (closed) return pending.reject(new JobLost("the worker pool is closed", { cause }));
      const alone = startWorkers(1);
      const givenUp = Promise.withResolvers<never>();
      giveUpAlone = givenUp.reject;
      const late = `no result of two workers within ${deadlineMs} ms each`;
      const deadline = setTimeout(() => givenUp.reject(new JobOverdue(late, { cause })), deadlineMs);
      try {
        const done: Promise<readonly Result[]> = alone.run({ kind: "batch", jobs: [pending.job] });
        const results = await Promise.race([done, givenUp.promise]);
        settle({ jobs: [pending], sentAt: performance.now(), abandoned: false }, results);
      } catch (error) {
        const lost = new JobLost(`a job failed on two workers: ${errorText(error)}`, { cause: error });
        pending.reject(error instanceof JobLost ? error : lost);
      } finally {
        clearTimeout(deadline);
        await endThreads(alone);
      }
    });
  }

  function endOverdue(): void {
    const oldest = out.values().next().value;
    if (oldest === undefined || performance.now() - oldest.sentAt < deadlineMs) return;
    replaceWorkers("deadline");
  }

  function replaceWorkers(reason: "died" | "deadline"): void {
    const old = workers;
    if (closed || old === undefined) return;
    restarts += 1;
    observer.workersRestarted?.(reason);
    const lost = [...out];
    out.clear();
    workers = undefined;
    replaced = endThreads(old).then(() => {
      if (closed) return;
      workers = startWorkers();
      if (queue.length > 0) planFlush();
    });
    const now = performance.now();
    for (const batch of lost) {
      batch.abandoned = true;
      // Those that were out for long may have hung it; the others only stood behind them and simply go again.
      if (now - batch.sentAt >= deadlineMs / 2) {
        for (const pending of batch.jobs) tryAlone(pending, new Error(`no result within ${deadlineMs} ms`));
      } else queue = [...batch.jobs, ...queue];
    }
  }

  return {
    run,
    async runStream(task, transfer) {
      if (workers === undefined) await replaced;
      if (workers === undefined) throw new JobLost("the worker pool is closed");
      // piscina's type of a transfer list names the browser's ports, not node's: the cast says so and no more.
      return workers.run(task, { transferList: [...transfer] as never });
    },
    replaceWorkers,
    get idle() {
      return out.size === 0 && queue.length === 0;
    },
    get saturated() {
      return closed || queue.length >= maxQueue;
    },
    stats: () => ({
      threads,
      threadsAlive: workers?.threads.length ?? 0,
      busy: out.size,
      queued: queue.length,
      restarts,
    }),
    async close() {
      closed = true;
      clearInterval(sweep);
      for (const pending of queue.splice(0)) pending.reject(new PoolSaturated("the worker pool is closed"));
      for (const batch of out) {
        batch.abandoned = true;
        for (const pending of batch.jobs) pending.reject(new JobLost("the worker pool was closed"));
      }
      out.clear();
      giveUpAlone(new JobLost("the worker pool was closed"));
      await suspects;
      await replaced;
      if (workers !== undefined) await endThreads(workers);
    },
  };
}
