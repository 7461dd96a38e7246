// Bodies that a canonicalization leaves as they are (RFC 6376 section 3.4): most mail, and then the digest that a signature
// holds for is that of the octets themselves.
import type { BodyDigestSpec } from "../mail/digest.ts";
import { RelaxedBody } from "./relaxed-body.ts";
import { maxTextOctets } from "./relaxed-text.ts";

const lineEnd = Buffer.from("\r\n");

/**
 * Whether the digest that `spec` describes is the SHA-256 of `chunks` as they are. Also false where it is dear to find out: for a body
 * of several chunks, or beyond `maxTextOctets`.
 */
export function isDigestOfOctets(
  { canonicalization, hash, length, prefix }: BodyDigestSpec,
  chunks: readonly Uint8Array[],
): boolean {
  const [chunk, ...more] = chunks;
  if (chunk === undefined || more.length > 0 || chunk.length > maxTextOctets) return false;
  if (hash !== "sha256" || length !== undefined || prefix !== undefined) return false;
  if (canonicalization === "simple") return endsWithOneLineEnd(chunk);
  return canonicalization === "relaxed" && endsWithOneLineEnd(chunk) && isRelaxed(chunk);
}

function endsWithOneLineEnd(octets: Uint8Array): boolean {
  const end = octets.length;
  if (end < 3 || !lineEnd.equals(octets.subarray(end - 2))) return false;
  return end < 4 || !lineEnd.equals(octets.subarray(end - 4, end - 2));
}

function isRelaxed(octets: Uint8Array): boolean {
  let at = 0;
  let isSame = true;
  // Compared piece by piece: their memory is used again.
  const body = new RelaxedBody({
    write(piece) {
      isSame &&=
        at + piece.length <= octets.length && Buffer.compare(piece, octets.subarray(at, at + piece.length)) === 0;
      at += piece.length;
    },
  });
  body.update(octets);
  body.end();
  return isSame && at === octets.length;
}
