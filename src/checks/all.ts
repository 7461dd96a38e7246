// The list of checks, in the order in which Authentication-Results shows them. DKIM stands apart: its verifications
// are more than findings (banks, reputation), and its work is done by the DKIM engine.
import type { Authenticator } from "../authres/authenticator.ts";
import type { Peek } from "../rr/known-answers.ts";
import { createArcCheck } from "./arc-check.ts";
import type { Check } from "./check.ts";
import { createDmarcCheck } from "./dmarc-check.ts";
import { createSpfCheck } from "./spf-check.ts";

export interface CheckNeeds {
  readonly authenticator: Pick<Authenticator, "spf" | "arc">;
  /** Looks into the resolver's cache; optional, it only saves time. */
  readonly peek?: Peek;
}

export function createChecks({ authenticator, peek }: CheckNeeds): readonly Check[] {
  return [createSpfCheck(authenticator, peek), createDmarcCheck(), createArcCheck(authenticator)];
}
