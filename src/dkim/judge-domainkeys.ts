// Judges one DomainKeys signature with one key (RFC 4870 section 3.5). RFC 8301 does not speak of DomainKeys: its
// hash and most of its keys are weak by nature, so who lets it count for anything looks at `keyBits` too.
import { publicDecrypt } from "node:crypto";
import type { BodyDigest } from "../mail/digest.ts";
import { type DomainKeysSignature, matchesGranularity, senderLocalPart, signedFieldsBelow } from "./domainkeys.ts";
import type { Failure } from "./failure.ts";
import type { FieldIndex } from "./field-index.ts";
import { forbids, type KeyRecord } from "./key-record.ts";

/** DigestInfo of SHA-1 up to the digest (RFC 8017 section 9.2, note 1). */
const sha1Prefix = Buffer.from("3021300906052b0e03021a05000414", "hex");

/** Why the signature in the field at `place` does not pass, or undefined when it does. */
export function judgeDomainKeys(
  place: number,
  signature: DomainKeysSignature,
  key: KeyRecord,
  { digest }: BodyDigest,
  index: FieldIndex,
): Failure | undefined {
  const failure = forbids(key, { type: "rsa", hash: "sha1", subdomainIdentity: false });
  if (failure !== undefined) return failure;
  const sender = senderLocalPart(signedFieldsBelow(index.fields, place, signature), signature);
  if ("failure" in sender) return sender.failure;
  if (!matchesGranularity(key.granularity, sender.localPart)) return "key-granularity-mismatch";
  // The digest over header and body is there already, so the signature is opened and compared by hand.
  const opened = openRsa(key, Buffer.from(signature.value, "base64"));
  return opened?.equals(Buffer.concat([sha1Prefix, digest])) ? undefined : "signature-mismatch";
}

function openRsa({ publicKey }: KeyRecord, value: Buffer): Buffer | undefined {
  try {
    return publicDecrypt(publicKey, value);
  } catch {
    // Wrong length or padding: not made with this key.
    return undefined;
  }
}
