// The signature tags an administrator sets per sender (dkim_signature_options_bysender_maps): read from the values of
// the map and merged, tag by tag, the most specific match first.

import { isMapping } from "../lookup/value.ts";
import type { Canonicalization } from "../mail/digest.ts";
import { toAscii } from "../mail/domain.ts";

export type SigningAlgorithm = "rsa-sha256" | "ed25519-sha256";

/** One set of tags. A tag that is absent is left to less specific matches; null sets it to nothing. */
export interface SignatureOptions {
  /** d=; null: this sender is no candidate; "*": the domain of the address itself, whatever else matches. */
  readonly d?: string | null;
  /** s=; null: any selector. */
  readonly s?: string | null;
  /** a=; null: by the key that is there, RSA before Ed25519. */
  readonly a?: SigningAlgorithm | null;
  readonly c?: { readonly header: Canonicalization; readonly body: Canonicalization } | null;
  /** Life of the signature, seconds; wins over x. */
  readonly ttl?: number | null;
  /** x=, epoch seconds. */
  readonly x?: number | null;
  /** i=, with its "@". */
  readonly i?: string | null;
}

/** What one value of the map means: a set of tags per signature to be made. */
export interface ReadOptions {
  readonly sets: readonly SignatureOptions[];
  /** What was not understood or is not done, one sentence each. */
  readonly faults: readonly string[];
}

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };
/** Tags of amavisd's options that never had an effect, or whose only value is the default. */
const ignored = new Set(["q", "l", "h", "z", "t", "v", "r"]);

/**
 * Reads a value of the map: a mapping of tags, or a list of such mappings for several signatures. The n-th mapping
 * of a list speaks of the n-th signature; a mapping that is alone speaks of all. Never throws.
 */
export function readSignatureOptions(value: unknown): ReadOptions {
  const faults: string[] = [];
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  const sets: SignatureOptions[] = [];
  for (const each of list) {
    if (isMapping(each)) sets.push(readSet(each, faults));
    else faults.push(`expected a mapping of signature tags, found ${JSON.stringify(each)}`);
  }
  return { sets, faults };
}

function readSet(mapping: Readonly<Record<string, unknown>>, faults: string[]): SignatureOptions {
  const set: { -readonly [K in keyof SignatureOptions]: SignatureOptions[K] } = {};
  for (const [tag, value] of Object.entries(mapping)) {
    const text = typeof value === "string" || typeof value === "number" ? String(value).trim() : undefined;
    // As in amavisd, a tag that is there without a value is set to nothing.
    const empty = value === null || value === undefined || text === "";
    if (!empty && text === undefined) {
      faults.push(`${tag}: expected text or a number, found ${JSON.stringify(value)}`);
      continue;
    }
    const given = empty ? "" : (text ?? "");
    const refuse = (wanted: string): void => {
      faults.push(`${tag}: expected ${wanted}, found "${given}"`);
    };
    if (tag === "d") {
      const domain = toAscii(given);
      if (empty) set.d = null;
      else if (given === "*") set.d = "*";
      else if (domain === undefined) refuse("a domain");
      else set.d = domain;
    } else if (tag === "s") {
      const selector = toAscii(given);
      if (empty) set.s = null;
      else if (selector === undefined) refuse("a selector");
      else set.s = selector;
    } else if (tag === "a") {
      if (empty) set.a = null;
      else if (given === "rsa-sha256" || given === "ed25519-sha256") set.a = given;
      else if (given === "rsa-sha1") {
        set.a = "rsa-sha256";
        faults.push("a: rsa-sha1 must not be signed with (RFC 8301 section 3.1); rsa-sha256 is used");
      } else refuse("rsa-sha256 or ed25519-sha256");
    } else if (tag === "c") {
      const c = empty ? null : readCanonicalization(given);
      if (c === undefined) refuse("relaxed or simple, or two of them with a slash");
      else set.c = c;
    } else if (tag === "ttl") {
      const seconds = empty ? null : readSeconds(given);
      if (seconds === undefined) refuse("a duration");
      else set.ttl = seconds;
    } else if (tag === "x") {
      const seconds = empty ? null : Number(given);
      if (seconds !== null && !(seconds >= 0 && Number.isFinite(seconds))) refuse("seconds since 1970");
      else set.x = seconds;
    } else if (tag === "i") {
      const identity = given.includes("@") ? given : `@${given}`;
      if (empty) set.i = null;
      else if (!/^[\x21-\x3a\x3c-\x7e]*@[a-zA-Z0-9_.-]+$/.test(identity)) refuse("an address or a domain");
      else set.i = identity;
    } else if (tag === "q" && given !== "dns/txt") refuse("dns/txt");
    else if (!ignored.has(tag)) faults.push(`there is no signature tag "${tag}"`);
    else if (tag !== "q") faults.push(`${tag}: this tag cannot be set and is ignored`);
  }
  return set;
}

/** "relaxed/simple"; without a slash the body is "simple" (RFC 6376 section 3.5). */
function readCanonicalization(text: string): SignatureOptions["c"] | undefined {
  const [header, body = "simple", more] = text.toLowerCase().split("/");
  if (more !== undefined || !isCanonicalization(header) || !isCanonicalization(body)) return undefined;
  return { header, body };
}

function isCanonicalization(text: string | undefined): text is Canonicalization {
  return text === "relaxed" || text === "simple";
}

function readSeconds(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)([smhdw]?)$/.exec(text);
  return match === null ? undefined : Number(match[1]) * (unitSeconds[match[2] ?? ""] ?? 1);
}

/**
 * Merges the matches of one sender, most specific first: one set per signature, each tag from the first match that
 * has it. There are as many signatures as the longest list has members.
 */
export function mergeOptions(matches: readonly (readonly SignatureOptions[])[]): readonly SignatureOptions[] {
  if (matches.length === 0) return [{}];
  const first = matches[0];
  if (matches.length === 1 && first !== undefined && first.length > 0) return first;
  const count = Math.max(1, ...matches.map((sets) => sets.length));
  const merged: SignatureOptions[] = [];
  for (let index = 0; index < count; index += 1) {
    let set: SignatureOptions = {};
    for (const sets of matches) {
      const theirs = sets.length === 1 ? sets[0] : sets[index];
      if (theirs !== undefined) set = { ...theirs, ...set };
    }
    merged.push(set);
  }
  return merged;
}
