// How many connections may carry mail at once. A caller takes all it needs in one go, so nobody who holds some
// waits for more.

interface Waiter {
  readonly wanted: number;
  readonly deadlineMs: number;
  readonly resolve: (taken: boolean) => void;
}

export class Slots {
  readonly #limit: number;
  #taken = 0;
  #waiters: Waiter[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  get waiting(): number {
    return this.#waiters.length;
  }

  /** Takes what is wanted where there is room at once. */
  take(wanted: number): boolean {
    if (this.#waiters.length > 0 || !this.#fits(wanted)) return false;
    this.#taken += wanted;
    return true;
  }

  /** After `take` said no: true when there is room, false once the deadline has passed. */
  wait(wanted: number, deadlineMs: number): Promise<boolean> {
    return new Promise((resolve) => this.#waiters.push({ wanted, deadlineMs, resolve }));
  }

  give(count: number): void {
    this.#taken -= count;
    while (this.#waiters[0] !== undefined && this.#fits(this.#waiters[0].wanted)) {
      const next = this.#waiters.shift();
      if (next === undefined) return;
      this.#taken += next.wanted;
      next.resolve(true);
    }
  }

  /** Sends away who has waited too long. */
  expire(nowMs: number): void {
    if (this.#waiters.every((waiter) => waiter.deadlineMs > nowMs)) return;
    const late = this.#waiters.filter((waiter) => waiter.deadlineMs <= nowMs);
    this.#waiters = this.#waiters.filter((waiter) => waiter.deadlineMs > nowMs);
    for (const waiter of late) waiter.resolve(false);
    this.give(0);
  }

  /** Who wants more than there is gets it when nobody else has any. */
  #fits(wanted: number): boolean {
    return this.#taken === 0 || this.#taken + wanted <= this.#limit;
  }
}
