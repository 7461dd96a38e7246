// The key that seals (ARC): one of ours, whatever the author of the mail.
import type { KeyObject } from "node:crypto";
import { restriction } from "./key-options.ts";
import type { Keyring } from "./keyring.ts";

/** The domains whose keys may seal, the first that has one does: mydomain, then the host's name and those above it. */
export function sealingDomains(mydomain: string | null, myhostname: string): readonly string[] {
  const names = new Set(mydomain === null ? [] : [mydomain.toLowerCase()]);
  for (let name = myhostname.toLowerCase(); name.includes("."); name = name.slice(name.indexOf(".") + 1)) {
    names.add(name);
  }
  return [...names];
}

/** A key that can seal, with its private key. */
export interface SealingKey {
  readonly domain: string;
  readonly selector: string;
  readonly privateKey: KeyObject;
}

/** RSA before Ed25519, which few who judge a chain know; never a key of a domain pattern. */
export function findSealingKey(keyring: Keyring, domains: readonly string[]): SealingKey | undefined {
  for (const name of domains) {
    let second: SealingKey | undefined;
    for (const key of keyring.find(name)) {
      const { domain, selector, pattern, options } = key;
      const read = pattern === undefined ? keyring.open(key) : undefined;
      if (read === undefined || "trouble" in read) continue;
      const { type, object: privateKey } = read.key;
      if (restriction(options, type, "") !== undefined) continue;
      if (type === "rsa") return { domain, selector, privateKey };
      second ??= { domain, selector, privateKey };
    }
    if (second !== undefined) return second;
  }
  return undefined;
}
