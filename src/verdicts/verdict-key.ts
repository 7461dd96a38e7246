// By what a verdict is found again. Too little in it, and a mail gets the verdict of another one, as with amavisd, where a list's
// signed copy got the verdict on the unsigned mail; too much, and nothing is ever found.
import { hash } from "node:crypto";
import type { VerdictSubject } from "../mail/verdict-subject.ts";

/** verdict_cache_key: "full", or amavisd's "body". */
export type VerdictKeyMode = "full" | "body";
export type VerdictKind = "virus" | "spam";

/**
 * Fields that each copy of a mailing, or each hop, has of its own. What is in them the sender chooses freely, so nobody gets a better
 * verdict by them than by sending the same mail with the better ones; what verification made of them is in the key.
 */
const passedOver: ReadonlySet<string> = new Set([
  ...["received", "return-path", "delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-received"],
  ...["to", "cc", "bcc", "date", "message-id"],
  ...["dkim-signature", "domainkey-signature", "arc-seal", "arc-message-signature", "arc-authentication-results"],
  ...["authentication-results", "received-spf"],
]);

/** Undefined for a mail whose header section is not known whole, or not the same to all readers: it is like no other. */
export function verdictKey(mode: VerdictKeyMode, kind: VerdictKind, subject: VerdictSubject): string | undefined {
  const { bodyDigest, head, bankPath, scanners, further } = subject;
  const parts: Uint8Array[] = [];
  // Each part behind its length: no two lists of parts are the same octets. Hashed in one go, which is a quarter less work.
  const add = (part: string | Uint8Array): void => {
    const octets = typeof part === "string" ? Buffer.from(part) : part;
    parts.push(Buffer.from(`${octets.length}:`, "latin1"), octets);
  };
  add(bodyDigest);
  // Not amavisd's, but harmless: after a change of scanners the new ones are asked.
  add(scanners);
  if (mode === "full") {
    if (head.cut !== undefined) return undefined;
    add(bankPath);
    add(String(further.length));
    for (const word of further) add(word);
    for (const { name, raw } of head.fields) if (!passedOver.has(name)) add(raw);
  }
  // The 1 is the version of what is kept: filters of different versions may share a cache.
  return `verdict:1:${kind}:${mode}:${hash("sha256", Buffer.concat(parts), "base64url")}`;
}
