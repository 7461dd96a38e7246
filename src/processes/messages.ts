// What the supervising process and those that serve mail say to each other, over the channel that Node gives a child.
import type { ControlRequest } from "../control/protocol.ts";
import type { Family } from "../metrics/exposition.ts";
import type { Condition } from "../metrics/health.ts";
import type { PlainConfig } from "../reading/plain-settings.ts";
import type { Part } from "./share.ts";

/** To a process that serves mail; each is answered. */
export type Order =
  /** The first: answered once every port is open. */
  | {
      readonly kind: "start";
      readonly configuration: PlainConfig;
      readonly part: Part;
      readonly journal: boolean;
      readonly user?: string;
    }
  /** Gets everything ready for another configuration; refused where that cannot be had. */
  | { readonly kind: "prepare"; readonly configuration: PlainConfig }
  /** Puts in force what was prepared. */
  | { readonly kind: "commit" }
  /** Closes what was prepared. */
  | { readonly kind: "abort" }
  /** Opens the log file anew. */
  | { readonly kind: "reopen" }
  | { readonly kind: "families"; readonly which: "scrape" | "own" }
  | { readonly kind: "troubles" }
  /** Does nothing but answer. */
  | { readonly kind: "alive" }
  | { readonly kind: "answer"; readonly request: ControlRequest }
  /** Drains; the process ends after its answer. */
  | { readonly kind: "stop" };

export interface ToProcess {
  readonly id: number;
  readonly order: Order;
}

export interface ProcessAnswer {
  /** Of what was asked; without it these are counts that nobody asked for, so that few are missing should it end. */
  readonly id?: number;
  /** Why it does not do it. */
  readonly error?: string;
  readonly families?: readonly Family[];
  readonly troubles?: readonly (readonly [Condition, string])[];
  /** To what came in by the control socket. */
  readonly answer?: unknown;
}
