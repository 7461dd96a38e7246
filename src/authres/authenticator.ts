// The contract between the main thread and the code that evaluates SPF and ARC: jobs in, plain results out. Everything here
// survives a structured clone. What the results are worth is decided by others.
import type { KeyObject } from "node:crypto";
import type { BodySource } from "../mail/digest.ts";
import type { Resolve } from "../rr/answer.ts";
import type { KnownAnswer } from "../rr/known-answers.ts";
import type { AuthResult } from "./finding.ts";

/** Who brought the mail (RFC 7208 section 4.1). */
export interface SpfJob {
  /** Client address. */
  readonly address: string;
  readonly helo: string;
  /** Reverse-path without angle brackets, one character per octet; "" = the null reverse-path, judged by HELO. */
  readonly sender: string;
  /** Our own host name. */
  readonly receiver: string;
  /** Answers that are known already; the DNS is asked for the rest. */
  readonly known?: readonly KnownAnswer[];
}

export type SpfReason =
  | "too-many-lookups"
  | "too-many-void-lookups"
  | "record-error"
  | "dns-error"
  | "time-limit"
  | "internal-error";

export interface SpfReport {
  readonly result: Exclude<AuthResult, "policy">;
  readonly reason?: SpfReason;
  /** Which identity was checked (RFC 7208 section 2.3, 2.4). */
  readonly identity: "mailfrom" | "helo";
  /** Its domain: A-labels in lower case, "" where it is none. */
  readonly domain: string;
  /** The term of the record that decided, "-all", "ip4:192.0.2.0/24"; behind an include what matched there. Absent where none did. */
  readonly matched?: string;
}

export interface ArcJob {
  /** The header section as received. */
  readonly header: Uint8Array;
  /** The body, or the digests that `arcDigestSpecs` names. */
  readonly body: BodySource;
  /** Epoch seconds. */
  readonly now: number;
  readonly minimumKeyBits: number;
  /** Clock drift granted to t= and x=, seconds. */
  readonly driftSeconds: number;
}

export type ArcReason =
  | "header-too-large"
  | "no-field-name"
  | "too-many-sets"
  | "broken-sequence"
  | "duplicate-field"
  | "missing-field"
  | "syntax"
  | "unsupported-algorithm"
  | "chain-failed"
  | "expired"
  | "signed-in-the-future"
  | "seal-mismatch"
  | "message-signature-mismatch"
  | "body-not-fully-signed"
  | "weak-key"
  | "key-error"
  | "dns-error"
  | "internal-error";

/** One ARC set, as far as it can be read. */
export interface ArcSet {
  readonly instance: number;
  /** d= of the seal, lower case. */
  readonly sealer: string;
  /** What its ARC-Authentication-Results says of DMARC: "pass", "fail", …; absent when it says nothing. */
  readonly dmarc?: string;
  /** These results have not the form of the RFC: what they say cannot be known. */
  readonly isUnreadable?: true;
}

export interface ArcReport {
  /** "temperror": the DNS did not answer; "permerror": not looked at, see `reason`. Both are no cv= value. */
  readonly result: "none" | "pass" | "fail" | "temperror" | "permerror";
  readonly reason?: ArcReason;
  /** Oldest first; empty unless the chain passed. */
  readonly sets: readonly ArcSet[];
}

/** An ARC set to be made (RFC 8617 section 5.1). */
export interface SealJob {
  /** The header section as it leaves, earlier ARC sets included. */
  readonly header: Uint8Array;
  /** The body, or its relaxed sha256 digest. */
  readonly body: BodySource;
  /** What verifying the chain gave on arrival. */
  readonly chain: "none" | "pass" | "fail";
  /** What follows "i=N; " in ARC-Authentication-Results: `formatResults` of our findings. */
  readonly authenticationResults: string;
  /** h=, in lower case; left out, what DKIM signs by default and the DKIM signatures. Never ARC's own fields. */
  readonly signedFields?: readonly string[];
  readonly domain: string;
  readonly selector: string;
  readonly privateKey: KeyObject;
  /** t=, epoch seconds. */
  readonly signedAt: number;
}

/**
 * "chain-failed": the newest set says cv=fail, nothing may follow (RFC 8617 section 5.1.2); "chain-unknown": there are
 * sets that nobody verified; "too-many-sets": there are 50.
 */
export type SealRefusal =
  | "chain-failed"
  | "chain-unknown"
  | "too-many-sets"
  | "no-author"
  | "key-error"
  | "header-too-large"
  | "no-field-name"
  | "internal-error";

export type SealReport =
  /** Whole fields with their CRLF, to be put on top in this order: ARC-Seal, -Message-Signature, -Authentication-Results. */
  | { readonly result: "sealed"; readonly fields: readonly string[] }
  | { readonly result: "refused"; readonly reason: SealRefusal };

/**
 * None of these rejects: what breaks is a result. `resolve` answers what this job asks of the DNS, so that it counts for
 * the mail it is done for; without it the authenticator's own does.
 */
export interface Authenticator {
  spf(job: SpfJob, resolve?: Resolve): Promise<SpfReport>;
  arc(job: ArcJob, resolve?: Resolve): Promise<ArcReport>;
  seal(job: SealJob): Promise<SealReport>;
}

/** The same as one message each, for worker threads; `id` stands in the questions they ask. */
export type AuthenticatorJob = { readonly id: number } & (
  | ({ readonly kind: "spf" } & SpfJob)
  | ({ readonly kind: "arc" } & ArcJob)
  | ({ readonly kind: "seal" } & SealJob)
);
