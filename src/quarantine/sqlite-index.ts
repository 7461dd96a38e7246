// The index of the quarantine in an SQLite file, which a worker reads and writes, so that the main thread waits for no
// disk.
import { Worker } from "node:worker_threads";
import type { IndexAnswer, IndexPlace, IndexQuestion } from "../mail/quarantine-question.ts";
import type { QuarantineRow } from "../mail/quarantine-row.ts";
import { settledWithin } from "../process/settled-within.ts";
import type { QuarantineIndex } from "./quarantine-index.ts";

export interface SqliteIndexOptions {
  readonly place: IndexPlace;
  /** URL of workers/quarantine. */
  readonly worker: string;
  /** The index cannot be had or written: copies are kept without it. Called once until it is well again. */
  onTrouble(error: Error): void;
  /** How long to wait before an index that could not be opened is tried again. */
  readonly retryMs?: number;
  /** How long mail waits to hear whether there is a copy of it already. */
  readonly patienceMs?: number;
}

/** Rows that wait for the disk; what is more is found by the next scan. */
const maxWaiting = 10_000;

/** How long the rest may take to be written when the process ends. */
const lastWordsMs = 5000;

export function openSqliteIndex(options: SqliteIndexOptions): QuarantineIndex {
  const { place, worker, onTrouble, retryMs = 60_000, patienceMs = 2000 } = options;
  const asked = new Map<number, (answer: IndexAnswer | undefined) => void>();
  let sequence = 0;
  let adding = 0;
  let isTold = false;
  let isClosed = false;
  let retry: NodeJS.Timeout | undefined;
  let thread: Worker | undefined = start();

  function start(): Worker {
    const started = new Worker(new URL(worker), {
      workerData: place,
      // node:sqlite announces itself as experimental in the oldest Node we run on.
      execArgv: ["--disable-warning=ExperimentalWarning"],
    });
    started.unref();
    started.on("message", (answer: IndexAnswer) => {
      if (answer.trouble === undefined) isTold = false;
      else tell(new Error(answer.trouble));
      asked.get(answer.id)?.(answer.trouble === undefined ? answer : undefined);
      asked.delete(answer.id);
      if (asked.size === 0) started.unref();
    });
    started.on("error", gone);
    started.on("exit", () => {
      if (started === thread) gone(new Error("the worker of the quarantine's index ended"));
    });
    return started;
  }

  function tell(error: Error): void {
    if (isTold || isClosed) return;
    isTold = true;
    onTrouble(error);
  }

  function gone(error: Error): void {
    if (thread === undefined) return;
    thread = undefined;
    for (const resolve of asked.values()) resolve(undefined);
    asked.clear();
    if (isClosed) return;
    retry = setTimeout(() => {
      thread = start();
    }, retryMs);
    retry.unref();
    tell(error);
  }

  function ask(question: IndexQuestion): Promise<IndexAnswer | undefined> {
    const to = thread;
    if (to === undefined) return Promise.resolve(undefined);
    sequence += 1;
    const id = sequence;
    // A command ends when nothing keeps it: an answer that is waited for does.
    to.ref();
    to.postMessage({ id, ...question });
    return new Promise((resolve) => asked.set(id, resolve));
  }

  const rowsOf = async (question: IndexQuestion): Promise<readonly QuarantineRow[]> =>
    (await ask(question))?.rows ?? [];

  return {
    add(row) {
      if (adding >= maxWaiting) return;
      adding += 1;
      void ask({ kind: "add", rows: [row] }).finally(() => {
        adding -= 1;
      });
    },
    sameMail: (digest, since) => within(rowsOf({ kind: "same-mail", digest, since }), patienceMs),
    list: (filter, limit) => rowsOf({ kind: "list", filter, limit }),
    oldest: (limit) => rowsOf({ kind: "oldest", limit }),
    usage: async () => (await ask({ kind: "usage" }))?.usage,
    released: async (copy, at) => void (await ask({ kind: "released", copy, at })),
    deleted: async (copies, at) => void (await ask({ kind: "deleted", copies, at })),
    scan: async (unlessSince) => (await ask({ kind: "scan", unlessSince })) !== undefined,
    async close() {
      if (isClosed) return;
      await settledWithin(ask({ kind: "close" }), lastWordsMs);
      isClosed = true;
      clearTimeout(retry);
      await thread?.terminate();
    },
  };
}

/** An answer that takes longer is none. */
async function within(
  answer: Promise<readonly QuarantineRow[]>,
  patienceMs: number,
): Promise<readonly QuarantineRow[]> {
  const patience = Promise.withResolvers<readonly QuarantineRow[]>();
  const timer = setTimeout(() => patience.resolve([]), patienceMs);
  try {
    return await Promise.race([answer, patience.promise]);
  } finally {
    clearTimeout(timer);
  }
}
