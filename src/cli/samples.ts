// Metrics as `status` reads them back from Prometheus' text: samples by name, rates and quantiles between two looks.

export interface SampleMail {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** All samples of one look. */
export class Samples {
  readonly #byName = new Map<string, SampleMail[]>();

  constructor(text: string) {
    for (const line of text.split("\n")) {
      const sample = line.startsWith("#") ? undefined : readSample(line);
      if (sample === undefined) continue;
      const others = this.#byName.get(sample.name);
      if (others === undefined) this.#byName.set(sample.name, [sample]);
      else others.push(sample);
    }
  }

  /** All of them, in the order of the text within a name. */
  every(): readonly SampleMail[] {
    return [...this.#byName.values()].flat();
  }

  all(name: string): readonly SampleMail[] {
    return this.#byName.get(name) ?? [];
  }

  /** The sum over all series that have these labels; 0 where there is none. */
  sum(name: string, labels: Readonly<Record<string, string>> = {}): number {
    let sum = 0;
    for (const sample of this.all(name)) if (fits(sample, labels)) sum += sample.value;
    return sum;
  }
}

function fits(sample: SampleMail, labels: Readonly<Record<string, string>>): boolean {
  for (const name in labels) if (sample.labels[name] !== labels[name]) return false;
  return true;
}

function readSample(line: string): SampleMail | undefined {
  const match = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line);
  if (match === null) return undefined;
  const [, name = "", inBraces = "", number = ""] = match;
  const labels: Record<string, string> = {};
  for (const [, label = "", value = ""] of inBraces.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) {
    labels[label] = value.replaceAll(/\\(.)/g, (_, character) => (character === "n" ? "\n" : character));
  }
  return { name, labels, value: number === "+Inf" ? Number.POSITIVE_INFINITY : Number(number) };
}

/** Two looks at the same daemon. */
export interface Looks {
  readonly before: Samples;
  readonly after: Samples;
  readonly seconds: number;
}

/** Growth per second. A daemon that was started anew in between counts from 0. */
export function rate(looks: Looks, name: string, labels?: Readonly<Record<string, string>>): number {
  const after = looks.after.sum(name, labels);
  const before = looks.before.sum(name, labels);
  return Math.max(0, after < before ? after : after - before) / looks.seconds;
}

/** The bucket bound below which this share of the values of the time in between lies; undefined without any. */
export function quantile(
  { before, after }: Looks,
  name: string,
  share: number,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const counts = new Map<number, number>();
  for (const [samples, sign] of [[after, 1] as const, [before, -1] as const]) {
    for (const sample of samples.all(`${name}_bucket`)) {
      if (!fits(sample, labels)) continue;
      const bound = sample.labels.le === "+Inf" ? Number.POSITIVE_INFINITY : Number(sample.labels.le);
      counts.set(bound, (counts.get(bound) ?? 0) + sign * sample.value);
    }
  }
  const bounds = [...counts.keys()].sort((a, b) => a - b);
  const total = counts.get(Number.POSITIVE_INFINITY) ?? 0;
  if (total <= 0) return undefined;
  return bounds.find((bound) => (counts.get(bound) ?? 0) >= share * total);
}
