// Which fields of a header are signatures, and what the main thread must fetch and hash for them. Cheap: tag lists
// are read, nothing is hashed or verified.
import type { BodyDigestSpec } from "../mail/digest.ts";
import { fieldBody, type HeaderField } from "../mail/header.ts";
import { authorsFirst } from "./authors-first.ts";
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
 * The signature fields, top to bottom. `keyName` and `digest` are set for those to be judged: of the usable ones, those
 * of the authors' domains before others, the first `maxSignatures`, as far as their keys are among the first `maxKeys`
 * different ones.
 */
export function readSignatureFields(
  fields: readonly HeaderField[],
  policy: Pick<VerifyPolicy, "domainKeys" | "maxSignatures" | "maxKeys">,
): readonly SignatureField[] {
  const candidates = readCandidates(fields, policy.domainKeys);
  if (candidates.length === 0) return [];
  const judged = withinLimits(candidates, fields, policy);
  return candidates.map((candidate) => ({
    kind: candidate.kind,
    index: candidate.index,
    keyName: judged.has(candidate) ? keyNameOf(candidate) : undefined,
    digest: judged.has(candidate) ? digestOf(candidate, fields) : undefined,
    bodyHash: candidate.kind === "dkim" ? candidate.parsed.signature?.bodyHash : undefined,
  }));
}

/** The candidates that are worth a key and fit the limits; what is left out is broken or too much. */
export function withinLimits(
  candidates: readonly Candidate[],
  fields: readonly HeaderField[],
  policy: Pick<VerifyPolicy, "maxSignatures" | "maxKeys">,
): ReadonlySet<Candidate> {
  const judged = new Set<Candidate>();
  const names = new Set<string>();
  let domainKeys = 0;
  let lookedAt = 0;
  const mayBeTooMany = candidates.length > Math.min(policy.maxSignatures, policy.maxKeys);
  for (const candidate of mayBeTooMany ? authorsFirst(candidates, fields) : candidates) {
    const name = keyNameOf(candidate);
    // What cannot be used costs nothing and takes nobody's place.
    if (name === undefined) continue;
    lookedAt += 1;
    if (lookedAt > policy.maxSignatures) break;
    if (names.size === policy.maxKeys && !names.has(name)) continue;
    if (candidate.kind === "domainkeys") {
      domainKeys += 1;
      if (domainKeys > maxDomainKeys) continue;
    }
    names.add(name);
    judged.add(candidate);
  }
  return judged;
}

/** Reads all signature fields, top to bottom. */
export function readCandidates(fields: readonly HeaderField[], domainKeys: boolean): Candidate[] {
  const candidates: Candidate[] = [];
  let index = 0;
  for (const { name, raw } of fields) {
    if (name === "dkim-signature") {
      candidates.push({ index, kind: "dkim", parsed: parseDkimSignature(fieldBody(raw)) });
    } else if (domainKeys && name === "domainkey-signature") {
      candidates.push({ index, kind: "domainkeys", parsed: parseDomainKeysSignature(fieldBody(raw)) });
    }
    index += 1;
  }
  return candidates;
}

/** Where the key is, or undefined when the signature cannot be used anyway. */
export function keyNameOf({ parsed }: Candidate): string | undefined {
  return parsed.signature?.keyName;
}

/** The digest a signature needs; undefined when it cannot be used anyway. */
export function digestOf(candidate: Candidate, fields: readonly HeaderField[]): BodyDigestSpec | undefined {
  if (candidate.kind === "dkim") return candidate.parsed.signature?.digest;
  const { signature } = candidate.parsed;
  return signature && domainKeysDigest(signedFieldsBelow(fields, candidate.index, signature), signature);
}
