// What a reload would take away: keys that can sign now and could not any more. A key that another one of its domain
// takes the place of is not lost.
import { unreadable } from "./key-store.ts";
import type { Keyring } from "./keyring.ts";
import type { SigningKey } from "./signing-key.ts";

export interface LostKey {
  /** A-labels; of a wildcard key the pattern as declared. */
  readonly domain: string;
  readonly selector: string;
  /** "Can't open PEM file /k/a.pem: Permission denied". */
  readonly reason: string;
}

/** A step for each key. Keys that signed lately are read anew, the others are as they were found when they were listed. */
export function* lostKeys(before: Keyring, after: Keyring): Generator<void, readonly LostKey[]> {
  const byDomain = new Map<string, SigningKey[]>();
  for (const key of after.keys) {
    const others = byDomain.get(key.domain);
    if (others === undefined) byDomain.set(key.domain, [key]);
    else others.push(key);
    yield;
  }
  const lost: LostKey[] = [];
  for (const key of before.keys) {
    yield;
    if (key.trouble !== undefined) continue;
    const { domain, selector } = key;
    const reason = whyLost(key, byDomain.get(domain) ?? [], (next) => troubleOf(next, before.isKept(key), after));
    if (reason !== undefined) lost.push({ domain, selector, reason });
  }
  return lost;
}

/** @param left the keys that the domain would have */
function whyLost(
  { selector, source }: SigningKey,
  left: readonly SigningKey[],
  troubleOf: (key: SigningKey) => string | undefined,
): string | undefined {
  // A folder that cannot be read may hold any selector: mail of its domain is deferred.
  const same = left.find((key) => key.selector === selector) ?? left.find((key) => key.selector === "");
  if (same !== undefined) {
    const trouble = troubleOf(same);
    return trouble === undefined ? undefined : unreadable(same.source, trouble);
  }
  const isReplaced = left.some((key) => troubleOf(key) === undefined);
  return isReplaced ? undefined : `${source} is declared no more, and no other key takes its place`;
}

function troubleOf(key: SigningKey, isUsed: boolean, { open }: Keyring): string | undefined {
  if (key.trouble !== undefined || !isUsed) return key.trouble;
  const read = open(key);
  return "trouble" in read ? read.trouble : undefined;
}
