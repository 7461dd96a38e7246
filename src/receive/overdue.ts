// When a client has been silent, or slow, for too long.
import type { ReceiveTimeouts } from "./options.ts";

/** Average octets per second a message must come in with, when many connections wait. */
const minDataRate = 1024;
const manyConnections = 64;
const rateGraceMs = 60_000;
/** Of the connections that a listener takes: above this part those without a mail are given less time. */
const stressedFrom = 0.8;

/** A session as it stands. */
export interface Waiting {
  readonly timeouts: ReceiveTimeouts;
  /** Since the last octet. */
  readonly silentMs: number;
  /** All connections there are, and the most that the listener takes. */
  readonly connections: number;
  readonly maxClients: number;
  readonly inTransaction: boolean;
  /** Content that is coming in; absent while commands are awaited. */
  readonly content?: { readonly lastingMs: number; readonly sizeBytes: number };
}

/** True when the session is to be ended, with 421. */
export function isOverdue({ timeouts, silentMs, connections, maxClients, inTransaction, content }: Waiting): boolean {
  const { idleMs, stressedIdleMs, dataBlockMs, dataMs } = timeouts;
  if (content === undefined) {
    const stressed = connections > stressedFrom * maxClients && !inTransaction;
    return silentMs > (stressed ? Math.min(idleMs, stressedIdleMs) : idleMs);
  }
  const { lastingMs, sizeBytes } = content;
  const crawls =
    connections > manyConnections && lastingMs > rateGraceMs && sizeBytes < (lastingMs / 1000) * minDataRate;
  return silentMs > dataBlockMs || lastingMs > dataMs || crawls;
}
