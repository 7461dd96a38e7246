// By what a mail is known again that comes once more, as after a 4xx: the copy of the first time is the copy of them all.
import { createHash } from "node:crypto";
import type { HeaderField } from "../mail/header.ts";
import type { Message } from "../mail/message.ts";

/** Fields that differ each time the same mail is brought; all others distinguish one mail from another. */
const traces: ReadonlySet<string> = new Set([
  "received",
  "return-path",
  "delivered-to",
  "authentication-results",
  "received-spf",
]);

export interface DigestedMail {
  readonly message: Pick<Message, "header" | "fields" | "cut">;
  /** SHA-256, in hex. */
  readonly bodyDigest: string;
  readonly sender: string;
}

export interface SortOfCopy {
  readonly recipients: readonly string[];
  readonly purpose: string;
  readonly category: string;
  readonly deliveredTo: string;
}

/** The same for the same mail to the same recipients, kept for the same reason at the same place. */
export function digestMail({ message, bodyDigest, sender }: DigestedMail, copy: SortOfCopy): string {
  const hash = createHash("sha256");
  const facts = [bodyDigest, copy.purpose, copy.category, copy.deliveredTo, sender, ...[...copy.recipients].sort()];
  hash.update(JSON.stringify(facts));
  for (const octets of lastingFields(message)) hash.update(octets);
  return hash.digest("base64url");
}

/** A header section that was not cut into all its fields counts whole. */
function lastingFields({ header, fields, cut }: DigestedMail["message"]): readonly Uint8Array[] {
  if (cut !== undefined) return [header];
  return fields.filter(({ name }: HeaderField) => !traces.has(name)).map(({ raw }) => raw);
}
