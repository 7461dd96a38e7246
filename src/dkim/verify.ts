// Judges the signatures of one message (RFC 6376 section 6): a pure function of the message, the key records that
// were fetched for it and the time. Says for each signature whether it holds and if not, why not.
import type { BodyDigest, BodyDigestSpec } from "../mail/digest.ts";
import { type HeaderField, isUnread, splitHeader } from "../mail/header.ts";
import type { Answer } from "../rr/answer.ts";
import { findDigest, readDigests } from "./body-hash.ts";
import type { Verification, VerifyJob, VerifyPolicy } from "./engine.ts";
import { type Failure, failures } from "./failure.ts";
import { FieldIndex } from "./field-index.ts";
import { judgeDkim } from "./judge-dkim.ts";
import { judgeDomainKeys } from "./judge-domainkeys.ts";
import { chooseKeys } from "./key-choice.ts";
import type { KeyCache, KeyRecord } from "./key-record.ts";
import { type Candidate, digestOf, keyNameOf, readCandidates, withinLimits } from "./signature-fields.ts";
import { unsignedInstances } from "./unsigned-instances.ts";

/** A signature that has what it takes to be judged: what came before the arithmetic is done. */
interface Ready {
  readonly keys: readonly KeyRecord[];
  readonly digest: BodyDigestSpec;
}

/** What came of one signature. */
interface Judgement {
  readonly failure: Failure | undefined;
  readonly key?: KeyRecord;
  readonly digest?: BodyDigest;
}

type Draft = { -readonly [K in keyof Verification]: Verification[K] };

/**
 * One verification per signature field, top to bottom. Never throws for anything a message or a key record can hold;
 * linear in header and body. A header beyond the limits of `splitHeader` is not judged
 * ("header-too-large"); with a line that is no field nothing passes ("no-field-name").
 */
export function verifyMessage(job: VerifyJob, keyCache?: KeyCache): Verification[] {
  const { fields, cut } = splitHeader(job.header);
  const candidates = readCandidates(fields, job.policy.domainKeys);
  if (candidates.length === 0) return [];
  const index = new FieldIndex(fields);
  if (isUnread(cut)) {
    return candidates.map((candidate) => report(candidate, { failure: "header-too-large" }, index));
  }

  const judged = withinLimits(candidates, fields, job.policy);
  const answers = new Map(job.keys);
  const prepared = candidates.map((candidate) => ({
    candidate,
    ready: judged.has(candidate)
      ? prepare(candidate, fields, answers.get(keyNameOf(candidate) ?? ""), job, keyCache)
      : (candidate.parsed.failure ?? "too-many-signatures"),
  }));
  // Only signatures that got as far as to have a key cost a hash.
  const specs: BodyDigestSpec[] = [];
  for (const { ready } of prepared) if (typeof ready !== "string") specs.push(ready.digest);
  const digests = readDigests(job.body, specs);
  return prepared.map(({ candidate, ready }) => {
    if (typeof ready === "string") return report(candidate, { failure: ready }, index);
    const judgement = judge(candidate, ready.keys, findDigest(digests, ready.digest), index, job.policy);
    const isHeldBack = cut === "no-field-name" && holds(judgement.failure);
    return report(candidate, isHeldBack ? { ...judgement, failure: cut } : judgement, index);
  });
}

/** All that can be said before anything is hashed. */
function prepare(
  candidate: Candidate,
  fields: readonly HeaderField[],
  answer: Answer<"TXT"> | undefined,
  { now, policy }: VerifyJob,
  keyCache: KeyCache | undefined,
): Ready | Failure {
  const digest = digestOf(candidate, fields);
  if (answer === undefined || digest === undefined) return "too-many-signatures";
  if (candidate.kind === "dkim") {
    const { signedAt, expiresAt } = candidate.parsed.facts;
    if (expiresAt !== undefined && now > expiresAt + policy.driftSeconds) return "expired";
    if (signedAt !== undefined && signedAt > now + policy.driftSeconds) return "signed-in-the-future";
  }
  const keys = chooseKeys(answer, keyCache);
  return typeof keys === "string" ? keys : { keys, digest };
}

/** Tries the keys that the name has: the first with which the signature holds counts, else what the first one said. */
function judge(
  candidate: Candidate,
  keys: readonly KeyRecord[],
  digest: BodyDigest,
  index: FieldIndex,
  policy: VerifyPolicy,
): Judgement {
  let first: Judgement | undefined;
  for (const key of keys) {
    const failure = judgeWithKey(candidate, key, digest, index, policy);
    if (holds(failure)) return { failure, key, digest };
    first ??= { failure, key };
  }
  return first ?? { failure: "no-key" };
}

function judgeWithKey(
  { kind, index: place, parsed }: Candidate,
  key: KeyRecord,
  digest: BodyDigest,
  index: FieldIndex,
  policy: VerifyPolicy,
): Failure | undefined {
  if (parsed.signature === undefined) return parsed.failure;
  return kind === "dkim"
    ? judgeDkim(place, parsed.signature, key, digest, index, policy)
    : judgeDomainKeys(place, parsed.signature, key, digest, index);
}

/** What is refused by rule alone holds all the same. */
function holds(failure: Failure | undefined): boolean {
  return failure === undefined || failures[failure] === "policy";
}

function report({ kind, parsed }: Candidate, { failure, key, digest }: Judgement, index: FieldIndex): Verification {
  const unsigned =
    kind === "dkim" && key !== undefined && parsed.signature !== undefined && holds(failure)
      ? unsignedInstances(index, parsed.signature.signedFields)
      : [];
  const { domain, selector, algorithm, identity, b, signedAt, expiresAt, missingTag } = parsed.facts;
  const result = failure === undefined ? "pass" : failures[failure];
  const verification: Draft = { kind, result, domain, selector, algorithm, identity, b };
  if (signedAt !== undefined) verification.signedAt = signedAt;
  if (expiresAt !== undefined) verification.expiresAt = expiresAt;
  if (failure !== undefined) verification.reason = failure;
  if (failure === "missing-tag" && missingTag !== undefined) verification.missingTag = missingTag;
  if (key !== undefined) verification.keyBits = key.bits;
  if (key?.testing) verification.testing = true;
  if (unsigned.length > 0) verification.unsignedInstances = unsigned;
  if (failure === undefined && digest !== undefined) verification.canonicalBytes = digest.canonicalBytes;
  return verification;
}
