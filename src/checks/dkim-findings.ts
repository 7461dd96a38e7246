// DKIM and DomainKeys verifications as findings, in the words of RFC 8601 section 2.7.1 and RFC 6008.
// Judging signatures is done in `dkim/`; this says how the judgement is reported.
import type { Finding, FindingProperty } from "../authres/finding.ts";
import type { Verification } from "../dkim/engine.ts";

/** More are not reported: one mail with a thousand signatures must not make a field of a thousand lines. */
const maxFindings = 20;

/** One finding per signature, top to bottom; `dkim=none` when there was nothing to verify. */
export function dkimFindings(verifications: readonly Verification[]): readonly Finding[] {
  if (verifications.length === 0) return [{ method: "dkim", result: "none", properties: [] }];
  return verifications.slice(0, maxFindings).map(dkimFinding);
}

function dkimFinding(verification: Verification): Finding {
  const { kind, result, reason, domain, identity, selector, algorithm, b } = verification;
  const comment = commentOf(verification);
  return {
    method: kind,
    result,
    ...(reason === undefined ? {} : { reason }),
    ...(comment === "" ? {} : { comment }),
    properties: [
      property("d", domain),
      // The default "@d" says nothing that header.d does not say.
      property("i", identity === `@${domain}` ? "" : identity),
      property("s", selector),
      property("a", algorithm),
      property("b", b),
    ].filter(({ value }) => value !== ""),
  };
}

function property(name: string, value: string): FindingProperty {
  return { type: "header", name, value };
}

/** Our own words only: nothing that a mail or a key record holds goes into a comment. */
function commentOf({ keyBits, testing, unsignedInstances }: Verification): string {
  return [
    ...(keyBits === undefined ? [] : [`${keyBits}-bit key`]),
    ...(testing === true ? ["domain is testing"] : []),
    ...((unsignedInstances ?? []).length === 0 ? [] : ["unsigned instances of signed fields"]),
  ].join(", ");
}
