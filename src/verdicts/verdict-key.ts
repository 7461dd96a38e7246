// By what a verdict is found again. Too little in it, and a mail gets the verdict of another one, as with amavisd, where a list's
// signed copy got the verdict on the unsigned mail; too much, and nothing is ever found.
import { hash } from "node:crypto";
import { asBuffer } from "../mail/header.ts";
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
  let all = "";
  // Each part behind its length: no two lists of parts are the same text. Octets are a character each: joined as text and
  // hashed in one go they cost a fourth of what they do one by one.
  const add = (part: string): void => {
    all += `${part.length}:${part}`;
  };
  add(textOf(bodyDigest));
  // Not amavisd's, but harmless: after a change of scanners the new ones are asked.
  add(scanners);
  if (mode === "full") {
    if (head.cut !== undefined) return undefined;
    add(bankPath);
    add(String(further.length));
    for (const word of further) add(word);
    for (const { name, raw } of head.fields) if (!passedOver.has(name)) add(textOf(raw));
  }
  // The 1 is the version of what is kept: filters of different versions may share a cache.
  return `verdict:1:${kind}:${mode}:${hash("sha256", all, "base64url")}`;
}

function textOf(octets: Uint8Array): string {
  return asBuffer(octets).toString("latin1");
}
