// The signatures of a mail that leaves: what choose.ts chose when the header was in, with what is known only of the whole mail:
// when it came and which signatures it carries already. The arithmetic is left to the DKIM engine.
import type { SignRequest } from "../dkim/engine.ts";
import type { BodyDigestSpec } from "../mail/digest.ts";
import {
  type CandidateFact,
  type ChosenSigner,
  isAttempt,
  type PossibleSignature,
  type SignerChoice,
} from "./choose.ts";
import type { Attempt } from "./find-key.ts";
import type { Originator } from "./originators.ts";
import { isTemporary, type SkipReason } from "./skip-reason.ts";

/** What is known when the mail leaves. */
export interface WhenLeaving {
  /** Signatures that the mail carries and that were found valid: d= in A-labels, i= or its default "@d". */
  readonly validSignatures: readonly { readonly domain: string; readonly identity: string }[];
  /** Epoch, milliseconds. */
  readonly receivedAtMs: number;
}

export interface PlannedSignature extends Pick<PossibleSignature, "key" | "relation" | "options"> {
  readonly request: SignRequest;
}

export type SigningPlan =
  | {
      readonly sign: readonly SignRequest[];
      readonly signatures: readonly PlannedSignature[];
      /** The candidate in whose name the mail is signed. */
      readonly signer: Originator;
      readonly candidates: readonly CandidateFact[];
    }
  | {
      readonly skip: SkipReason;
      /** Our own trouble: 451, the mail must not leave unsigned. */
      readonly temporary: boolean;
      readonly detail?: string;
      readonly candidates: readonly CandidateFact[];
    };

export function planSigning(choice: SignerChoice, leaving: WhenLeaving): SigningPlan {
  if ("skip" in choice) return skipped(choice.skip, choice.candidates, choice.detail);
  const { signer, tries, matches, passedOver } = choice;
  const signatures: PlannedSignature[] = [];
  const attempts = tries.map((tried): Attempt => {
    if (isAttempt(tried)) return tried;
    const { domain, key } = tried;
    const { selector } = key;
    if (isCarried(tried, leaving.validSignatures)) return { result: "already-signed", domain, selector };
    signatures.push(planned(tried, leaving));
    return { result: "chosen", domain, selector };
  });
  const candidates = [...passedOver, { source: signer.source, address: signer.address, attempts, matches }];
  // One key of several that cannot be had defers the mail too: it is to leave with all its signatures.
  const unavailable = attempts.find(({ result }) => result === "key-unavailable");
  if (unavailable !== undefined) return skipped("key-unavailable", candidates, unavailable.detail);
  if (signatures.length > 0) return { sign: signatures.map(({ request }) => request), signatures, signer, candidates };
  const decided = attempts.find(({ result }) => result === "already-signed" || result === "identity-outside-domain");
  if (decided === undefined || decided.result === "chosen") throw new Error("a signer without a key was chosen");
  return skipped(decided.result, candidates, decided.detail);
}

/** Those that the mail is to get; without them it does not leave. */
export function signaturesToMake(
  choice: SignerChoice,
  validSignatures: WhenLeaving["validSignatures"],
): readonly PossibleSignature[] {
  if ("skip" in choice) return [];
  return possible(choice).filter((each) => !isCarried(each, validSignatures));
}

function isCarried({ domain, identity }: PossibleSignature, validSignatures: WhenLeaving["validSignatures"]): boolean {
  return validSignatures.some((valid) => valid.domain === domain && (identity === "" || valid.identity === identity));
}

function planned(possible: PossibleSignature, { receivedAtMs }: WhenLeaving): PlannedSignature {
  const { key, domain, identity, algorithm, privateKey, options, relation, signedFields } = possible;
  const receivedAt = receivedAtMs / 1000;
  const signedAt = Math.floor(receivedAt);
  const { ttl, x } = options;
  const expiresAt =
    typeof ttl === "number" && ttl > 0
      ? Math.ceil(receivedAt + ttl)
      : typeof x === "number" && x > signedAt
        ? x
        : undefined;
  const request: SignRequest = {
    domain,
    selector: key.selector,
    algorithm,
    headerCanonicalization: options.c?.header ?? "relaxed",
    bodyCanonicalization: bodyCanonicalization(options),
    identity,
    signedAt,
    expiresAt,
    signedFields,
    privateKey,
  };
  return { request, key, relation, options };
}

function bodyCanonicalization({ c }: PossibleSignature["options"]): SignRequest["bodyCanonicalization"] {
  return c?.body ?? "simple";
}

function skipped(skip: SkipReason, candidates: readonly CandidateFact[], detail?: string): SigningPlan {
  const temporary = isTemporary(skip);
  return detail === undefined ? { skip, temporary, candidates } : { skip, temporary, candidates, detail };
}

/** The body digests that the chosen signatures will ask for; for bodies still arriving. */
export function signingDigests(choice: SignerChoice): readonly BodyDigestSpec[] {
  if ("skip" in choice || choice.tries.some(isUnavailable)) return [];
  const bodies = new Set(possible(choice).map(({ options }) => bodyCanonicalization(options)));
  return [...bodies].map((canonicalization) => ({ canonicalization, hash: "sha256" }));
}

function isUnavailable(tried: PossibleSignature | Attempt): boolean {
  return isAttempt(tried) && tried.result === "key-unavailable";
}

function possible({ tries }: ChosenSigner): readonly PossibleSignature[] {
  return tries.flatMap((tried) => (isAttempt(tried) ? [] : tried));
}
