// The key that seals (ARC): one of ours, whoever wrote the mail.
import { restriction } from "./key-options.ts";
import type { Keyring, SigningKey } from "./keyring.ts";

/** The domains whose keys may seal, the first that has one does: mydomain, then the host's name and those above it. */
export function sealingDomains(mydomain: string | null, myhostname: string): readonly string[] {
  const names = new Set(mydomain === null ? [] : [mydomain.toLowerCase()]);
  for (let name = myhostname.toLowerCase(); name.includes("."); name = name.slice(name.indexOf(".") + 1)) {
    names.add(name);
  }
  return [...names];
}

/** RSA before Ed25519, which few who judge a chain know; never a key of a domain pattern. */
export function findSealingKey(keyring: Keyring, domains: readonly string[]): SigningKey | undefined {
  for (const name of domains) {
    const usable = keyring
      .find(name)
      .filter(({ key, pattern, options }) => key !== undefined && pattern === undefined && !isRestricted(key, options));
    const found = usable.find(({ key }) => key?.type === "rsa") ?? usable[0];
    if (found !== undefined) return found;
  }
  return undefined;
}

function isRestricted({ type }: NonNullable<SigningKey["key"]>, options: SigningKey["options"]): boolean {
  return restriction(options, type, "") !== undefined;
}
