// A counter for the mail path. prom-client looks for the series by a text made of its labels each time; here the observer holds the
// series, and prom-client gets the numbers at a scrape.
import { Counter } from "prom-client";

/** One series of a counter. */
export interface CounterSeries {
  inc(): void;
}

type Labels = Readonly<Record<string, string>>;

export class MailCounter extends Counter<string> {
  readonly #series = new Map<string, { readonly labels: Labels; count: number }>();

  /** The series with these labels, there at zero from the first time it is asked for. To be held, not asked for again. */
  series(labels: Labels): CounterSeries {
    const key = JSON.stringify(labels);
    const known = this.#series.get(key) ?? { labels, count: 0 };
    this.#series.set(key, known);
    this.inc(labels, 0);
    return {
      inc() {
        known.count += 1;
      },
    };
  }

  override async get() {
    for (const series of this.#series.values()) {
      if (series.count > 0) this.inc(series.labels, series.count);
      series.count = 0;
    }
    return super.get();
  }
}
