// Makes DKIM-Signature fields (RFC 6376 section 5): a pure function of the message, the requests and their keys.
// Whether, for whom and with which options a mail is signed was decided before.
import { hash, sign as makeSignature } from "node:crypto";
import type { BodyDigestSpec } from "../mail/digest.ts";
import { splitHeader } from "../mail/header.ts";
import { findDigest, readDigests } from "./body-hash.ts";
import type { SignJob, SignRequest } from "./engine.ts";
import { FieldIndex } from "./field-index.ts";
import { layOutSignature } from "./signature-layout.ts";
import { listSignedFields } from "./signed-fields.ts";

/** The body digest a signature needs: always of the whole body, l= is never made. */
export function digestSpecOf(request: Pick<SignRequest, "bodyCanonicalization">): BodyDigestSpec {
  return { canonicalization: request.bodyCanonicalization, hash: "sha256" };
}

/**
 * Whole DKIM-Signature fields with folding and CRLF, one per request, in order; none covers another. Linear in header
 * and body. Throws only for what is a fault of ours: a key of the wrong type, a digest that was not made.
 */
export function signMessage({ header, body, requests }: SignJob): string[] {
  // Every field counts, however many: what is left out here could be added by anybody.
  const { fields } = splitHeader(header, { maxBytes: Infinity, maxFields: Infinity, maxLines: Infinity });
  const index = new FieldIndex(fields);
  const digests = readDigests(body, requests.map(digestSpecOf));
  return requests.map((request) => {
    const list = listSignedFields(fields, request.signedFields);
    const { digest } = findDigest(digests, digestSpecOf(request));
    const layout = layOutSignature(request, list, asBase64(digest));
    const own = Buffer.from(layout.unsigned, "latin1");
    const octets = index.signedOctets(list, request.headerCanonicalization, own);
    return layout.withValue(asBase64(sign(octets, request)));
  });
}

function sign(octets: Buffer, { algorithm, privateKey }: SignRequest): Buffer {
  const type = algorithm === "ed25519-sha256" ? "ed25519" : "rsa";
  if (privateKey.asymmetricKeyType !== type) throw new Error(`${algorithm} needs a key of type ${type}`);
  // Ed25519 signs the SHA-256 digest, not the octets themselves (RFC 8463 section 3).
  return type === "ed25519"
    ? makeSignature(null, hash("sha256", octets, "buffer"), privateKey)
    : makeSignature("sha256", octets, privateKey);
}

function asBase64(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength).toString("base64");
}
