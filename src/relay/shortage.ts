// Mails that want a connection while the process has no descriptor left for one: in the order they came, each is called
// when something was closed or given back, and tries again. None of them is overtaken, so none waits for ever.

interface Waiter {
  readonly deadlineMs: number;
  readonly resolve: (turn: boolean) => void;
}

export class Shortage {
  readonly #onShort: () => void;
  #waiters: Waiter[] = [];

  /** `onShort` is called whenever a mail begins to wait. */
  constructor(onShort: () => void) {
    this.#onShort = onShort;
  }

  get waiting(): number {
    return this.#waiters.length;
  }

  /**
   * Resolves to true when it is this mail's turn to try, false when that has not come by then. One that tried in vain is
   * "first" in the line again.
   */
  turn(deadlineMs: number, place: "first" | "last"): Promise<boolean> {
    this.#onShort();
    return new Promise((resolve) => {
      if (place === "first") this.#waiters.unshift({ deadlineMs, resolve });
      else this.#waiters.push({ deadlineMs, resolve });
    });
  }

  /** A descriptor, or a connection, may be free: the first in the line tries. */
  freed(): void {
    this.#waiters.shift()?.resolve(true);
  }

  /** To be called with each look at the clock: those out of time give up, and the first of the others tries. */
  expire(nowMs: number): void {
    if (this.#waiters.length === 0) return;
    const late = this.#waiters.filter(({ deadlineMs }) => deadlineMs <= nowMs);
    this.#waiters = this.#waiters.filter(({ deadlineMs }) => deadlineMs > nowMs);
    for (const { resolve } of late) resolve(false);
    if (this.#waiters.length > 0) this.#onShort();
    this.freed();
  }
}

/** Whether this is how the system says that the process, or the machine, has no descriptor left. */
export function isShortOfDescriptors(detail: string): boolean {
  return detail === "EMFILE" || detail === "ENFILE";
}
