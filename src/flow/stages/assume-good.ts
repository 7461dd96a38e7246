// What local recipients see of mail of our own: it came without a signature that holds, and leaves with one that was just made
// (amavisd: "just generated, assumed good"). "dkim=none" would look like a fake of our domain, and the author's "dkim=fail" alone
// like a fake of a list's mail.
import type { Finding, FindingProperty } from "../../authres/finding.ts";
import { formatAuthenticationResults } from "../../authres/print.ts";
import type { JudgedMail, Signed, SigningRecord } from "../mail.ts";

type Made = Extract<SigningRecord, { readonly result: "signed" }>;

/** The same mail, with the signatures just made in our Authentication-Results; no signature covers that field. */
export function assumeGood(mail: JudgedMail, signed: Signed): Signed {
  const { bank, facts } = mail;
  const ofDkim = facts.findings.filter(({ method }) => method === "dkim");
  if ("refused" in signed || ofDkim.length === 0 || ofDkim.some(({ result }) => result === "pass")) return signed;
  const made = signed.signings.filter((signing): signing is Made => signing.result === "signed");
  if (made.length === 0 || (bank.signed_header_fields["authentication-results"] ?? 0) > 0) return signed;
  const authservId = bank.myauthservid ?? bank.myhostname;
  const last = ofDkim.at(-1);
  const findings = facts.findings.flatMap((finding) => {
    if (isUnsigned(finding)) return made.map(assumed);
    return finding === last ? [finding, ...made.map(assumed)] : finding;
  });
  const better = formatAuthenticationResults(authservId, findings);
  return {
    ...signed,
    leaving: signed.leaving.map((leaves) => {
      const { add } = leaves.edits;
      if (!add.some(isOfResults)) return leaves;
      return { ...leaves, edits: { ...leaves.edits, add: add.map((field) => (isOfResults(field) ? better : field)) } };
    }),
  };
}

/** Of the fields that we put on a mail one at most is of this name. */
function isOfResults(field: string): boolean {
  return field.startsWith("Authentication-Results:");
}

function isUnsigned({ method, result }: Finding): boolean {
  return method === "dkim" && result === "none";
}

function assumed({ domain, selector, algorithm }: Made): Finding {
  const header = (name: string, value: string): FindingProperty => ({ type: "header", name, value });
  return {
    method: "dkim",
    result: "pass",
    comment: "just generated, assumed good",
    properties: [header("d", domain), header("s", selector), header("a", algorithm)],
  };
}
