// Who signs a leaving mail and with which keys: walks its candidates (originators.ts) with the administrator's options and
// the keyring, and says for each why it was taken or not. plan.ts makes signatures of it when the mail leaves.
import type { KeyObject } from "node:crypto";
import type { LookupMap, Origin } from "../lookup/table.ts";
import type { MessageHead } from "../mail/message.ts";
import { type Attempt, findKey, identityFor } from "./find-key.ts";
import type { Keyring } from "./keyring.ts";
import { findOriginators, type Originator, type OriginatorSource } from "./originators.ts";
import {
  mergeOptions,
  readSignatureOptions,
  type SignatureOptions,
  type SigningAlgorithm,
} from "./signature-options.ts";
import type { NamedKey, SigningKey } from "./signing-key.ts";
import type { SkipReason } from "./skip-reason.ts";

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

export interface ChoiceInput {
  readonly head: Pick<MessageHead, "fields" | "cut">;
  /** The reverse-path without angle brackets, "" for the null one. */
  readonly mailFrom: string;
  readonly bank: SigningBank;
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

/** A signature that may be made: everything but its times. */
export interface PossibleSignature {
  readonly key: SigningKey;
  /** d= and i=, which is "" for none. */
  readonly domain: string;
  readonly identity: string;
  readonly algorithm: SigningAlgorithm;
  readonly privateKey: KeyObject;
  readonly options: SignatureOptions;
  /** "author" when d= is the domain of an author, as amavisd's log says it. */
  readonly relation: "author" | "3rd-party";
  readonly signedFields: Readonly<Record<string, number>>;
}

/** Nobody signs, whatever else is found out about the mail. */
export interface NoSigner {
  readonly skip: SkipReason;
  readonly detail?: string;
  readonly candidates: readonly CandidateFact[];
}

/** The candidate in whose name a mail is signed, unless it carries these signatures already (`planSigning`). */
export interface ChosenSigner {
  readonly signer: Originator;
  /** Its signatures as wished for: those that can be made, and why the others cannot. */
  readonly tries: readonly (PossibleSignature | Attempt)[];
  readonly matches: CandidateFact["matches"];
  /** The candidates before it. */
  readonly passedOver: readonly CandidateFact[];
}

export type SignerChoice = NoSigner | ChosenSigner;

export interface Signer {
  readonly keyring: Keyring;
  /** Everything that follows from header and bank: all but the times and the signatures that the mail carries already. */
  choose(input: ChoiceInput): SignerChoice;
}

/** What a candidate's options ask for: one per signature. */
interface Wish {
  readonly options: SignatureOptions;
  /** What a signing table names; keys are then not searched. */
  readonly named?: NamedKey;
  /** i= of a signing table: left out where it does not fit. */
  readonly signer?: string;
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

  function attempt(
    candidate: Originator,
    { options, named, signer }: Wish,
    authors: readonly string[],
    bank: SigningBank,
  ): PossibleSignature | Attempt {
    const found = findKey(keyring, candidate, options, named);
    if (found.result !== "found") return found;
    const { key, domain, privateKey, algorithm } = found;
    const identity = identityFor(candidate, domain, key, options, signer);
    if (identity === undefined) {
      const detail = `i=${options.i ?? ""}`;
      return { result: "identity-outside-domain", domain, selector: key.selector, detail };
    }
    const relation = authors.includes(domain) ? "author" : "3rd-party";
    return { key, domain, identity, algorithm, privateKey, options, relation, signedFields: bank.signed_header_fields };
  }

  return {
    keyring,
    choose({ bank, head, mailFrom }) {
      const none: readonly CandidateFact[] = [];
      if (!bank.enable_dkim_signing) return noSigner("signing-disabled", none);
      if (bank.allowed_added_header_fields["dkim-signature"] !== true) return noSigner("signature-not-allowed", none);
      if (!bank.originating) return noSigner("not-originating", none);
      const originators = findOriginators(head, mailFrom);
      if (originators.skip !== undefined) return noSigner(originators.skip, none, originators.detail);
      if (originators.candidates.length === 0) return noSigner("no-candidate", none);

      const authors: string[] = [];
      for (const { source, domain } of originators.candidates) {
        if (source === "From" && domain !== undefined) authors.push(domain);
      }
      const passedOver: CandidateFact[] = [];
      for (const signer of originators.candidates) {
        const { wishes, matches } = wishesFor(signer, bank);
        const tries = wishes.map((wish) => attempt(signer, wish, authors, bank));
        // A candidate that has a key is the signer, even if nothing is to be signed in its name after all.
        if (tries.some(hasKey)) return { signer, tries, matches, passedOver };
        passedOver.push({ source: signer.source, address: signer.address, attempts: tries.filter(isAttempt), matches });
      }
      const { reason, detail } = overall(passedOver);
      return noSigner(reason, passedOver, detail);
    },
  };
}

export function isAttempt(tried: PossibleSignature | Attempt): tried is Attempt {
  return "result" in tried;
}

/** A key that is there or should be: one that cannot be had is no reason to look for another signer. */
function hasKey(tried: PossibleSignature | Attempt): boolean {
  if (!isAttempt(tried)) return true;
  return tried.result === "key-unavailable" || tried.result === "identity-outside-domain";
}

function noSigner(skip: SkipReason, candidates: readonly CandidateFact[], detail?: string): NoSigner {
  return detail === undefined ? { skip, candidates } : { skip, candidates, detail };
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
