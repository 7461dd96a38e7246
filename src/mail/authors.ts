// The authors of a message: the mailboxes of its one From field, or why nobody can be called its author.
import { type AddressFault, type Mailbox, parseAddressList } from "./address.ts";
import { asBuffer, fieldBody } from "./header.ts";
import type { MessageHead } from "./message.ts";

/**
 * Why From must not be believed, whatever signature covers it:
 * - "no-from", "two-from-fields": not exactly one From field (RFC 5322 section 3.6); a line that some readers take
 *   for one, such as a folded " From:" at the very top, counts;
 * - "malformed-from": readers differ on what it says, see `fault`;
 * - "header-too-large": the header was not read to its end.
 */
export type AuthorDoubt = "no-from" | "two-from-fields" | "malformed-from" | "header-too-large";

export interface Authors {
  readonly mailboxes: readonly Mailbox[];
  readonly doubt?: AuthorDoubt;
  readonly fault?: AddressFault;
}

/** Reads the From field of a message. Never throws. */
export function readAuthors({ fields, excess }: Pick<MessageHead, "fields" | "excess">): Authors {
  const from = fields.filter(({ name, raw }) => name === "from" || (name === "" && looksLikeFrom(raw)));
  const first = from[0];
  if (excess !== undefined) return { mailboxes: [], doubt: "header-too-large" };
  if (first === undefined) return { mailboxes: [], doubt: "no-from" };
  const { mailboxes, faults } = parseAddressList(fieldBody(first.raw));
  if (from.length > 1) return { mailboxes, doubt: "two-from-fields" };
  const fault = faults[0];
  if (fault !== undefined) return { mailboxes, doubt: "malformed-from", fault };
  return mailboxes.length === 0 || first.name === "" ? { mailboxes, doubt: "malformed-from" } : { mailboxes };
}

/** Lines without a valid field name that lenient readers take for From: "From\r\n :", or indented at the top. */
export function looksLikeFrom(raw: Uint8Array): boolean {
  return /^[ \t]*from[ \t\r\n]*:/i.test(asBuffer(raw).toString("latin1", 0, 200));
}
