// amavisd's log lines on signing (log level 2), which administrators and their tools know.
import type { SigningPlan } from "./plan.ts";
import { skipReasons } from "./skip-reason.ts";

/** Lines on a plan: one per signature, or why there is none. Control characters of addresses are shown as "?". */
export function signingLogLines(plan: SigningPlan): readonly string[] {
  return linesOf(plan).map((line) => line.replaceAll(/[\x00-\x1f\x7f-\x9f]/g, "?"));
}

function linesOf(plan: SigningPlan): readonly string[] {
  const author = plan.candidates.find(({ source }) => source === "From")?.address;
  const from = author === undefined ? "" : `, From: <${author}>`;
  if ("sign" in plan) {
    const { address, source } = plan.signer;
    return plan.signatures.map(({ request, key, relation, options }) => {
      const tags = [
        `KEY.key_ind=>${key.number - 1}`,
        `a=>${request.algorithm}`,
        `c=>${request.headerCanonicalization}/${request.bodyCanonicalization}`,
        `d=>${request.domain}`,
        ...(request.identity === "" ? [] : [`i=>${request.identity}`]),
        `s=>${request.selector}`,
        ...(typeof options.ttl === "number" ? [`ttl=>${options.ttl}`] : []),
        ...(request.expiresAt === undefined ? [] : [`x=>${request.expiresAt}`]),
      ];
      return `dkim: signing (${relation})${from} (${source}:<${address}>), ${tags.join(", ")}`;
    });
  }
  const text = skipReasons[plan.skip];
  if (plan.skip === "not-originating") return [`dkim: ${text}`];
  if (plan.skip === "no-key-for-domain") return [`dkim: not signing, ${text} for domains ${plan.detail ?? ""}${from}`];
  const detail = plan.detail === undefined || plan.detail === "" ? "" : ` (${plan.detail})`;
  return [`dkim: not signing, ${text}${detail}${from}`];
}
