// Why a rule would not have a mail delivered to a recipient, and what to do about it.
import type { Destiny } from "../settings/values.ts";
import type { RuleName } from "./decision.ts";

export interface Objection {
  readonly rule: RuleName;
  readonly destiny: Exclude<Destiny, "D_PASS">;
  /** Enhanced status without its class: "7.26". */
  readonly status: string;
  /** For the reply, after "id=… - ". */
  readonly text: string;
  /** The code of a permanent refusal: 550 unless the category has another. */
  readonly code?: number;
}

export type Rule = (recipient: string) => Objection | undefined;

export const noObjection: Rule = () => undefined;
