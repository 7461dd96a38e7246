// SPF and ARC on worker threads of their own: these jobs wait for the DNS, and mailauth is heavy to load, so they stay
// off the threads that do DKIM. A worker asks the DNS back here, over a port that it hands out when it starts.
import { MessagePort } from "node:worker_threads";
import { Piscina } from "piscina";
import type {
  ArcJob,
  ArcReport,
  Authenticator,
  AuthenticatorJob,
  SealJob,
  SealReport,
  SpfJob,
  SpfReport,
} from "../authres/authenticator.ts";
import { errorText } from "../mail/error-text.ts";
import { endThreads } from "../process/end-threads.ts";
import type { Resolve } from "../rr/answer.ts";
import { serveResolve } from "../rr/resolve-port.ts";

export interface WorkerAuthenticatorOptions {
  /** URL of workers/authenticate. */
  readonly worker: string;
  readonly threads: number;
  /** Answers the questions of jobs that come without a `Resolve` of their own. */
  readonly resolve: Resolve;
  /** A job that has been out this long is given up, and its worker ended; above SPF's own 20 s. */
  readonly deadlineMs: number;
  /** Jobs under way and waiting; one more is not taken. */
  readonly maxJobs: number;
}

export const defaultAuthenticatorOptions = { threads: 1, deadlineMs: 30_000, maxJobs: 2000 } as const;

export interface WorkerAuthenticator extends Authenticator {
  /** Settles once a worker has loaded and done a first job; rejects when it cannot. */
  ready(): Promise<void>;
  stats(): { readonly jobs: number; readonly threadsAlive: number; readonly restarts: number };
  close(): Promise<void>;
}

/** Jobs on one worker at once: nearly all of them only wait. */
const jobsPerThread = 256;

type Work =
  | ({ readonly kind: "spf" } & SpfJob)
  | ({ readonly kind: "arc" } & ArcJob)
  | ({ readonly kind: "seal" } & SealJob);

interface Workers {
  readonly pool: Piscina;
  /** When each job under way was handed over, oldest first. */
  readonly startedAt: Map<symbol, number>;
}

export function createWorkerAuthenticator(options: WorkerAuthenticatorOptions): WorkerAuthenticator {
  const { worker, threads, resolve, deadlineMs, maxJobs } = options;
  let workers = start();
  let replaced: Promise<void> = Promise.resolve();
  let jobs = 0;
  let lastId = 0;
  let restarts = 0;
  let closed = false;
  /** Who answers the questions of each job. */
  const resolves = new Map<number, Resolve>();
  const sweep = setInterval(endOverdue, Math.min(1000, deadlineMs));
  sweep.unref();

  function start(): Workers {
    const pool = new Piscina({
      filename: worker,
      minThreads: threads,
      maxThreads: threads,
      concurrentTasksPerWorker: jobsPerThread,
      maxQueue: 65_536,
      atomics: "async",
      recordTiming: false,
    });
    pool.on("message", (message: unknown) => {
      const port = resolvePortOf(message);
      if (port === undefined) return;
      serveResolve(port, (job) => resolves.get(job) ?? resolve);
      // The port alone is no reason for the process to stay.
      port.unref();
    });
    // A worker's death rejects its jobs: that is where it is dealt with.
    pool.on("error", () => undefined);
    return { pool, startedAt: new Map() };
  }

  function endOverdue(): void {
    const [oldest] = workers.startedAt.values();
    if (oldest === undefined || performance.now() - oldest < deadlineMs) return;
    const stuck = workers;
    // Its jobs are rejected at once; those that come until there are others wait for these.
    stuck.startedAt.clear();
    restarts += 1;
    replaced = endThreads(stuck.pool).then(() => {
      if (!closed) workers = start();
    });
  }

  async function runOnce<Report>(job: AuthenticatorJob): Promise<Report> {
    await replaced;
    const { pool, startedAt } = workers;
    const id = Symbol();
    startedAt.set(id, performance.now());
    try {
      return await pool.run(job);
    } finally {
      startedAt.delete(id);
    }
  }

  // Jobs whose worker died are tried again one after the other: the one that killed it takes no other with it twice.
  let suspects: Promise<unknown> = Promise.resolve();

  async function retry<Report>(job: AuthenticatorJob, lost: Report): Promise<Report> {
    const result = suspects.then(() => (closed ? lost : runOnce<Report>(job)));
    suspects = result.catch(() => undefined);
    return result;
  }

  /** Every job has one retry; what is lost twice, or cannot be taken, is what the caller says. */
  async function run<Report>(given: Work, lost: Report, jobResolve?: Resolve): Promise<Report> {
    if (closed || jobs >= maxJobs) return lost;
    jobs += 1;
    lastId += 1;
    const job: AuthenticatorJob = { ...given, id: lastId };
    if (jobResolve !== undefined) resolves.set(job.id, jobResolve);
    try {
      return await runOnce<Report>(job).catch(() => retry(job, lost));
    } catch {
      return lost;
    } finally {
      jobs -= 1;
      resolves.delete(job.id);
    }
  }

  return {
    spf: (job, jobResolve) => {
      const identity = job.sender === "" ? "helo" : "mailfrom";
      const lost: SpfReport = { result: "temperror", reason: "internal-error", identity, domain: "" };
      return run({ kind: "spf", ...job }, lost, jobResolve);
    },
    arc: (job, jobResolve) => {
      const lost: ArcReport = { result: "temperror", reason: "internal-error", sets: [] };
      return run({ kind: "arc", ...job }, lost, jobResolve);
    },
    seal: (job) => {
      const lost: SealReport = { result: "refused", reason: "internal-error" };
      return run({ kind: "seal", ...job }, lost);
    },
    async ready() {
      // No name to ask for, so nothing is asked: this only shows that the worker loads and answers.
      try {
        await runOnce({ id: 0, kind: "spf", address: "127.0.0.1", helo: "", sender: "", receiver: "" });
      } catch (error) {
        throw new Error(`worker threads: ${errorText(error)}`, { cause: error });
      }
    },
    stats: () => ({ jobs, threadsAlive: workers.pool.threads.length, restarts }),
    async close() {
      closed = true;
      clearInterval(sweep);
      await replaced;
      await endThreads(workers.pool);
    },
  };
}

function resolvePortOf(message: unknown): MessagePort | undefined {
  if (typeof message !== "object" || message === null || !("resolvePort" in message)) return undefined;
  return message.resolvePort instanceof MessagePort ? message.resolvePort : undefined;
}
