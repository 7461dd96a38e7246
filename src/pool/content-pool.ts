// Takes mails apart on threads of their own: each mail has its time, and a thread that dies or takes too long costs that mail its
// answer and nothing else. Small mail without archives is done by the caller's thread.
import { MessageChannel } from "node:worker_threads";
import { Piscina } from "piscina";
import type { PartsFound, Unchecked } from "../mail/content.ts";
import { errorText } from "../mail/error-text.ts";
import { type HeaderSplit, isUnread, splitHeader } from "../mail/header.ts";
import {
  type MemoryBody,
  type Message,
  type MessageOctets,
  messageSizeBytes,
  type SpooledBody,
} from "../mail/message.ts";
import type { ContentTask, SurvivalTask } from "../mime/content-task.ts";
import type { PartsLimits } from "../mime/limits.ts";
import { createMailWalk } from "../mime/mail-walk.ts";
import { makeSurvive, type Survival } from "../mime/survival.ts";
import { endThreads } from "../process/end-threads.ts";
import { createKnownParts } from "./known-parts.ts";
import { PoolSaturated } from "./worker-pool.ts";

export interface ContentPoolOptions {
  /** URL of the worker module. */
  readonly worker: string;
  /** Mails taken apart at the same time; the others wait. */
  readonly threads: number;
  /** Mails that may wait for a thread, and for how many milliseconds; beyond that they are to be tried again. */
  readonly queue: { readonly most: number; readonly waitMs: number };
  /** Milliseconds that one mail may take, from when it is its turn. */
  readonly deadlineMs: number;
  readonly limits: PartsLimits;
  readonly observer?: ContentPoolObserver;
}

/** Called on the way of each mail: implementations only count. */
export interface ContentPoolObserver {
  /** "in-place": by the caller's thread. "known": an equal mail had been. */
  mailDone?(where: "in-place" | "worker" | "known", milliseconds: number): void;
  workerEnded?(reason: "died" | "deadline"): void;
}

export interface ContentPool {
  /**
   * At once for small mail and where the answer is known. Rejects only when the body cannot be read, when too many mails wait, or
   * after `close`: it is to be tried again.
   * `key`: of `partsKey`, where somebody has made a digest of the body anyway; what is known of an equal mail is given then.
   * A header that is cut into fields already need not be cut once more.
   */
  lookInto(message: MessageOctets & Partial<HeaderSplit>, key?: string): PartsFound | Promise<PartsFound>;
  /** The mail written so that no MTA has to change it. Rejects when the thread dies or takes too long, or after `close`. */
  makeSurvive(message: Pick<Message, "header" | "fields">, body: MemoryBody): Promise<Survival>;
  /** Mails that are taken apart by threads now, and that wait for it. */
  stats(): { readonly busy: number; readonly waiting: number };
  close(): Promise<void>;
}

/** Octets of a header section, and of a body, that the caller's thread takes apart itself: a tenth of a millisecond for 10 kB. */
const maxInPlaceBytes = 32 * 1024;
/** Threads are let go after so many milliseconds without work, and what they keep of archives with them. */
const idleMs = 60_000;

/** No thread is started before there is something to do. */
export function createContentPool(options: ContentPoolOptions): ContentPool {
  const { worker, threads, queue, deadlineMs, limits, observer = {} } = options;
  const known = createKnownParts();
  let workers: Piscina | undefined;
  let busy = 0;
  let closed = false;
  /** In the order they came: those that go leave it. */
  const waiting = new Set<{ start(): void; refuse(error: Error): void }>();

  function startedWorkers(): Piscina {
    if (workers !== undefined) return workers;
    workers = new Piscina({
      filename: worker,
      minThreads: 0,
      maxThreads: threads,
      idleTimeout: idleMs,
      atomics: "async",
      recordTiming: false,
      // Octets do not count here: what is kept of a mail is bound by the walk itself.
      resourceLimits: { maxYoungGenerationSizeMb: 16, maxOldGenerationSizeMb: 192 },
    });
    // An error outside a task is followed by the worker's end, which rejects its task: that is where we act.
    workers.on("error", () => {});
    return workers;
  }

  /**
   * Rejects when the wait would be too long: the mail is put off, since it must not pass unseen because others use all
   * threads.
   */
  async function turn(): Promise<void> {
    if (closed) throw new Error("the content pool is closed");
    if (busy < threads) {
      busy += 1;
      return;
    }
    if (waiting.size >= queue.most) throw new PoolSaturated(`more than ${queue.most} mails wait to be taken apart`);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const place = { start: resolve, refuse: reject };
    waiting.add(place);
    const timer = setTimeout(() => {
      waiting.delete(place);
      reject(new PoolSaturated(`no thread to take the mail apart within ${queue.waitMs / 1000} s`));
    }, queue.waitMs);
    try {
      await promise;
    } finally {
      clearTimeout(timer);
    }
  }

  /** The next in line takes the place of the one that is done. */
  function done(): void {
    const [next] = waiting;
    if (next === undefined) busy -= 1;
    else {
      waiting.delete(next);
      next.start();
    }
  }

  async function lookByWorker(message: MessageOctets): Promise<PartsFound> {
    await turn();
    const begunAt = performance.now();
    const overdue = new AbortController();
    const timer = setTimeout(() => overdue.abort(), deadlineMs);
    try {
      const found = await runTask(startedWorkers(), message, limits, overdue.signal);
      observer.mailDone?.("worker", performance.now() - begunAt);
      return found;
    } catch (error) {
      if (closed || error instanceof BodyTrouble) throw error;
      observer.workerEnded?.(overdue.signal.aborted ? "deadline" : "died");
      return withoutParts(message, limits, {
        reason: overdue.signal.aborted ? "over-limits" : "failed",
        detail: overdue.signal.aborted ? `not taken apart within ${deadlineMs} ms` : `worker: ${errorText(error)}`,
      });
    } finally {
      clearTimeout(timer);
      done();
    }
  }

  return {
    lookInto(message, key) {
      const begunAt = performance.now();
      const before = key === undefined ? undefined : known.find(key);
      if (before !== undefined) {
        observer.mailDone?.("known", performance.now() - begunAt);
        return before;
      }
      const kept = (found: PartsFound) => {
        if (key !== undefined) known.keep(key, found);
        return found;
      };
      const here = lookInPlace(message, limits);
      if (here === undefined) return lookByWorker(message).then(kept);
      observer.mailDone?.("in-place", performance.now() - begunAt);
      return kept(here);
    },
    async makeSurvive({ header, fields }, { chunks, sizeBytes }) {
      if (sizeBytes <= maxInPlaceBytes) return makeSurvive(fields, Buffer.concat(chunks));
      await turn();
      const overdue = new AbortController();
      const timer = setTimeout(() => overdue.abort(), deadlineMs);
      try {
        const task: SurvivalTask = { header, chunks };
        return await startedWorkers().run(task, { name: "survive", signal: overdue.signal });
      } finally {
        clearTimeout(timer);
        done();
      }
    },
    stats: () => ({ busy, waiting: waiting.size }),
    async close() {
      closed = true;
      for (const { refuse } of waiting) refuse(new Error("the content pool is closed"));
      waiting.clear();
      if (workers !== undefined) await endThreads(workers);
    },
  };
}

/** Undefined for what is not small, has an archive, or made the walk throw: a worker then says what it makes of it. */
function lookInPlace(
  { header, body, fields, cut }: MessageOctets & Partial<HeaderSplit>,
  limits: PartsLimits,
): PartsFound | undefined {
  if (body.kind !== "memory" || Math.max(header.length, body.sizeBytes) > maxInPlaceBytes) return undefined;
  try {
    // Limits of those who cut it may be lower than what is read here.
    const isWhole = fields !== undefined && !isUnread(cut);
    const split = isWhole ? { fields, ...(cut !== undefined && { cut }) } : splitHeader(header);
    const walk = createMailWalk(split, limits);
    for (const chunk of body.chunks) walk.write(chunk);
    walk.end();
    return walk.takeArchive() === undefined ? walk.found() : undefined;
  } catch {
    return undefined;
  }
}

/** What the header alone says, for a mail that was not taken apart. */
function withoutParts({ header, body }: MessageOctets, limits: PartsLimits, why: Unchecked): PartsFound {
  const { parts, unchecked } = createMailWalk(splitHeader(header), limits).found();
  return {
    parts: parts.map((part) => ({ ...part, sizeBytes: body.sizeBytes })),
    unchecked: [...unchecked, why],
  };
}

/** The body could not be read: the mail is to be tried again. */
class BodyTrouble extends Error {
  override name = "BodyTrouble";
}

async function runTask(
  workers: Piscina,
  message: MessageOctets,
  limits: PartsLimits,
  signal: AbortSignal,
): Promise<PartsFound> {
  const { header, body } = message;
  const about = { header, limits, mailBytes: messageSizeBytes(message) };
  if (body.kind === "memory") {
    const task: ContentTask = { ...about, chunks: body.chunks };
    return workers.run(task, { signal });
  }
  const { port1, port2 } = new MessageChannel();
  const answer: Promise<PartsFound> = workers.run(
    { ...about, port: port2 },
    // piscina's type of a transfer list names the browser's ports, not node's: the cast says so and no more.
    { signal, transferList: [port2] as never },
  );
  const ended = answer.then(
    () => "ended" as const,
    () => "ended" as const,
  );
  try {
    await Promise.race([ended, sendBody(body, port1)]);
    return await answer;
  } finally {
    port1.close();
  }
}

/** Sends a piece once the one before is read, for its memory is filled again then. Ends when the port is closed. */
async function sendBody(body: SpooledBody, port: MessageChannel["port1"]): Promise<void> {
  let closed = false;
  let proceed = (): void => {};
  port.on("message", () => proceed());
  port.on("close", () => {
    closed = true;
    proceed();
  });
  try {
    for await (const chunk of body.read()) {
      if (closed) return;
      const read = new Promise<void>((resolve) => {
        proceed = resolve;
      });
      port.postMessage(chunk);
      await read;
    }
  } catch (error) {
    throw new BodyTrouble("the body cannot be read", { cause: error });
  }
  port.postMessage(null);
}
