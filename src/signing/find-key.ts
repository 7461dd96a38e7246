// The key for one signature of one candidate, and the i= that goes with it.
import type { KeyObject } from "node:crypto";
import { toAscii } from "../mail/domain.ts";
import { forbidsSubdomains, restriction } from "./key-options.ts";
import type { Keyring } from "./keyring.ts";
import type { Originator } from "./originators.ts";
import type { ReadKey } from "./private-key.ts";
import type { SignatureOptions, SigningAlgorithm } from "./signature-options.ts";
import type { NamedKey, SigningKey } from "./signing-key.ts";
import type { SkipReason } from "./skip-reason.ts";

/** How one signature of one candidate fared. */
export interface Attempt {
  readonly result: "chosen" | SkipReason;
  readonly domain?: string;
  readonly selector?: string;
  /** "h=sha1", "No such file or directory": what stood in the way. */
  readonly detail?: string;
  /** Of "no-key-for-domain": the nearest parent domain that has a key. */
  readonly parent?: string;
}

export interface FoundKey {
  readonly result: "found";
  /** d= */
  readonly domain: string;
  readonly key: SigningKey;
  readonly privateKey: KeyObject;
  readonly algorithm: SigningAlgorithm;
}

/**
 * The first declared key of the signing domain that the options allow (amavisd: d, then s, then the key's type and
 * restrictions). d= is the candidate's own domain unless an option says otherwise; parents are not tried.
 */
export function findKey(
  keyring: Keyring,
  candidate: Originator,
  options: SignatureOptions,
  named: NamedKey | undefined,
): FoundKey | Attempt {
  if (named !== undefined) {
    if ("missing" in named) return { result: "key-unavailable", detail: named.missing };
    return take(named.key, keyring.open(named.key), named.domain, candidate);
  }
  if (options.d === null) return { result: "empty-signing-domain" };
  const domain = options.d === undefined || options.d === "*" ? candidate.domain : options.d;
  if (domain === undefined) return { result: "no-key-for-domain", detail: "the address has no domain" };

  let second: FoundKey | undefined;
  let restricted: Attempt | undefined;
  for (const key of keyring.find(domain)) {
    // A folder that cannot be read may hold any selector.
    if (typeof options.s === "string" && key.selector !== options.s && key.selector !== "") continue;
    const read = keyring.open(key);
    if ("key" in read && typeof options.a === "string" && options.a !== algorithmOf(read.key.type)) continue;
    const taken = take(key, read, domain, candidate);
    if (taken.result === "key-unavailable") return taken;
    if (taken.result !== "found") {
      restricted ??= taken;
      continue;
    }
    // Nobody asked for an algorithm: RSA is what every verifier knows.
    if (typeof options.a === "string" || taken.algorithm === "rsa-sha256") return taken;
    second ??= taken;
  }
  if (second !== undefined) return second;
  if (restricted !== undefined) return restricted;
  const selector = typeof options.s === "string" ? { selector: options.s } : {};
  const parent = parentWithKey(keyring, domain);
  const hint = parent === undefined ? {} : { parent };
  return { result: "no-key-for-domain", domain, ...selector, ...hint };
}

/** Labels that are taken off: mail controls the name. */
const maxParents = 5;

function parentWithKey(keyring: Keyring, domain: string): string | undefined {
  let parent = domain;
  for (let taken = 0; taken < maxParents; taken += 1) {
    const dot = parent.indexOf(".");
    if (dot === -1) return undefined;
    parent = parent.slice(dot + 1);
    if (keyring.find(parent).length > 0) return parent;
  }
  return undefined;
}

function take(key: SigningKey, read: ReadKey, domain: string, candidate: Originator): FoundKey | Attempt {
  const where = { domain, selector: key.selector };
  if ("trouble" in read) return { result: "key-unavailable", ...where, detail: read.trouble };
  const { type, object } = read.key;
  const against = restriction(key.options, type, candidate.localPart);
  if (against !== undefined) return { result: "key-restriction", ...where, detail: against };
  return { result: "found", domain, key, privateKey: object, algorithm: algorithmOf(type) };
}

function algorithmOf(type: "rsa" | "ed25519"): SigningAlgorithm {
  return type === "rsa" ? "rsa-sha256" : "ed25519-sha256";
}

/** i= of a signature, "" for none, undefined when the option asks for one that RFC 6376 section 3.5 forbids. */
export function identityFor(
  candidate: Originator,
  domain: string,
  key: SigningKey,
  options: SignatureOptions,
  tableSigner: string | undefined,
): string | undefined {
  if (tableSigner !== undefined) {
    const identity = tableSigner.includes("@") ? tableSigner : `@${tableSigner}`;
    return fits(identity, domain, key) ? identity : "";
  }
  if (options.i === null) return "";
  if (options.i !== undefined) return fits(options.i, domain, key) ? options.i : undefined;
  const below = candidate.domain?.endsWith(`.${domain}`) === true;
  return below && !forbidsSubdomains(key.options) ? `@${candidate.domain}` : "";
}

function fits(identity: string, domain: string, key: SigningKey): boolean {
  const theirs = toAscii(identity.slice(identity.lastIndexOf("@") + 1));
  return theirs === domain || (theirs?.endsWith(`.${domain}`) === true && !forbidsSubdomains(key.options));
}
