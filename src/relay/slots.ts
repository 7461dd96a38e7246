// How many connections may carry mail at once, and how many mails wait for one, so that a next hop which hangs keeps
// no other from its mail. A caller takes all it needs in one go, so nobody who holds some waits for more.

export interface SlotLimits {
  /** Connections to all next hops together. */
  readonly connections: number;
  /** Connections to one next hop. */
  readonly connectionsPerHop: number;
  /** Mails for one next hop, those that wait for a connection included. */
  readonly mailsPerHop: number;
}

/** "full": too many wait already. "late": none became free in time. */
export type Turn = "taken" | "full" | "late";

export interface HopCount {
  readonly nextHop: string;
  readonly inUse: number;
  readonly waiting: number;
  /** What it may have in use now. */
  readonly limit: number;
}

interface Waiter {
  /** The next hop of each connection that is wanted. */
  readonly wanted: readonly string[];
  readonly deadlineMs: number;
  readonly resolve: (turn: Turn) => void;
}

/** A next hop with mail on its way or waiting. */
interface Hop {
  inUse: number;
  /** Connections that waiting mails want of it. */
  waiting: number;
  /** In their order; one that wants several next hops stands with one that has no room for it. */
  queue: Waiter[];
}

export class Slots {
  readonly #limits: SlotLimits;
  readonly #hops = new Map<string, Hop>();
  #inUse = 0;
  #waiting = 0;

  constructor(limits: SlotLimits) {
    this.#limits = limits;
  }

  /** Mails that wait. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Next hops that have mail now. */
  counts(): readonly HopCount[] {
    return [...this.#hops].map(([nextHop, hop]) => ({
      nextHop,
      inUse: hop.inUse,
      waiting: hop.waiting,
      limit: this.#limitOf(hop),
    }));
  }

  /** What a next hop that carries nothing may have in use now. */
  get limitForAnother(): number {
    return this.#limitOf({ inUse: 0 });
  }

  /** Takes what is wanted where there is room at once. */
  take(wanted: readonly string[]): boolean {
    if (wanted.some((name) => this.#isWaitedFor(name)) || this.#blocking(wanted) !== undefined) return false;
    this.#grant(wanted);
    return true;
  }

  /** After `take` said no: resolves when there is room, or when there will be none for this mail. */
  wait(wanted: readonly string[], deadlineMs: number): Promise<Turn> {
    const blocking = wanted.find((name) => this.#isWaitedFor(name)) ?? this.#blocking(wanted);
    if (blocking === undefined) {
      this.#grant(wanted);
      return Promise.resolve("taken");
    }
    if (wanted.some((name) => this.#hasAllItMay(name))) return Promise.resolve("full");
    for (const name of wanted) this.#hop(name).waiting += 1;
    this.#waiting += 1;
    return new Promise((resolve) => this.#hop(blocking).queue.push({ wanted, deadlineMs, resolve }));
  }

  /** Gives back what was taken. */
  give(wanted: readonly string[]): void {
    for (const name of wanted) {
      this.#hop(name).inUse -= 1;
      this.#inUse -= 1;
    }
    if (this.#waiting > 0) this.#serve();
    for (const name of wanted) this.#forgetIfEmpty(name);
  }

  /** Sends those away who have waited too long. */
  expire(nowMs: number): void {
    let anyLate = false;
    for (const hop of this.#hops.values()) {
      if (hop.queue.every(({ deadlineMs }) => deadlineMs > nowMs)) continue;
      anyLate = true;
      const late = hop.queue.filter(({ deadlineMs }) => deadlineMs <= nowMs);
      hop.queue = hop.queue.filter(({ deadlineMs }) => deadlineMs > nowMs);
      for (const waiter of late) {
        this.#endWait(waiter);
        for (const name of waiter.wanted) this.#forgetIfEmpty(name);
        waiter.resolve("late");
      }
    }
    if (anyLate) this.#serve();
  }

  /** Those whose turn it is, next hop by next hop. */
  #serve(): void {
    for (const [name, hop] of this.#hops) {
      for (let waiter = hop.queue[0]; waiter !== undefined; waiter = hop.queue[0]) {
        const blocking = this.#blocking(waiter.wanted);
        if (blocking === name) break;
        hop.queue.shift();
        if (blocking !== undefined) {
          this.#hop(blocking).queue.push(waiter);
          continue;
        }
        this.#endWait(waiter);
        this.#grant(waiter.wanted);
        waiter.resolve("taken");
      }
    }
  }

  #grant(wanted: readonly string[]): void {
    for (const name of wanted) this.#hop(name).inUse += 1;
    this.#inUse += wanted.length;
  }

  #endWait({ wanted }: Waiter): void {
    for (const name of wanted) this.#hop(name).waiting -= 1;
    this.#waiting -= 1;
  }

  #isWaitedFor(name: string): boolean {
    return (this.#hops.get(name)?.queue.length ?? 0) > 0;
  }

  #hasAllItMay(name: string): boolean {
    const hop = this.#hops.get(name);
    return hop !== undefined && hop.inUse + hop.waiting >= this.#limits.mailsPerHop;
  }

  /** The first next hop that has no room. One that carries nothing has room for all that one mail wants. */
  #blocking(wanted: readonly string[]): string | undefined {
    return wanted.find((name) => {
      const hop = this.#hops.get(name);
      if (hop === undefined || hop.inUse === 0) return false;
      const more = wanted.reduce((count, other) => (other === name ? count + 1 : count), 0);
      return hop.inUse + more > this.#limitOf(hop);
    });
  }

  /** Half of what the others leave: however many hang, there is room for one that does not. */
  #limitOf({ inUse }: Pick<Hop, "inUse">): number {
    const { connections, connectionsPerHop } = this.#limits;
    const left = connections - (this.#inUse - inUse);
    return Math.max(1, Math.min(connectionsPerHop, Math.ceil(left / 2)));
  }

  #hop(name: string): Hop {
    let hop = this.#hops.get(name);
    if (hop === undefined) {
      hop = { inUse: 0, waiting: 0, queue: [] };
      this.#hops.set(name, hop);
    }
    return hop;
  }

  #forgetIfEmpty(name: string): void {
    const hop = this.#hops.get(name);
    if (hop !== undefined && hop.inUse === 0 && hop.waiting === 0) this.#hops.delete(name);
  }
}
