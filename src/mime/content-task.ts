// What goes to the worker that takes mails apart, and what comes back.
import type { PartsLimits } from "./limits.ts";

/** Octets of a body, one piece at a time: each is acknowledged once it is read, for its memory is filled again then. */
export interface BodyPort {
  on(event: "message", listener: (chunk: Uint8Array | null) => void): void;
  on(event: "close", listener: () => void): void;
  postMessage(acknowledged: "read"): void;
  close(): void;
}

interface AnyTask {
  readonly header: Uint8Array;
  readonly limits: PartsLimits;
  /** Of the whole mail: how much unpacking may make of it depends on that. */
  readonly mailBytes: number;
}

/** The answer is `PartsFound`. */
export type ContentTask = AnyTask & ({ readonly chunks: readonly Uint8Array[] } | { readonly port: BodyPort });

/** The answer is `Survival`. */
export interface SurvivalTask {
  readonly header: Uint8Array;
  readonly chunks: readonly Uint8Array[];
}
