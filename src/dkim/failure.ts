// Why a signature does not pass: the closed list, with the result word each reason gives.
// These codes are log words, metric labels and anchors in docs/dkim.md alike, which says what to do about each.

/** Reason code to result word (RFC 8601 section 2.7.1; RFC 6376 section 6.1). */
export const failures = {
  // The signature field itself cannot be used.
  "signature-syntax": "permerror",
  "duplicate-tag": "permerror",
  "missing-tag": "permerror",
  "unsupported-version": "permerror",
  "unsupported-algorithm": "permerror",
  "unsupported-canonicalization": "permerror",
  "unsupported-query-method": "permerror",
  "invalid-domain": "permerror",
  "invalid-selector": "permerror",
  "invalid-identity": "permerror",
  "invalid-field-list": "permerror",
  "from-not-signed": "permerror",
  "invalid-body-length": "permerror",
  "invalid-timestamp": "permerror",
  expired: "permerror",
  "signed-in-the-future": "permerror",

  // The key cannot be had, or does not allow this signature.
  "key-lookup-failed": "temperror",
  "no-key": "permerror",
  "too-many-key-records": "permerror",
  "key-record-too-large": "permerror",
  "key-record-syntax": "permerror",
  "key-version": "permerror",
  "key-revoked": "permerror",
  "key-type-mismatch": "permerror",
  "key-hash-not-allowed": "permerror",
  "key-service-not-allowed": "permerror",
  "key-identity-not-allowed": "permerror",
  "key-syntax": "permerror",

  // The mail is not what was signed.
  "body-shorter-than-signed": "permerror",
  "body-hash-mismatch": "fail",
  "signature-mismatch": "fail",
  "missing-signature": "fail",
  "two-from-fields": "permerror",

  // It verifies, or might, but is not to count.
  "weak-algorithm": "policy",
  "weak-key": "policy",
  "key-too-long": "policy",
  "body-not-fully-signed": "policy",
  "too-many-signatures": "policy",
  "header-too-large": "policy",
  "no-field-name": "policy",

  // DomainKeys only (RFC 4870).
  "sender-not-signed": "permerror",
  "sender-domain-mismatch": "permerror",
  "key-granularity-mismatch": "permerror",
} as const satisfies Readonly<Record<string, "fail" | "policy" | "temperror" | "permerror">>;

/** Tags that a signature must have. */
export type TagName = "v" | "a" | "b" | "bh" | "d" | "h" | "s";

export type Failure = keyof typeof failures;
