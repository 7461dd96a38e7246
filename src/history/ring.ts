// The last so many of something, newest first.

export class Ring<T> {
  #size: number;
  /** Oldest at `#next` once it is full. */
  #items: T[] = [];
  #next = 0;

  constructor(size: number) {
    this.#size = size;
  }

  get length(): number {
    return this.#items.length;
  }

  add(item: T): void {
    if (this.#size === 0) return;
    if (this.#items.length < this.#size) this.#items.push(item);
    else this.#items[this.#next] = item;
    this.#next = (this.#next + 1) % this.#size;
  }

  /** Keeps the newest that fit. */
  resize(size: number): void {
    if (size === this.#size) return;
    const kept = [...this.newestFirst()].slice(0, size).reverse();
    this.#size = size;
    this.#items = kept;
    this.#next = size === 0 ? 0 : kept.length % size;
  }

  *newestFirst(): Generator<T> {
    const { length } = this.#items;
    for (let back = 1; back <= length; back += 1) {
      const item = this.#items[(this.#next - back + length) % length];
      if (item !== undefined) yield item;
    }
  }
}
