// The list of checks, in the order in which Authentication-Results shows them. DKIM stands apart: its verifications
// are more than findings (banks, reputation), and its work is done by the DKIM engine.
import type { Authenticator } from "../authres/authenticator.ts";
import type { Resolve } from "../rr/answer.ts";
import { createArcCheck } from "./arc-check.ts";
import type { Check } from "./check.ts";
import { createDmarcCheck } from "./dmarc-check.ts";
import { createSpfCheck } from "./spf-check.ts";

export interface CheckNeeds {
  readonly authenticator: Pick<Authenticator, "spf" | "arc">;
  readonly resolve: Resolve;
}

export function createChecks({ authenticator, resolve }: CheckNeeds): readonly Check[] {
  return [createSpfCheck(authenticator), createDmarcCheck(resolve), createArcCheck(authenticator)];
}
