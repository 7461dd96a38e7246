// Which fields of a header are signatures, and what the main thread must fetch and hash for them. Cheap: tag lists
// are read, nothing is hashed or verified.
import type { BodyDigestSpec } from "../mail/digest.ts";
import { fieldBody, type HeaderField } from "../mail/header.ts";
import {
  type DomainKeysSignature,
  domainKeysDigest,
  parseDomainKeysSignature,
  signedFieldsBelow,
} from "./domainkeys.ts";
import type { SignatureField, VerifyPolicy } from "./engine.ts";
import { type DkimSignature, type ParsedSignature, parseDkimSignature } from "./signature.ts";

/** A signature field as it was read. */
export type Candidate = { readonly index: number } & (
  | { readonly kind: "dkim"; readonly parsed: ParsedSignature<DkimSignature> }
  | { readonly kind: "domainkeys"; readonly parsed: ParsedSignature<DomainKeysSignature> }
);

/** Each DomainKeys signature hashes the whole body for itself; nobody has sent more than two since 2007. */
const maxDomainKeys = 3;

/**
 * The signature fields to be judged, top to bottom, at most `maxSignatures`; `keyName` is set for the first
 * `maxKeys` different names of those that can be judged at all. Fields beyond are left to `verifyMessage`.
 */
export function readSignatureFields(
  fields: readonly HeaderField[],
  policy: Pick<VerifyPolicy, "domainKeys" | "maxSignatures" | "maxKeys">,
): readonly SignatureField[] {
  const candidates = readCandidates(fields, policy.domainKeys, policy.maxSignatures);
  const judged = withinLimits(candidates, policy);
  return candidates.map((candidate) => ({
    kind: candidate.kind,
    index: candidate.index,
    keyName: judged.has(candidate) ? keyNameOf(candidate) : undefined,
    digest: judged.has(candidate) ? digestOf(candidate, fields) : undefined,
  }));
}

/** The candidates that are worth a key and fit the limits; what is left out is broken or too much. */
export function withinLimits(
  candidates: readonly Candidate[],
  policy: Pick<VerifyPolicy, "maxSignatures" | "maxKeys">,
): ReadonlySet<Candidate> {
  const judged = new Set<Candidate>();
  const names = new Set<string>();
  let domainKeys = 0;
  for (const candidate of candidates.slice(0, policy.maxSignatures)) {
    const name = keyNameOf(candidate);
    if (name === undefined || (names.size === policy.maxKeys && !names.has(name))) continue;
    if (candidate.kind === "domainkeys") {
      domainKeys += 1;
      if (domainKeys > maxDomainKeys) continue;
    }
    names.add(name);
    judged.add(candidate);
  }
  return judged;
}

/** Reads at most `limit` signature fields, top to bottom. */
export function readCandidates(fields: readonly HeaderField[], domainKeys: boolean, limit = Infinity): Candidate[] {
  const candidates: Candidate[] = [];
  for (let index = 0; index < fields.length && candidates.length < limit; index += 1) {
    const field = fields[index];
    if (field?.name === "dkim-signature") {
      candidates.push({ index, kind: "dkim", parsed: parseDkimSignature(fieldBody(field.raw)) });
    } else if (domainKeys && field?.name === "domainkey-signature") {
      candidates.push({ index, kind: "domainkeys", parsed: parseDomainKeysSignature(fieldBody(field.raw)) });
    }
  }
  return candidates;
}

/** Where the key is (RFC 6376 section 3.6.2.1), or undefined when the signature cannot be used anyway. */
export function keyNameOf({ parsed }: Candidate): string | undefined {
  return parsed.signature && `${parsed.signature.selector}._domainkey.${parsed.signature.domain}`;
}

/** The digest a signature needs; undefined when it cannot be used anyway. */
export function digestOf(candidate: Candidate, fields: readonly HeaderField[]): BodyDigestSpec | undefined {
  if (candidate.kind === "dkim") return candidate.parsed.signature?.digest;
  const { signature } = candidate.parsed;
  return signature && domainKeysDigest(signedFieldsBelow(fields, candidate.index, signature), signature);
}
