// By what a verdict is found again. Too little in it, and a mail gets the verdict of another one, as with amavisd, where a list's
// signed copy got the verdict on the unsigned mail; too much, and nothing is ever found.
import { hash } from "node:crypto";
import { asBuffer } from "../mail/header.ts";
import type { MessageHead } from "../mail/message.ts";
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
  const begin = `${kind}:${mode}`;
  // That scanners are named is not amavisd's, but harmless: after a change of scanners the new ones are asked.
  if (mode === "body") return `${begin}:${hashed(part(textOf(bodyDigest)) + part(scanners))}`;
  if (head.cut !== undefined) return undefined;
  let rest = part(scanners) + part(bankPath) + part(String(further.length));
  for (const word of further) rest += part(word);
  return `${begin}:${digestOf(head, bodyDigest)}:${rest.length <= maxPlain ? rest : hashed(rest)}`;
}

/** The same for a cache that filters share: short, and nobody reads in it who gets mail. */
export function sharedVerdictKey(kind: VerdictKind, key: string): string {
  // The 3 is the version of what is kept: filters of different versions may share a cache.
  return `verdict:3:${kind}:${hashed(key)}`;
}

/** Characters that stand in a key as they are; more are hashed. */
const maxPlain = 300;

/** Of the body and of the header fields that count, made once: virus and spam verdicts are both asked for. */
function digestOf(head: MessageHead, bodyDigest: Uint8Array): string {
  const known = head.verdictDigest;
  // Whoever makes another mail of this one takes along what is kept with it.
  if (known?.of === head.fields && known.bodyDigest === bodyDigest) return known.digest;
  // Octets are a character each: joined as text and hashed in one go they cost a fourth of what they do one by one.
  let all = part(textOf(bodyDigest));
  for (const { name, raw } of head.fields) if (!passedOver.has(name)) all += part(textOf(raw));
  const digest = hashed(all);
  head.verdictDigest = { of: head.fields, bodyDigest, digest };
  return digest;
}

/** Behind its length: no two lists of parts are the same text. */
function part(text: string): string {
  return `${text.length}:${text}`;
}

function hashed(text: string): string {
  return hash("sha256", text, "base64url");
}

function textOf(octets: Uint8Array): string {
  return asBuffer(octets).toString("latin1");
}
