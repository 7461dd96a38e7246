// Judges the signatures of one message (RFC 6376 section 6): a pure function of the message, the key records that
// were fetched for it and the time. Says for each signature whether it holds and if not, why not.
import { createHash, publicDecrypt, verify as verifySignature } from "node:crypto";
import type { BodyDigest, BodyDigestSpec, BodySource } from "../mail/digest.ts";
import { type HeaderField, splitHeader } from "../mail/header.ts";
import type { Answer } from "../rr/answer.ts";
import { createBodyHasher, isSameSpec } from "./body-hash.ts";
import { canonicalizeField, fieldText } from "./canonical-header.ts";
import { matchesGranularity, senderLocalPart, signedFieldsBelow } from "./domainkeys.ts";
import type { Verification, VerifyJob, VerifyPolicy } from "./engine.ts";
import { type Failure, failures } from "./failure.ts";
import { FieldIndex } from "./field-index.ts";
import { chooseKeys } from "./key-choice.ts";
import { forbids, type KeyCache, type KeyRecord } from "./key-record.ts";
import type { DkimSignature } from "./signature.ts";
import { type Candidate, digestOf, keyNameOf, readCandidates, withinLimits } from "./signature-fields.ts";
import { unsignedInstances } from "./unsigned-instances.ts";

/** RFC 8301 section 3.2 asks verifiers for keys up to this. */
const maxUsualKeyBits = 4096;

/** What came of one signature. */
interface Judgement {
  readonly failure?: Failure;
  readonly key?: KeyRecord;
  readonly unsigned?: readonly string[];
}

/** A signature that has what it takes to be verified. */
interface Ready {
  readonly keys: readonly KeyRecord[];
  readonly digest: BodyDigestSpec;
}

/**
 * One verification per signature field, top to bottom. Never throws for anything a message or a key record can hold;
 * linear in header and body. A header beyond the limits of `splitHeader` is not judged ("header-too-large").
 */
export function verifyMessage(job: VerifyJob, keyCache?: KeyCache): Verification[] {
  const { fields, excess } = splitHeader(job.header);
  const candidates = readCandidates(fields, job.policy.domainKeys);
  if (candidates.length === 0) return [];
  if (excess !== undefined) return candidates.map((candidate) => report(candidate, { failure: "header-too-large" }));

  const judged = withinLimits(candidates, job.policy);
  const answers = new Map(job.keys);
  const preparations = candidates.map((candidate) =>
    prepare(candidate, fields, judged.has(candidate) ? answers : undefined, job, keyCache),
  );
  // Only signatures that got as far as to have a key cost a hash.
  const specs = preparations.flatMap((prepared) => (typeof prepared === "string" ? [] : [prepared.digest]));
  const digests = readDigests(job.body, specs);
  const index = new FieldIndex(fields);
  return candidates.map((candidate, i) => {
    const prepared = preparations[i];
    if (prepared === undefined) throw new Error("a signature was not prepared");
    if (typeof prepared === "string") return report(candidate, { failure: prepared });
    const digest = digests.find((other) => isSameSpec(other, prepared.digest));
    if (digest === undefined) throw new Error("a body digest that a signature needs was not made");
    return report(candidate, judge(candidate, prepared.keys, digest, index, job.policy));
  });
}

/** All that can be said before anything is hashed. */
function prepare(
  candidate: Candidate,
  fields: readonly HeaderField[],
  answers: ReadonlyMap<string, Answer<"TXT">> | undefined,
  { now, policy }: VerifyJob,
  keyCache: KeyCache | undefined,
): Ready | Failure {
  const { parsed } = candidate;
  if (parsed.failure !== undefined) return parsed.failure;
  const answer = answers?.get(keyNameOf(candidate) ?? "");
  const digest = digestOf(candidate, fields);
  if (answer === undefined || digest === undefined) return "too-many-signatures";
  if (candidate.kind === "dkim") {
    const { signedAt, expiresAt } = parsed.facts;
    if (expiresAt !== undefined && now > expiresAt + policy.driftSeconds) return "expired";
    if (signedAt !== undefined && signedAt > now + policy.driftSeconds) return "signed-in-the-future";
  }
  const keys = chooseKeys(answer, keyCache);
  return typeof keys === "string" ? keys : { keys, digest };
}

/** Tries the keys that the name has: the first that verifies counts, else what the first one said. */
function judge(
  candidate: Candidate,
  keys: readonly KeyRecord[],
  digest: BodyDigest,
  index: FieldIndex,
  policy: VerifyPolicy,
): Judgement {
  let first: Judgement | undefined;
  for (const key of keys) {
    const judgement = judgeWithKey(candidate, key, digest, index, policy);
    if (judgement.failure === undefined || failures[judgement.failure] === "policy") return judgement;
    first ??= judgement;
  }
  return first ?? { failure: "no-key" };
}

function judgeWithKey(
  candidate: Candidate,
  key: KeyRecord,
  digest: BodyDigest,
  index: FieldIndex,
  policy: VerifyPolicy,
): Judgement {
  if (candidate.kind === "domainkeys") return { key, ...judgeDomainKeys(candidate, key, digest, index) };
  const { signature } = candidate.parsed;
  if (signature === undefined) return { failure: "signature-syntax" };
  const use = {
    type: signature.algorithm === "ed25519-sha256" ? "ed25519" : "rsa",
    hash: signature.digest.hash,
    subdomainIdentity: signature.identityDomain !== signature.domain,
  } as const;
  const failure =
    forbids(key, use) ??
    holds(candidate.index, signature, key, digest, index) ??
    signature.reservation ??
    weakness(signature, key, digest, policy);
  if (failure !== undefined && failures[failure] !== "policy") return { key, failure };
  const unsigned = unsignedInstances(index, signature.signedFields);
  return failure === undefined ? { key, unsigned } : { key, unsigned, failure };
}

/** Whether body and header are what was signed (RFC 6376 section 6.1.3). */
function holds(
  place: number,
  signature: DkimSignature,
  key: KeyRecord,
  { digest, length, canonicalBytes }: BodyDigest,
  index: FieldIndex,
): Failure | undefined {
  // l= MUST NOT be larger than the body (RFC 6376 section 3.5).
  if (length !== undefined && length > canonicalBytes) return "body-shorter-than-signed";
  if (Buffer.compare(Buffer.from(signature.bodyHash, "base64"), digest) !== 0) return "body-hash-mismatch";

  const { headerCanonicalization, algorithm, value } = signature;
  const own = fieldText(index.fields[place]?.raw ?? new Uint8Array());
  const octets = Buffer.from(
    index.signedText(signature.signedFields, headerCanonicalization) +
      canonicalizeField(withoutValue(own, signature), headerCanonicalization),
    "latin1",
  );
  const valueOctets = Buffer.from(value, "base64");
  // Ed25519 signs the SHA-256 digest, not the octets themselves (RFC 8463 section 3).
  const holdsTrue =
    algorithm === "ed25519-sha256"
      ? verifySignature(null, createHash("sha256").update(octets).digest(), key.publicKey, valueOctets)
      : verifySignature(signature.digest.hash, octets, key.publicKey, valueOctets);
  if (holdsTrue) return undefined;
  // More From fields than are signed: which one was meant cannot be told (RFC 6376 sections 3.8 and 8.15).
  const isAmbiguous = unsignedInstances(index, signature.signedFields).includes("from");
  return isAmbiguous ? "several-from-fields" : "signature-mismatch";
}

/** The signature's own field with b= emptied, all white space of the value included (RFC 6376 section 3.7). */
function withoutValue(text: string, { valueTag }: DkimSignature): string {
  const body = text.indexOf(":") + 1;
  return text.slice(0, body + valueTag.start) + text.slice(body + valueTag.end);
}

/** Why a signature that holds is not to count. */
function weakness(
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
  if (policy.partialBody === "accept") return undefined;
  return length !== undefined && length < canonicalBytes ? "body-not-fully-signed" : undefined;
}

/** DigestInfo of SHA-1 up to the digest (RFC 8017 section 9.2, note 1). */
const sha1Prefix = Buffer.from("3021300906052b0e03021a05000414", "hex");

/** RFC 8301 does not speak of DomainKeys: its keys and hash are weak by nature, who counts it looks at `keyBits`. */
function judgeDomainKeys(
  { index: place, parsed }: Extract<Candidate, { kind: "domainkeys" }>,
  key: KeyRecord,
  { digest }: BodyDigest,
  index: FieldIndex,
): { readonly failure?: Failure } {
  const { signature } = parsed;
  if (signature === undefined) return { failure: "signature-syntax" };
  const failure = forbids(key, { type: "rsa", hash: "sha1", subdomainIdentity: false });
  if (failure !== undefined) return { failure };
  const sender = senderLocalPart(signedFieldsBelow(index.fields, place, signature), signature);
  if ("failure" in sender) return sender;
  if (!matchesGranularity(key.granularity, sender.localPart)) return { failure: "key-granularity-mismatch" };
  // The digest over header and body is there already, so the signature is opened and compared by hand.
  const opened = openRsa(key, Buffer.from(signature.value, "base64"));
  return opened?.equals(Buffer.concat([sha1Prefix, digest])) ? {} : { failure: "signature-mismatch" };
}

function openRsa(key: KeyRecord, value: Buffer): Buffer | undefined {
  try {
    return publicDecrypt(key.publicKey, value);
  } catch {
    // Wrong length or padding: not made with this key.
    return undefined;
  }
}

function readDigests(body: BodySource, specs: readonly BodyDigestSpec[]): readonly BodyDigest[] {
  if ("digests" in body || specs.length === 0) return "digests" in body ? body.digests : [];
  const hasher = createBodyHasher(specs);
  for (const chunk of body.chunks) hasher.update(chunk);
  return hasher.digest();
}

function report({ kind, parsed: { facts } }: Candidate, { failure, key, unsigned }: Judgement): Verification {
  return {
    kind,
    result: failure === undefined ? "pass" : failures[failure],
    ...facts,
    ...(failure !== undefined && { reason: failure }),
    ...(key !== undefined && { keyBits: key.bits }),
    ...(key?.testing && { testing: true }),
    ...(unsigned !== undefined && unsigned.length > 0 && { unsignedInstances: unsigned }),
  };
}
