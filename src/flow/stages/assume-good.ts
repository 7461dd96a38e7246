// What local recipients see of mail of our own: it came without a signature that holds, and leaves with one that is made at the
// end (amavisd: "just generated, assumed good"). "dkim=none" would look like a fake of our domain, and the author's "dkim=fail"
// alone like a fake of a list's mail.
import type { Finding, FindingProperty } from "../../authres/finding.ts";
import type { PossibleSignature } from "../../signing/choose.ts";
import { signaturesToMake } from "../../signing/plan.ts";
import type { JudgedMail } from "../mail.ts";
import { validSignatures } from "./sign-mail.ts";

/**
 * The findings with the signatures that the mail is to get: with those it leaves, or not at all. Where a signature covers our
 * Authentication-Results it does not speak of itself.
 */
export function findingsToShow({ bank, facts, arrival }: JudgedMail): readonly Finding[] {
  const { findings } = facts;
  if (!bank.originating || (bank.signed_header_fields["authentication-results"] ?? 0) > 0) return findings;
  const ofDkim = findings.filter(({ method }) => method === "dkim");
  if (ofDkim.length === 0 || ofDkim.some(({ result }) => result === "pass")) return findings;
  const coming = signaturesToMake(arrival.signerUnder(bank), validSignatures(facts));
  if (coming.length === 0) return findings;
  const last = ofDkim.at(-1);
  return findings.flatMap((finding) => {
    if (isUnsigned(finding)) return coming.map(assumed);
    return finding === last ? [finding, ...coming.map(assumed)] : finding;
  });
}

function isUnsigned({ method, result }: Finding): boolean {
  return method === "dkim" && result === "none";
}

function assumed({ domain, key, algorithm }: PossibleSignature): Finding {
  const header = (name: string, value: string): FindingProperty => ({ type: "header", name, value });
  return {
    method: "dkim",
    result: "pass",
    comment: "just generated, assumed good",
    properties: [header("d", domain), header("s", key.selector), header("a", algorithm)],
  };
}
