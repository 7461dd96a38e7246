// What the main thread and the worker that remembers sent mail send each other: plain data.

export type SentQuestion =
  /** Each key with the time at which it counts, epoch in milliseconds; what is older than `forgetBefore` goes. */
  | { readonly kind: "note"; readonly keys: readonly string[]; readonly at: number; readonly forgetBefore: number }
  | { readonly kind: "when"; readonly keys: readonly string[] }
  | { readonly kind: "close" };

export interface SentAnswer {
  readonly id: number;
  /** For each key that was asked about: its time, or null. */
  readonly times?: readonly (number | null)[];
  /** Why it could not be done. */
  readonly trouble?: string;
}
