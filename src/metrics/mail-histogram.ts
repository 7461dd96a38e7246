// A histogram for the mail path, which observes some twenty values of each mail. prom-client looks for the series by a
// text made of its labels each time; here the observer holds the series, and prom-client gets the numbers at a scrape.
import { Histogram, type HistogramConfiguration } from "prom-client";

/** One series of a histogram. */
export interface HistogramSeries {
  observe(value: number): void;
}

type Labels = Readonly<Record<string, string>>;

class Counts implements HistogramSeries {
  readonly #bounds: readonly number[];
  /** By bucket, each without those below it; the last is for what is above all bounds. */
  readonly byBucket: number[];
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.byBucket = [...bounds, 0].fill(0);
  }

  observe(value: number): void {
    const bounds = this.#bounds;
    let index = 0;
    while (index < bounds.length && value > (bounds[index] ?? 0)) index += 1;
    this.byBucket[index] = (this.byBucket[index] ?? 0) + 1;
    this.sum += value;
  }
}

export class MailHistogram extends Histogram<string> {
  readonly #bounds: readonly number[];
  readonly #series = new Map<string, readonly [Labels, Counts]>();

  constructor(configuration: HistogramConfiguration<string>) {
    super(configuration);
    this.#bounds = configuration.buckets ?? [];
    if ((configuration.labelNames ?? []).length === 0) this.series();
  }

  /** The series with these labels, there at zero from the first time it is asked for. To be held, not asked for again. */
  series(labels: Labels = {}): HistogramSeries {
    const key = JSON.stringify(labels);
    const [, known] = this.#series.get(key) ?? [];
    if (known !== undefined) return known;
    const made = new Counts(this.#bounds);
    this.#series.set(key, [labels, made]);
    return made;
  }

  /** As prom-client has it: a bucket holds what lies below it, too. */
  override async get() {
    const described = await super.get();
    const { name } = described;
    const values = [...this.#series.values()].flatMap(([labels, { byBucket, sum }]) => {
      let count = 0;
      const buckets = byBucket.map((here, index) => {
        count += here;
        return { metricName: `${name}_bucket`, labels: { le: this.#bounds[index] ?? "+Inf", ...labels }, value: count };
      });
      const total = (part: "sum" | "count", value: number) => ({ metricName: `${name}_${part}`, labels, value });
      return [...buckets, total("sum", sum), total("count", count)];
    });
    return { ...described, values };
  }
}
