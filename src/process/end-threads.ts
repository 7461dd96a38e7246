// Ends the threads of a pool; a caller that starts new ones waits for that.
import { settledWithin } from "./settled-within.ts";

/** What `endThreads` needs of a piscina pool. */
interface Threads {
  destroy(): Promise<void>;
}

/** A thread that computes without a pause may take this long to notice that it is to end. */
const patienceMs = 1000;

/** A pool is destroyed once: while one call is under way, piscina starts threads anew after another one that had less to wait for. */
const ending = new WeakMap<Threads, Promise<void>>();

/**
 * Ends the threads of a pool, however often it is asked to; resolved when they are gone, or after a second, whichever is first. Never rejects. Whoever starts
 * others waits for it: a process that starts a thread while another one is being taken down dies of it now and then
 * (https://github.com/nodejs/node/issues/56312).
 */
export async function endThreads(pool: Threads): Promise<void> {
  const destroyed = ending.get(pool) ?? pool.destroy().catch(() => undefined);
  ending.set(pool, destroyed);
  await settledWithin(destroyed, patienceMs);
}
