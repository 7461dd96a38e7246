// Past mails in an SQLite file. A worker owns the file: its writes wait for disks, and nothing of ours may wait with
// them. Lines that come faster than the disk takes them are given up and counted.
import { Worker } from "node:worker_threads";
import type { HistoryAnswer, HistoryQuestion, HistoryRow } from "../mail/history-row.ts";

export interface HistoryFile {
  add(row: HistoryRow): void;
  /** Records, newest first. */
  find(name: string, limit: number): Promise<readonly string[]>;
  /** Lines of mails, newest first. */
  recent(limit: number, match: string): Promise<readonly Pick<HistoryRow, "at" | "line">[]>;
  readonly dropped: number;
  /** Resolves once everything is written. */
  close(): Promise<void>;
}

export interface HistoryFileOptions {
  readonly file: string;
  readonly retentionSeconds: number;
  /** URL of workers/history. */
  readonly worker: string;
  /** The file cannot be had, or the worker ended: from now on nothing is kept. */
  onTrouble(error: Error): void;
  /** Mails could not be written, as on a full disk; told once until some can be again. */
  onLoss?(reason: string): void;
}

const flushMs = 1000;
const maxWaiting = 20_000;

export function openHistoryFile(options: HistoryFileOptions): HistoryFile {
  const { file, retentionSeconds, worker, onTrouble, onLoss } = options;
  const thread = new Worker(new URL(worker), {
    workerData: { file, retentionSeconds },
    // node:sqlite announces itself as experimental in the oldest Node we run on.
    execArgv: ["--disable-warning=ExperimentalWarning"],
  });
  thread.unref();
  let rows: HistoryRow[] = [];
  let underWay = 0;
  let dropped = 0;
  let broken = false;
  let losing = false;
  let sequence = 0;
  const asked = new Map<number, (answer: HistoryAnswer | undefined) => void>();

  const flushing = setInterval(flush, flushMs);
  flushing.unref();
  thread.on("message", (answer: HistoryAnswer) => {
    if (answer.written !== undefined) settled(answer.written, answer.trouble);
    asked.get(answer.id)?.(answer);
    asked.delete(answer.id);
  });
  thread.on("error", gone);
  thread.on("exit", () => gone(new Error("the history worker ended")));

  function settled(count: number, trouble: string | undefined): void {
    underWay -= count;
    if (trouble !== undefined) {
      dropped += count;
      if (!losing) onLoss?.(trouble);
    }
    losing = trouble !== undefined;
  }

  function gone(error: Error): void {
    if (broken) return;
    broken = true;
    clearInterval(flushing);
    rows = [];
    for (const resolve of asked.values()) resolve(undefined);
    asked.clear();
    onTrouble(error);
  }

  function flush(): void {
    if (rows.length === 0 || broken) return;
    underWay += rows.length;
    post({ kind: "add", rows });
    rows = [];
  }

  function post(question: HistoryQuestion): Promise<HistoryAnswer | undefined> {
    if (broken) return Promise.resolve(undefined);
    sequence += 1;
    const id = sequence;
    thread.postMessage({ id, ...question });
    return new Promise((resolve) => asked.set(id, resolve));
  }

  return {
    add(row) {
      if (broken || rows.length + underWay >= maxWaiting) dropped += 1;
      else rows.push(row);
    },
    async find(name, limit) {
      flush();
      return (await post({ kind: "find", name, limit }))?.records ?? [];
    },
    async recent(limit, match) {
      flush();
      return (await post({ kind: "recent", limit, match }))?.lines ?? [];
    },
    get dropped() {
      return dropped;
    },
    async close() {
      flush();
      clearInterval(flushing);
      await post({ kind: "close" });
      broken = true;
      await thread.terminate();
    },
  };
}
