// Label values from sets that the configuration makes small, held small whatever it says: what comes after the first
// so many is counted as "other".

export type LabelValue = (value: string) => string;

export const other = "other";
export const maxNextHops = 30;
export const maxScanners = 30;

/** @param first values that have their place for sure */
export function boundedLabel(limit: number, first: Iterable<string> = []): LabelValue {
  const known = new Set<string>();
  for (const value of first) if (known.size < limit) known.add(value);
  return (value) => {
    if (known.has(value)) return value;
    if (known.size >= limit) return other;
    known.add(value);
    return value;
  };
}
