// Counters and histograms for the mail path. prom-client hashes the labels anew at each call (0.1 to 0.4 µs, some
// thirty times a mail); here whoever counts holds a cell, and prom-client gets to see the cells at a scrape.
import type { Registry } from "prom-client";
import Counter from "prom-client/lib/counter.js";
import Histogram from "prom-client/lib/histogram.js";

/** One series of a counter. */
export interface CounterCell {
  value: number;
}

/** One series of a histogram. */
export interface HistogramCell {
  observe(value: number): void;
}

interface Declaration {
  readonly name: string;
  readonly help: string;
  readonly labelNames?: readonly string[];
  readonly registers: Registry[];
}

interface Series<Cell> {
  readonly labels: Record<string, string>;
  readonly cell: Cell;
}

/** One label after the other leads to a series: a key made of all values would have to be hashed anew each time. */
interface Level<Cell> {
  readonly next: Map<string, Level<Cell>>;
  series?: Series<Cell>;
}

/** Series of one metric by their label values. */
class Cells<Cell> {
  readonly #labelNames: readonly string[];
  readonly #make: () => Cell;
  readonly #root: Level<Cell> = { next: new Map() };
  readonly #all: Series<Cell>[] = [];

  constructor(labelNames: readonly string[], make: () => Cell) {
    this.#labelNames = labelNames;
    this.#make = make;
    if (labelNames.length === 0) this.at([]);
  }

  at(values: readonly string[]): Cell {
    let level = this.#root;
    for (let i = 0; i < this.#labelNames.length; i += 1) {
      const value = values[i] ?? "";
      let next = level.next.get(value);
      if (next === undefined) {
        next = { next: new Map() };
        level.next.set(value, next);
      }
      level = next;
    }
    level.series ??= this.#add(values);
    return level.series.cell;
  }

  #add(values: readonly string[]): Series<Cell> {
    const labels = Object.fromEntries(this.#labelNames.map((name, index) => [name, values[index] ?? ""]));
    const series = { labels, cell: this.#make() };
    this.#all.push(series);
    return series;
  }

  [Symbol.iterator]() {
    return this.#all.values();
  }
}

export class CellCounter extends Counter<string> {
  readonly #cells: Cells<CounterCell>;

  constructor(declaration: Declaration) {
    super(declaration);
    this.#cells = new Cells(declaration.labelNames ?? [], () => ({ value: 0 }));
  }

  /** The series with these label values, in the order of the declaration; it starts at 0. */
  at(...values: string[]): CounterCell {
    return this.#cells.at(values);
  }

  override async get() {
    const values = [...this.#cells].map(({ labels, cell }) => ({ labels, value: cell.value }));
    return { ...(await super.get()), values };
  }
}

class Buckets implements HistogramCell {
  readonly #bounds: Float64Array;
  /** One more than bounds: what is above all of them. */
  readonly counts: Float64Array;
  sum = 0;

  constructor(bounds: Float64Array) {
    this.#bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    const bounds = this.#bounds;
    let index = 0;
    while (index < bounds.length && value > (bounds[index] ?? 0)) index += 1;
    this.counts[index] = (this.counts[index] ?? 0) + 1;
    this.sum += value;
  }
}

export class CellHistogram extends Histogram<string> {
  readonly #cells: Cells<Buckets>;
  readonly #bounds: readonly number[];

  constructor(declaration: Declaration & { readonly buckets: readonly number[] }) {
    super({ ...declaration, buckets: [...declaration.buckets] });
    this.#bounds = declaration.buckets;
    const bounds = Float64Array.from(declaration.buckets);
    this.#cells = new Cells(declaration.labelNames ?? [], () => new Buckets(bounds));
  }

  at(...values: string[]): HistogramCell {
    return this.#cells.at(values);
  }

  override async get() {
    const { name, help, type, aggregator, collect } = await super.get();
    const values = [];
    for (const { labels, cell } of this.#cells) {
      let below = 0;
      for (const [index, bound] of [...this.#bounds, "+Inf"].entries()) {
        below += cell.counts[index] ?? 0;
        values.push({ labels: { ...labels, le: bound }, value: below, metricName: `${name}_bucket` });
      }
      values.push({ labels, value: cell.sum, metricName: `${name}_sum` });
      values.push({ labels, value: below, metricName: `${name}_count` });
    }
    return { name, help, type, aggregator, collect, values };
  }
}
