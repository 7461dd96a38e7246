// Times in an SQLite file of this machine, which a worker reads and writes, so that the main thread waits for no disk.
import { Worker } from "node:worker_threads";
import type { SentAnswer, SentQuestion } from "../mail/sent-question.ts";
import type { SentStore } from "./sent-mail.ts";

export interface LocalStoreOptions {
  readonly file: string;
  readonly keepMs: number;
  /** URL of workers/sent-mail. */
  readonly worker: string;
  /** How long mail waits for an answer. */
  readonly patienceMs?: number;
  /** The file cannot be had or written. Called once until it is well again. */
  onTrouble(error: Error): void;
}

export interface LocalStore extends SentStore {
  close(): Promise<void>;
}

/** Questions that wait for the disk; what is more is not remembered. */
const maxWaiting = 10_000;

export function openLocalStore({ file, keepMs, worker, onTrouble, patienceMs = 500 }: LocalStoreOptions): LocalStore {
  const asked = new Map<number, (answer: SentAnswer | undefined) => void>();
  let sequence = 0;
  let isTold = false;
  let thread: Worker | undefined = new Worker(new URL(worker), {
    workerData: { file },
    // node:sqlite announces itself as experimental in the oldest Node we run on.
    execArgv: ["--disable-warning=ExperimentalWarning"],
  });
  thread.unref();
  thread.on("message", (answer: SentAnswer) => {
    if (answer.trouble === undefined) isTold = false;
    else tell(new Error(answer.trouble));
    settle(answer.id, answer.trouble === undefined ? answer : undefined);
  });
  thread.on("error", (error: Error) => gone(error));
  thread.on("exit", () => gone(new Error("the worker of sent mail ended")));

  function tell(error: Error): void {
    if (isTold) return;
    isTold = true;
    onTrouble(error);
  }

  function gone(error: Error): void {
    if (thread === undefined) return;
    thread = undefined;
    for (const id of [...asked.keys()]) settle(id, undefined);
    tell(error);
  }

  function settle(id: number, answer: SentAnswer | undefined): void {
    asked.get(id)?.(answer);
    asked.delete(id);
  }

  function ask(question: SentQuestion, waitMs: number): Promise<SentAnswer | undefined> {
    const to = thread;
    if (to === undefined || asked.size >= maxWaiting) return Promise.resolve(undefined);
    sequence += 1;
    const id = sequence;
    to.postMessage({ id, ...question });
    return new Promise((resolve) => {
      const timer = setTimeout(() => settle(id, undefined), waitMs);
      asked.set(id, (answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
    });
  }

  return {
    note: (keys, at) => void ask({ kind: "note", keys, at, forgetBefore: at - keepMs }, 60_000),
    async when(keys) {
      const times = (await ask({ kind: "when", keys }, patienceMs))?.times ?? [];
      return keys.map((_, index) => times[index] ?? undefined);
    },
    async close() {
      await ask({ kind: "close" }, 5000);
      const ending = thread;
      thread = undefined;
      await ending?.terminate();
    },
  };
}
