// Threads are ended one set before the next is started.
import { setTimeout as wait } from "node:timers/promises";

/** What `endThreads` needs of a piscina pool. */
interface Threads {
  destroy(): Promise<void>;
}

/** A thread that computes without a pause may take this long to notice that it is to end. */
const patienceMs = 1000;

/**
 * Ends the threads of a pool; resolved when they are gone, or after a second, whichever is first. Never rejects. Whoever starts
 * others waits for it: a process that starts a thread while another one is being taken down dies of it now and then
 * (https://github.com/nodejs/node/issues/56312).
 */
export async function endThreads(pool: Threads): Promise<void> {
  const gone = new AbortController();
  const patience = wait(patienceMs, undefined, { ref: false, signal: gone.signal }).catch(() => undefined);
  await Promise.race([pool.destroy().catch(() => undefined), patience]);
  gone.abort();
}
