// What all scanner clients have in common: where the scanner is, how long it may take, and how its state is reported.
import type { PeerAddress } from "../settings/peer-address.ts";
import type { GateCounts } from "./gate.ts";

export interface ScannerPlace {
  /** The name in av_scanners or spam_scanners. */
  readonly name: string;
  readonly address: PeerAddress;
  /** How long it may be silent. */
  readonly timeoutMs: number;
  /** Mails it is given at once. */
  readonly connections: number;
}

export interface ClientNeeds {
  /** A monotonic clock, in milliseconds; that of performance.now(). */
  now(): number;
  /** Called when a scanner is found to be down, and when it is back. */
  changed?(scanner: string, state: "up" | "down", why: string): void;
}

export interface ClientCounts extends GateCounts {
  /** Connections kept open for the next mail. */
  readonly idle: number;
}

export const connectMs = 2000;
export const probeMs = 2000;
