// What a check found, in the words of RFC 8601; printed as one method of an Authentication-Results field.

/** Result words of RFC 8601 section 2.7, SPF's included. */
export type AuthResult = "none" | "pass" | "fail" | "softfail" | "policy" | "neutral" | "temperror" | "permerror";

/** One `ptype.property=value` (RFC 8601 section 2.2), in the order in which it is printed. */
export interface FindingProperty {
  readonly type: "smtp" | "header" | "body" | "policy";
  readonly name: string;
  readonly value: string;
}

export interface Finding {
  /** "dkim", "domainkeys", "spf", "dmarc", "arc". */
  readonly method: string;
  readonly result: AuthResult;
  /** From a closed list per method; good for a rule, a metric label and a documentation anchor alike. */
  readonly reason?: string;
  /** A comment made by us, never from mail: "2048-bit key". */
  readonly comment?: string;
  readonly properties: readonly FindingProperty[];
  /** SPF: the term of the record that decided. As evaluation for explanations only. */
  readonly matched?: string;
  /** DMARC: what it was evaluated by. For explanations; not printed in the field. */
  readonly evaluation?: EvaluatedPolicy;
}

export interface EvaluatedPolicy {
  /** Where the applied record stands, and what it says for the author's domain; absent where there is none. */
  readonly policyDomain?: string;
  readonly policy?: "none" | "quarantine" | "reject";
  readonly spfAligned: boolean;
  readonly dkimAligned: boolean;
}
