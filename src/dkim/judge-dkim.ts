// Judges one DKIM signature with one key (RFC 6376 section 6.1.3): does it hold, and if so, does it count.
import { hash, verify as verifySignature } from "node:crypto";
import type { BodyDigest } from "../mail/digest.ts";
import type { VerifyPolicy } from "./engine.ts";
import type { Failure } from "./failure.ts";
import type { FieldIndex } from "./field-index.ts";
import { forbids, type KeyRecord } from "./key-record.ts";
import type { DkimSignature } from "./signature.ts";
import { unsignedInstances } from "./unsigned-instances.ts";

/** RFC 8301 section 3.2 asks verifiers for keys up to this. */
const maxUsualKeyBits = 4096;

/** Why the signature in the field at `place` does not pass, or undefined when it does. */
export function judgeDkim(
  place: number,
  signature: DkimSignature,
  key: KeyRecord,
  digest: BodyDigest,
  index: FieldIndex,
  policy: VerifyPolicy,
): Failure | undefined {
  const use = {
    type: signature.algorithm === "ed25519-sha256" ? "ed25519" : "rsa",
    hash: signature.digest.hash,
    subdomainIdentity: signature.identityDomain !== signature.domain,
  } as const;
  return (
    forbids(key, use) ??
    compareBody(signature, digest) ??
    compareHeader(place, signature, key, index) ??
    // Only what holds can be held back: an altered mail is altered, however weak its key.
    signature.reservation ??
    findWeakness(signature, key, digest, policy)
  );
}

function compareBody(signature: DkimSignature, { digest, length, canonicalBytes }: BodyDigest): Failure | undefined {
  // l= MUST NOT be larger than the body (RFC 6376 section 3.5).
  if (length !== undefined && length > canonicalBytes) return "body-shorter-than-signed";
  // Only drafts come without: their header is still compared, and `reservation` keeps them from passing.
  if (signature.bodyHash === undefined) return undefined;
  return Buffer.from(signature.bodyHash, "base64").equals(digest) ? undefined : "body-hash-mismatch";
}

function compareHeader(
  place: number,
  signature: DkimSignature,
  { publicKey }: KeyRecord,
  index: FieldIndex,
): Failure | undefined {
  const { headerCanonicalization, algorithm } = signature;
  const own = withoutValue(index.fields[place]?.raw ?? new Uint8Array(0), signature);
  const octets = index.signedOctets(signature.signedFields, headerCanonicalization, own);
  const value = Buffer.from(signature.value, "base64");
  // Ed25519 signs the SHA-256 digest, not the octets themselves (RFC 8463 section 3).
  const holds =
    algorithm === "ed25519-sha256"
      ? verifySignature(null, hash("sha256", octets, "buffer"), publicKey, value)
      : verifySignature(signature.digest.hash, octets, publicKey, value);
  if (holds) return undefined;
  // More From fields than are signed: which one was meant cannot be known (RFC 6376 sections 3.8 and 8.15).
  const isAmbiguous = unsignedInstances(index, signature.signedFields).includes("from");
  return isAmbiguous ? "two-from-fields" : "signature-mismatch";
}

/** The signature's own field with b= emptied, all white space of the value included (RFC 6376 section 3.7). */
function withoutValue(field: Uint8Array, { valueTag }: DkimSignature): Uint8Array {
  const body = field.indexOf(58) + 1;
  return Buffer.concat([field.subarray(0, body + valueTag.start), field.subarray(body + valueTag.end)]);
}

/** Why a signature that holds is not to count. */
function findWeakness(
  { algorithm }: DkimSignature,
  key: KeyRecord,
  { length, canonicalBytes }: BodyDigest,
  policy: VerifyPolicy,
): Failure | undefined {
  // RFC 8301 section 3.1.
  if (algorithm === "rsa-sha1" && policy.rsaSha1 === "policy") return "weak-algorithm";
  // RFC 8301 section 3.2.
  if (key.type === "rsa" && key.bits < policy.minimumKeyBits) return "weak-key";
  if (key.bits > maxUsualKeyBits) return "key-too-long";
  // Anything may have been added behind what l= covers (RFC 6376 section 8.2).
  const isPartial = length !== undefined && length < canonicalBytes;
  return isPartial && policy.partialBody === "policy" ? "body-not-fully-signed" : undefined;
}
