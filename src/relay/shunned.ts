// Next hops with which BDAT came to nothing though they offer it: for a while their mail goes by DATA.
import { LRUCache } from "lru-cache";

/** Long enough that a hop which breaks at BDAT puts off a mail now and then, not all the time. */
export const shunnedMs = 600_000;
/** Next hops may be as many as there are clients (`smtp:*:*`). */
const maxHops = 1_000;

export class Shunned {
  readonly #untilMs = new LRUCache<string, number>({ max: maxHops });

  /** Whether it was not known before. */
  add(remote: string, nowMs: number): boolean {
    const isNew = !this.has(remote, nowMs);
    this.#untilMs.set(remote, nowMs + shunnedMs);
    return isNew;
  }

  has(remote: string, nowMs: number): boolean {
    if (this.#untilMs.size === 0) return false;
    const untilMs = this.#untilMs.get(remote);
    if (untilMs === undefined) return false;
    if (nowMs < untilMs) return true;
    this.#untilMs.delete(remote);
    return false;
  }
}
