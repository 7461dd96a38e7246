// What the main thread and the history worker tell each other: plain data that survives a structured clone.

/** One past mail as it is kept. */
export interface HistoryRow {
  /** Epoch, milliseconds. */
  readonly at: number;
  /** Everything it can be asked for by, in lower case. */
  readonly names: readonly string[];
  /** Its log line; two where recipients fared differently. */
  readonly line: string;
  /** JSON. */
  readonly record: string;
}

export type HistoryQuestion =
  | { readonly kind: "add"; readonly rows: readonly HistoryRow[] }
  | { readonly kind: "find"; readonly name: string; readonly limit: number }
  | { readonly kind: "recent"; readonly limit: number; readonly match: string }
  | { readonly kind: "close" };

export interface HistoryAnswer {
  readonly id: number;
  /** Rows that were written, or given up. */
  readonly written?: number;
  /** Why they were given up. */
  readonly trouble?: string;
  readonly records?: readonly string[];
  readonly lines?: readonly Pick<HistoryRow, "at" | "line">[];
}
