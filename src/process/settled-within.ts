// Waits for something, but not longer than a limit.
import { setTimeout as wait } from "node:timers/promises";

/** Resolves when `work` is settled, or after so many milliseconds, whichever is first. Never rejects. */
export async function settledWithin(work: Promise<unknown>, patienceMs: number): Promise<void> {
  const settled = new AbortController();
  const patience = wait(patienceMs, undefined, { signal: settled.signal }).catch(() => undefined);
  await Promise.race([work.catch(() => undefined), patience]);
  settled.abort();
}
