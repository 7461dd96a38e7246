// `check --expect`: what a message must come to for the exit code 0.
import type { Outcome } from "../flow/outcome/outcome.ts";
import { UsageError } from "./command.ts";

export interface Expectation {
  readonly method: string;
  readonly result: string;
}

const methods = ["dkim", "spf", "dmarc", "arc"] as const;
const results = ["pass", "fail", "softfail", "none", "policy", "neutral", "temperror", "permerror"] as const;

/** "pass" is "dkim=pass". Throws a UsageError. */
export function readExpectation(text: string): Expectation {
  const [first = "", second] = text.toLowerCase().split("=");
  const [method, result] = second === undefined ? ["dkim", first] : [first, second];
  if (!methods.some((known) => known === method) || !results.some((known) => known === result))
    throw new UsageError(`--expect takes ${results.join(", ")}, or one of ${methods.join(", ")} with it: dmarc=pass`);
  return { method, result };
}

/** What was found of a method: DKIM passes where one signature does, else it is what the topmost says; "none" where nothing was. */
export function foundOf(
  method: string,
  { verifications, findings }: Pick<Outcome, "verifications" | "findings">,
): string {
  if (method === "dkim") {
    const judged = verifications.filter(({ kind }) => kind === "dkim");
    const best = judged.find(({ result }) => result === "pass") ?? judged[0];
    if (best !== undefined) return best.result;
  }
  return findings.find((finding) => finding.method === method)?.result ?? "none";
}
