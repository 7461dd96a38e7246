// A counter for the mail path. prom-client looks for the series by a text made of its labels each time; here the values of the
// labels lead to the series, and prom-client gets the numbers at a scrape.
import { Counter, type CounterConfiguration } from "prom-client";

type Value = string | number;

/** The labels up to here, and by the value of the next one where it goes on; those with all labels are series. */
interface Place {
  readonly labels: Readonly<Record<string, Value>>;
  readonly next: Map<Value, Place>;
  /** Since the last scrape. */
  count: number;
}

export class MailCounter<const Names extends readonly string[]> extends Counter<string> {
  readonly #names: Names;
  readonly #top: Place = { labels: {}, next: new Map(), count: 0 };
  readonly #series: Place[] = [];

  constructor(configuration: CounterConfiguration<string> & { readonly labelNames: Names }) {
    super(configuration);
    this.#names = configuration.labelNames;
  }

  /** One more in the series with these values of the labels, in the order of `labelNames`. */
  count(...values: { readonly [Name in keyof Names]: Value }): void {
    let place = this.#top;
    for (let index = 0; index < values.length; index += 1) {
      const value = values[index] ?? "";
      place = place.next.get(value) ?? this.#add(place, index, value);
    }
    place.count += 1;
  }

  #add(before: Place, index: number, value: Value): Place {
    const place: Place = { labels: { ...before.labels, [this.#names[index] ?? ""]: value }, next: new Map(), count: 0 };
    before.next.set(value, place);
    if (index === this.#names.length - 1) this.#series.push(place);
    return place;
  }

  override async get() {
    for (const series of this.#series) {
      if (series.count > 0) this.inc(series.labels, series.count);
      series.count = 0;
    }
    return super.get();
  }
}
