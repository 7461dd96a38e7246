// Bodies that a canonicalization leaves as they are (RFC 6376 section 3.4): most mail, and then the digest that a signature
// holds for is that of the octets themselves.
import type { BodyDigestSpec } from "../mail/digest.ts";
import type { Body } from "../mail/message.ts";

const lineFeed = 10;
const carriageReturn = 13;
const tab = 9;

/**
 * Whether the digest that `spec` describes is the SHA-256 of the body as it is, of which `canonicalBytes` octets were hashed. Also
 * false of a body on disk, which is dear to look at.
 */
export function isDigestOfOctets(
  { canonicalization, hash, length, prefix }: BodyDigestSpec,
  canonicalBytes: number,
  body: Body,
): boolean {
  if (hash !== "sha256" || length !== undefined || prefix !== undefined || body.kind !== "memory") return false;
  const { chunks, sizeBytes } = body;
  // With its last line ended nothing is added, and of the same length nothing was taken away.
  if (canonicalBytes !== sizeBytes || !endsWithLineEnd(chunks)) return false;
  if (canonicalization === "simple") return true;
  // What is left to "relaxed" is to make a space of a tab.
  return canonicalization === "relaxed" && chunks.every((chunk) => !chunk.includes(tab));
}

function endsWithLineEnd(chunks: readonly Uint8Array[]): boolean {
  const last = chunks.at(-1);
  return last !== undefined && last.at(-1) === lineFeed && last.at(-2) === carriageReturn;
}
