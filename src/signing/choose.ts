// Which signatures a leaving mail gets: walks its candidates (originators.ts) with the administrator's options and the
// keyring, and says for each why it was taken or not. The arithmetic is left to the DKIM engine.
import type { SignRequest } from "../dkim/engine.ts";
import type { LookupMap, Origin } from "../lookup/table.ts";
import type { BodyDigestSpec } from "../mail/digest.ts";
import type { MessageHead } from "../mail/message.ts";
import { type Attempt, findKey, identityFor } from "./find-key.ts";
import type { Keyring, SigningKey } from "./keyring.ts";
import { findOriginators, type Originator, type OriginatorSource } from "./originators.ts";
import { mergeOptions, readSignatureOptions, type SignatureOptions } from "./signature-options.ts";
import { isTemporary, type SkipReason } from "./skip-reason.ts";

/** What signing wants to know of a policy bank. */
export interface SigningBank {
  readonly originating: boolean;
  readonly enable_dkim_signing: boolean;
  /** Lower-case field name to 0 (never), 1 (every occurrence) or 2 (and one entry more). */
  readonly signed_header_fields: Readonly<Record<string, number>>;
  /** Signature tags by author; values as `readSignatureOptions` takes them. */
  readonly dkim_signature_options_bysender_maps: LookupMap<unknown>;
  /** Lower-case field names. */
  readonly allowed_added_header_fields: Readonly<Record<string, boolean>>;
}

export interface SigningInput {
  readonly head: Pick<MessageHead, "fields" | "excess">;
  /** The reverse-path without angle brackets, "" for the null one. */
  readonly mailFrom: string;
  readonly bank: SigningBank;
  /** Signatures that the mail carries and that were found valid: d= in A-labels, i= or its default "@d". */
  readonly validSignatures: readonly { readonly domain: string; readonly identity: string }[];
  /** Epoch, milliseconds. */
  readonly receivedAtMs: number;
}

/** What became of one candidate, for `check`, the Outcome and the log. */
export interface CandidateFact {
  readonly source: OriginatorSource;
  readonly address: string;
  /** One per signature that was tried. */
  readonly attempts: readonly Attempt[];
  /** The entries of dkim_signature_options_bysender_maps, or the line of the signing table, that spoke of it. */
  readonly matches: readonly { readonly key: string; readonly origin?: Origin }[];
}

export interface PlannedSignature {
  readonly request: SignRequest;
  readonly key: SigningKey;
  /** "author" when d= is the domain of an author, as amavisd's log says it. */
  readonly relation: "author" | "3rd-party";
  readonly options: SignatureOptions;
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

export interface Signer {
  readonly keyring: Keyring;
  chooseSigners(input: SigningInput): SigningPlan;
  /** The body digests that signing will ask for, as far as header and bank tell; for bodies still arriving. */
  digestSpecs(input: Pick<SigningInput, "head" | "mailFrom" | "bank">): readonly BodyDigestSpec[];
}

/** What a candidate's options ask for: one per signature. */
interface Wish {
  readonly options: SignatureOptions;
  /** What a signing table names; keys are then not searched. */
  readonly named?: { readonly domain: string; readonly key: SigningKey } | { readonly missing: string };
  /** i= of a signing table: left out where it does not fit. */
  readonly signer?: string;
}

interface Tried {
  readonly fact: Attempt;
  readonly signature?: PlannedSignature;
}

/** Makes the choice for a keyring; it holds what it has read of options, so one lives as long as the keyring. */
export function createSigner(keyring: Keyring): Signer {
  const known = new WeakMap<object, readonly SignatureOptions[]>();

  function optionSets(value: unknown): readonly SignatureOptions[] {
    if (typeof value !== "object" || value === null) return [];
    let sets = known.get(value);
    if (sets === undefined) {
      sets = readSignatureOptions(value).sets;
      known.set(value, sets);
    }
    return sets;
  }

  /** What the options and the signing table say of one candidate. */
  function wishesFor(
    candidate: Originator,
    bank: SigningBank,
  ): { wishes: readonly Wish[]; matches: CandidateFact["matches"] } {
    const sets: (readonly SignatureOptions[])[] = [];
    const found = bank.dkim_signature_options_bysender_maps.all(candidate.address);
    const matches = found.map(({ value, key, origin }) => {
      const options = optionSets(value);
      if (options.length > 0) sets.push(options);
      return origin === undefined ? { key } : { key, origin };
    });
    const table = keyring.signingTable;
    const { domain } = candidate;
    const entries = table === undefined || domain === undefined ? [] : table.match(candidate.localPart, domain);
    if (table === undefined || domain === undefined || entries.length === 0) {
      return { wishes: mergeOptions(sets).map((options) => ({ options })), matches };
    }
    // The table decides on key, d= and i=; ttl, c and the like stay the options' business.
    const merged = mergeOptions([entries.map(() => ({})), ...sets]);
    const wishes = merged.map((options, index): Wish => {
      const entry = entries[index];
      if (entry === undefined) return { options };
      const named = table.keyFor(entry, domain);
      return entry.signer === undefined
        ? { options, named }
        : { options, named, signer: entry.signer.replaceAll("%", domain) };
    });
    const lines = entries.map(({ pattern, line }) => ({ key: pattern, origin: `dkim_signingtable:${line}` }));
    return { wishes, matches: [...lines, ...matches] };
  }

  function attempt(candidate: Originator, wish: Wish, authors: readonly string[], input: SigningInput): Tried {
    const { options } = wish;
    const found = findKey(keyring, candidate, options, wish.named);
    if (found.result !== "found") return { fact: found };
    const { key, domain, privateKey, algorithm } = found;
    const where = { domain, selector: key.selector };

    const identity = identityFor(candidate, domain, key, options, wish.signer);
    if (identity === undefined) {
      return { fact: { result: "identity-outside-domain", ...where, detail: `i=${options.i ?? ""}` } };
    }
    const signed = input.validSignatures.some(
      (valid) => valid.domain === domain && (identity === "" || valid.identity === identity),
    );
    if (signed) return { fact: { result: "already-signed", ...where } };

    const receivedAt = input.receivedAtMs / 1000;
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
      bodyCanonicalization: options.c?.body ?? "simple",
      identity,
      signedAt,
      expiresAt,
      signedFields: input.bank.signed_header_fields,
      privateKey,
    };
    const relation = authors.includes(domain) ? "author" : "3rd-party";
    return { signature: { request, key, relation, options }, fact: { result: "chosen", ...where } };
  }

  function chooseSigners(input: SigningInput): SigningPlan {
    const { bank, head } = input;
    const none: readonly CandidateFact[] = [];
    if (!bank.enable_dkim_signing) return skipped("signing-disabled", none);
    if (bank.allowed_added_header_fields["dkim-signature"] !== true) return skipped("signature-not-allowed", none);
    if (!bank.originating) return skipped("not-originating", none);
    if (head.excess !== undefined) return skipped("header-too-large", none, head.excess);

    const originators = findOriginators(head.fields, input.mailFrom);
    if (originators.skip !== undefined) return skipped(originators.skip, none, originators.fault);
    if (originators.candidates.length === 0) return skipped("no-candidate", none);

    const authors: string[] = [];
    for (const { source, domain } of originators.candidates) {
      if (source === "From" && domain !== undefined) authors.push(domain);
    }
    const candidates: CandidateFact[] = [];
    for (const candidate of originators.candidates) {
      const { wishes, matches } = wishesFor(candidate, bank);
      const signatures: PlannedSignature[] = [];
      const attempts = wishes.map((wish) => {
        const { fact, signature } = attempt(candidate, wish, authors, input);
        if (signature !== undefined) signatures.push(signature);
        return fact;
      });
      candidates.push({ source: candidate.source, address: candidate.address, attempts, matches });
      // One key of several that cannot be had defers the mail too: it is to leave with all its signatures.
      const unavailable = attempts.find(({ result }) => result === "key-unavailable");
      if (unavailable !== undefined) return skipped("key-unavailable", candidates, unavailable.detail);
      if (signatures.length > 0) {
        return { sign: signatures.map(({ request }) => request), signatures, signer: candidate, candidates };
      }
      // A candidate that has a key is the signer, even if nothing is to be signed in its name after all.
      const decided = attempts.find(
        ({ result }) => result === "already-signed" || result === "identity-outside-domain",
      );
      if (decided !== undefined && decided.result !== "chosen")
        return skipped(decided.result, candidates, decided.detail);
    }
    const { reason, detail } = overall(candidates);
    return skipped(reason, candidates, detail);
  }

  return {
    keyring,
    chooseSigners,
    digestSpecs(input) {
      const plan = chooseSigners({ ...input, validSignatures: [], receivedAtMs: 0 });
      if (!("sign" in plan)) return [];
      const bodies = new Set(plan.sign.map(({ bodyCanonicalization }) => bodyCanonicalization));
      return [...bodies].map((canonicalization) => ({ canonicalization, hash: "sha256" }));
    },
  };
}

function skipped(skip: SkipReason, candidates: readonly CandidateFact[], detail?: string): SigningPlan {
  const temporary = isTemporary(skip);
  return detail === undefined ? { skip, temporary, candidates } : { skip, temporary, candidates, detail };
}

/** No candidate had a key: the reason of the one that came nearest. */
function overall(candidates: readonly CandidateFact[]): { reason: SkipReason; detail?: string } {
  const attempts = candidates.flatMap((candidate) => candidate.attempts);
  const restricted = attempts.find(({ result }) => result === "key-restriction");
  if (restricted?.detail !== undefined) return { reason: "key-restriction", detail: restricted.detail };
  if (attempts.every(({ result }) => result === "empty-signing-domain")) return { reason: "empty-signing-domain" };
  const domains = new Set(attempts.flatMap(({ domain }) => domain ?? []));
  return { reason: "no-key-for-domain", detail: [...domains].join(", ") };
}
