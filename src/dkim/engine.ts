// The contract between the main thread and the code that does the DKIM arithmetic: jobs in, plain results out.
// Everything here survives a structured clone; nothing here looks at a clock, the DNS or a file.
import type { KeyObject } from "node:crypto";
import type { BodyDigest, BodyDigestSpec, BodySource, Canonicalization } from "../mail/digest.ts";
import type { Answer } from "../rr/answer.ts";
import type { Failure, TagName } from "./failure.ts";

export type Algorithm = "rsa-sha256" | "rsa-sha1" | "ed25519-sha256";

/** What verification holds against a signature; defaults in `defaultVerifyPolicy`. */
export interface VerifyPolicy {
  /** RSA keys below this are `policy` (RFC 8301 section 3.2); amavisd's dkim_minimum_key_bits. */
  readonly minimumKeyBits: number;
  /** rsa-sha1 is `policy` (RFC 8301 section 3.1) unless this says otherwise. */
  readonly rsaSha1: "policy" | "accept";
  /** An l= below the body's length is `policy` (RFC 6376 section 8.2) unless this says otherwise. */
  readonly partialBody: "policy" | "accept";
  /** DomainKey-Signature fields are judged too (RFC 4870). */
  readonly domainKeys: boolean;
  /** Clock drift granted to t= and x=, seconds. */
  readonly driftSeconds: number;
  readonly maxSignatures: number;
  readonly maxKeys: number;
}

export const defaultVerifyPolicy: VerifyPolicy = {
  minimumKeyBits: 1024,
  rsaSha1: "policy",
  partialBody: "policy",
  domainKeys: true,
  driftSeconds: 300,
  maxSignatures: 10,
  maxKeys: 5,
};

/** A signature field as the main thread reads it, to know which key to ask for and which digests to make. */
export interface SignatureField {
  readonly kind: "dkim" | "domainkeys";
  /** Index in the message's fields. */
  readonly index: number;
  /** The name to ask for, A-labels, or undefined when nothing is to be asked: a broken field, or too many keys. */
  readonly keyName: string | undefined;
  readonly digest: BodyDigestSpec | undefined;
  /** bh=, base64; the digest of the body where the signature passes. */
  readonly bodyHash: string | undefined;
}

export interface VerifyJob {
  /** The header section as received. */
  readonly header: Uint8Array;
  readonly body: BodySource;
  /** Answers by key name (`SignatureField.keyName`). A name that is missing was not asked for: too many keys. */
  readonly keys: readonly (readonly [string, Answer<"TXT">])[];
  /** Epoch seconds. */
  readonly now: number;
  readonly policy: VerifyPolicy;
}

/** One signature to make: everything decided, only the arithmetic left. */
export interface SignRequest {
  readonly domain: string;
  readonly selector: string;
  readonly algorithm: Exclude<Algorithm, "rsa-sha1">;
  readonly headerCanonicalization: Canonicalization;
  readonly bodyCanonicalization: Canonicalization;
  /** i=, "" for none. */
  readonly identity: string;
  /** t=, epoch seconds. */
  readonly signedAt: number;
  /** x=, epoch seconds; undefined for none. */
  readonly expiresAt: number | undefined;
  /** Lower-case field name to 0 (never), 1 (every occurrence) or 2 (and one entry more, present or not). */
  readonly signedFields: Readonly<Record<string, number>>;
  readonly privateKey: KeyObject;
}

export interface SignJob {
  /** The header section that leaves, without the signatures to be made. */
  readonly header: Uint8Array;
  readonly body: BodySource;
  readonly requests: readonly SignRequest[];
}

export interface DkimEngine {
  /** One verification per signature field, top to bottom; what is over a limit is judged `policy`. */
  verify(job: VerifyJob): Promise<readonly Verification[]>;
  /** Whole DKIM-Signature fields with their CRLF, one per request, in order. */
  sign(job: SignJob): Promise<readonly string[]>;
  /** Hashes a body that is still arriving. */
  startDigest(specs: readonly BodyDigestSpec[]): BodyDigester;
}

/** A digester may hold back chunks until there are so many: a bound on what is under way must allow for more. */
export const chunksHashedAtOnce = 4;

/** A body being hashed elsewhere while it arrives. */
export interface BodyDigester {
  /**
   * Takes the next octets, a view on shared memory. Resolves once they are hashed and their memory may be reused, which
   * may wait for `chunksHashedAtOnce` of them or for `digest`; so the caller has several under way at once, and bounds them
   * (back-pressure) by what it has not seen resolve.
   * Never rejects: trouble shows in `digest`.
   */
  update(chunk: Uint8Array): Promise<void>;
  /** Rejects when the worker died or was given up; the body is then to be hashed again from where it is kept. */
  digest(): Promise<readonly BodyDigest[]>;
  /** The mail is gone: free what was held. */
  abort(): void;
}

export interface Verification {
  readonly kind: "dkim" | "domainkeys";
  readonly result: "pass" | "fail" | "policy" | "neutral" | "temperror" | "permerror";
  /** A code of the closed list `Failure`; absent on pass. */
  readonly reason?: Failure;
  /** With "missing-tag": which. */
  readonly missingTag?: TagName;
  /** d=, lower case A-labels where valid, else as printable ASCII. */
  readonly domain: string;
  readonly selector: string;
  readonly algorithm: string;
  /** i=, or the default "@d". */
  readonly identity: string;
  /** The first characters of b=, white space removed; 8 or fewer. */
  readonly b: string;
  readonly keyBits?: number;
  /** t=y in the key record: the domain is testing. */
  readonly testing?: boolean;
  /** Header fields of which the message has more than are signed, names in lower case ("subject"). */
  readonly unsignedInstances?: readonly string[];
  /** t= and x=, epoch seconds. */
  readonly signedAt?: number;
  readonly expiresAt?: number;
  /** Of a signature that passed: octets of the whole canonicalized body. */
  readonly canonicalBytes?: number;
}
