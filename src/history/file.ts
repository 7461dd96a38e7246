// Past mails in an SQLite file. A worker owns the file: its writes wait for disks, and the main thread must not. Lines
// that come faster than the disk takes them are dropped and counted.
import { Worker } from "node:worker_threads";
import type { HistoryAnswer, HistoryQuestion, HistoryRow } from "../mail/history-row.ts";
import { settledWithin } from "../process/settled-within.ts";

export interface HistoryFile {
  add(row: HistoryRow): void;
  /** Records, newest first. */
  find(name: string, limit: number): Promise<readonly string[]>;
  /** Lines of mails, newest first. */
  recent(limit: number, match: string, sinceMs: number): Promise<readonly Pick<HistoryRow, "at" | "line">[]>;
  readonly dropped: number;
  /** Resolves once everything is written, or a disk that hangs was waited for long enough. */
  close(): Promise<void>;
}

export interface HistoryFileOptions {
  readonly file: string;
  readonly retentionSeconds: number;
  /** URL of workers/history. */
  readonly worker: string;
  /** Mails are not kept for now: the file cannot be had, or not be written. Logged once until they are kept again. */
  onTrouble(error: Error): void;
  /** How long to wait before a file that could not be opened is tried again. */
  readonly retryMs?: number;
}

const flushMs = 1000;
/** Mails that wait for the disk, and octets of them. */
const maxWaiting = 20_000;
const maxWaitingOctets = 16 * 1024 * 1024;
/** How long the rest may take to be written when the process ends. */
const lastWordsMs = 5000;
const defaultRetryMs = 60_000;

export function openHistoryFile(options: HistoryFileOptions): HistoryFile {
  const { file, retentionSeconds, worker, onTrouble, retryMs = defaultRetryMs } = options;
  let rows: HistoryRow[] = [];
  let underWay = 0;
  /** Of rows that wait, and of those under way. */
  let octets = 0;
  let octetsUnderWay = 0;
  let dropped = 0;
  let broken = false;
  let told = false;
  let sequence = 0;
  let retry: NodeJS.Timeout | undefined;
  const asked = new Map<number, (answer: HistoryAnswer | undefined) => void>();

  const flushing = setInterval(flush, flushMs);
  flushing.unref();
  let thread = start();

  function start(): Worker {
    const started = new Worker(new URL(worker), {
      workerData: { file, retentionSeconds },
      // node:sqlite announces itself as experimental in the oldest Node we run on.
      execArgv: ["--disable-warning=ExperimentalWarning"],
    });
    started.unref();
    started.on("message", (answer: HistoryAnswer) => {
      if (answer.written !== undefined) settled(answer.written, answer.trouble);
      asked.get(answer.id)?.(answer);
      asked.delete(answer.id);
    });
    started.on("error", gone);
    started.on("exit", () => {
      if (started === thread) gone(new Error("the history worker ended"));
    });
    return started;
  }

  function settled(count: number, trouble: string | undefined): void {
    underWay -= count;
    if (trouble === undefined) told = false;
    else {
      dropped += count;
      tell(new Error(trouble));
    }
  }

  function tell(error: Error): void {
    if (told) return;
    told = true;
    onTrouble(error);
  }

  function gone(error: Error): void {
    if (broken) return;
    broken = true;
    dropped += rows.length + underWay;
    rows = [];
    underWay = 0;
    octets = 0;
    octetsUnderWay = 0;
    for (const resolve of asked.values()) resolve(undefined);
    asked.clear();
    retry = setTimeout(() => {
      broken = false;
      thread = start();
    }, retryMs);
    retry.unref();
    tell(error);
  }

  function flush(): void {
    if (rows.length === 0 || broken) return;
    underWay += rows.length;
    octetsUnderWay += octets;
    const posted = octets;
    void post({ kind: "add", rows }).then((answer) => {
      if (answer !== undefined) octetsUnderWay -= posted;
    });
    rows = [];
    octets = 0;
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
      const size = octetsOf(row);
      const isFull = rows.length + underWay >= maxWaiting || octets + octetsUnderWay + size > maxWaitingOctets;
      if (broken || isFull) dropped += 1;
      else {
        rows.push(row);
        octets += size;
      }
    },
    async find(name, limit) {
      flush();
      return (await post({ kind: "find", name, limit }))?.records ?? [];
    },
    async recent(limit, match, sinceMs) {
      flush();
      return (await post({ kind: "recent", limit, match, sinceMs }))?.lines ?? [];
    },
    get dropped() {
      return dropped;
    },
    async close() {
      flush();
      clearInterval(flushing);
      await settledWithin(post({ kind: "close" }), lastWordsMs);
      broken = true;
      clearTimeout(retry);
      await thread.terminate();
    },
  };
}

function octetsOf({ names, line, record }: HistoryRow): number {
  let octets = line.length + record.length;
  for (const name of names) octets += name.length;
  return octets;
}
