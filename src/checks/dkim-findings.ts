// DKIM and DomainKeys verifications as findings, in the words of RFC 8601 section 2.7.1 and RFC 6008.
// Judging signatures is done in `dkim/`; this says how the judgement is reported.
import type { Finding, FindingProperty } from "../authres/finding.ts";
import type { Verification } from "../dkim/engine.ts";

/** More are not reported: one mail with a thousand signatures must not make a field of a thousand lines. */
const maxFindings = 20;

const nothingToVerify: readonly Finding[] = [{ method: "dkim", result: "none", properties: [] }];

/** One finding per signature, top to bottom; `dkim=none` when there was nothing to verify. */
export function dkimFindings(verifications: readonly Verification[]): readonly Finding[] {
  if (verifications.length === 0) return nothingToVerify;
  return verifications.slice(0, maxFindings).map(dkimFinding);
}

function dkimFinding(verification: Verification): Finding {
  const { kind, result, reason, domain, identity, selector, algorithm, b } = verification;
  const comment = commentOf(verification);
  const properties: FindingProperty[] = [];
  add(properties, "d", domain);
  // The default "@d" says nothing that header.d does not say.
  if (identity !== `@${domain}`) add(properties, "i", identity);
  add(properties, "s", selector);
  add(properties, "a", algorithm);
  add(properties, "b", b);
  // Findings are kept by the thousand: a copy of the list has room for just what it holds.
  const finding: { -readonly [K in keyof Finding]: Finding[K] } = {
    method: kind,
    result,
    properties: properties.slice(),
  };
  if (reason !== undefined) finding.reason = reason;
  if (comment !== "") finding.comment = comment;
  return finding;
}

function add(properties: FindingProperty[], name: string, value: string): void {
  if (value !== "") properties.push({ type: "header", name, value });
}

/** Our own words only: nothing that a mail or a key record holds goes into a comment. */
function commentOf({ keyBits, testing, unsignedInstances, missingTag }: Verification): string {
  if (missingTag !== undefined) return `no ${missingTag}=`;
  let text = keyBits === undefined ? "" : `${keyBits}-bit key`;
  if (testing === true) text = followed(text, "domain is testing");
  if (unsignedInstances !== undefined && unsignedInstances.length > 0) {
    text = followed(text, "unsigned instances of signed fields");
  }
  return text;
}

function followed(text: string, more: string): string {
  return text === "" ? more : `${text}, ${more}`;
}
