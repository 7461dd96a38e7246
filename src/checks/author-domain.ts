// Whose mail it claims to be: the domain of its one author (RFC 9989 section 5.3.1, RFC 7489 section 6.6.1), or why
// nobody can say. Readers show different authors for such mail, so it is never authenticated for any of them.
import { parseAddressList } from "../mail/address.ts";
import { asBuffer, fieldBody } from "../mail/header.ts";
import type { MessageHead } from "../mail/message.ts";

export type AuthorFault = "header-too-large" | "no-from" | "several-from-fields" | "several-authors" | "from-syntax";

export type Author = { readonly domain: string } | { readonly fault: AuthorFault };

/** Reads the author of a header. Never throws; linear in the header. */
export function readAuthor({ fields, excess }: MessageHead): Author {
  if (excess !== undefined) return { fault: "header-too-large" };
  const from = fields.filter(({ name, raw }) => name === "from" || (name === "" && looksLikeFrom(raw)));
  const [field] = from;
  if (field === undefined) return { fault: "no-from" };
  if (from.length > 1) return { fault: "several-from-fields" };
  if (field.name === "") return { fault: "from-syntax" };
  const { mailboxes, faults } = parseAddressList(fieldBody(field.raw));
  const [mailbox] = mailboxes;
  if (mailboxes.length > 1) return { fault: "several-authors" };
  const domain = mailbox?.domain;
  if (faults.length > 0 || domain === undefined || domain.startsWith("[")) return { fault: "from-syntax" };
  return { domain };
}

/** "From" folded before its colon, or with a control character: no name to us, yet an author to some readers. */
function looksLikeFrom(raw: Uint8Array): boolean {
  // What is still blank after 64 octets is not worth a longer look: it counts.
  const start = asBuffer(raw.subarray(0, Math.min(raw.length, 64))).toString("latin1");
  return /^[\0-\x20]*from[\0-\x20]*(?::|$)/i.test(start);
}
