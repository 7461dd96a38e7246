// Which body digests a mail needs, and what came out (RFC 6376 section 3.7).

export type Canonicalization = "simple" | "relaxed";
/** "nofws" is DomainKeys' (RFC 4870 section 3.4.2.2). */
export type BodyCanonicalization = Canonicalization | "nofws";
export type HashAlgorithm = "sha256" | "sha1";

export interface BodyDigestSpec {
  readonly canonicalization: BodyCanonicalization;
  readonly hash: HashAlgorithm;
  /** l=: octets of the canonicalized body that count; absent = all. */
  readonly length?: number;
  /**
   * DomainKeys only: the canonicalized header, which is hashed in one go with the body (RFC 4870 section 3.4.2).
   * With it, the empty line between header and body counts as the body's first, and an empty body adds nothing.
   */
  readonly prefix?: Uint8Array;
}

export interface BodyDigest extends BodyDigestSpec {
  readonly digest: Uint8Array;
  /** Octets of the whole canonicalized body, to see whether l= left some out. */
  readonly canonicalBytes: number;
}

/** The body for a job: its octets, or digests that were made while it arrived. */
export type BodySource = { readonly chunks: readonly Uint8Array[] } | { readonly digests: readonly BodyDigest[] };

/** Whether two specs ask for the same digest. */
export function isSameSpec(a: BodyDigestSpec, b: BodyDigestSpec): boolean {
  return isSamePass(a, b) && a.hash === b.hash && a.length === b.length;
}

/** Whether one run of one canonicalization serves both. */
export function isSamePass(a: BodyDigestSpec, b: BodyDigestSpec): boolean {
  if (a.canonicalization !== b.canonicalization) return false;
  if (a.prefix === b.prefix) return true;
  return a.prefix !== undefined && b.prefix !== undefined && Buffer.compare(a.prefix, b.prefix) === 0;
}
