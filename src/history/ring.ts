// The last so many of something, newest first, that together take no more than so many octets.

export interface RingLimits {
  readonly items: number;
  /** Of all together. */
  readonly octets: number;
}

/** What says itself how much it takes in memory. */
export interface Measured {
  readonly octets: number;
}

export class Ring<T extends Measured> {
  #limits: RingLimits;
  /** As many places as it has had items, `limits.items` at most; the oldest is `#length` before `#next`. */
  #places: (T | undefined)[] = [];
  #next = 0;
  #length = 0;
  #octets = 0;

  constructor(limits: RingLimits) {
    this.#limits = limits;
  }

  get length(): number {
    return this.#length;
  }

  /** Of what it holds. */
  get octets(): number {
    return this.#octets;
  }

  add(item: T): void {
    const { items, octets: most } = this.#limits;
    if (items === 0) return;
    if (this.#length === items) this.#dropOldest();
    this.#places[this.#next] = item;
    this.#next = (this.#next + 1) % items;
    this.#length += 1;
    this.#octets += item.octets;
    while (this.#octets > most) this.#dropOldest();
  }

  /** Keeps the newest that fit. */
  resize(limits: RingLimits): void {
    const { items, octets } = this.#limits;
    if (limits.items === items && limits.octets === octets) return;
    const kept = [...this.newestFirst()].slice(0, limits.items).reverse();
    this.#limits = limits;
    this.#places = [];
    this.#next = 0;
    this.#length = 0;
    this.#octets = 0;
    for (const item of kept) this.add(item);
  }

  /** While it is gone through others may come: those are not among them, and some of the oldest may not be any more. */
  *newestFirst(): Generator<T> {
    const places = this.#places;
    const next = this.#next;
    const length = this.#length;
    const { items } = this.#limits;
    for (let back = 1; back <= length; back += 1) {
      const item = places[(next - back + items) % items];
      if (item !== undefined) yield item;
    }
  }

  #dropOldest(): void {
    const { items } = this.#limits;
    const oldest = (this.#next - this.#length + items) % items;
    this.#octets -= this.#places[oldest]?.octets ?? 0;
    this.#places[oldest] = undefined;
    this.#length -= 1;
  }
}
