// Which header fields a signature covers: the default table, and the h= list it makes of a message's header.
import type { HeaderField } from "../mail/header.ts";

/**
 * 0 = never; 1 = every occurrence; 2 = every occurrence and one entry more, so that none can be added later, whether
 * the field is there or not. The values are amavisd's (%signed_header_fields); our 2s go further than its own: all
 * that a reader sees or that decides how a body is read (RFC 6376 sections 5.4.1 and 8.15).
 */
export const defaultSignedHeaderFields: Readonly<Record<string, number>> = {
  from: 2,
  subject: 2,
  date: 2,
  to: 2,
  cc: 2,
  "reply-to": 2,
  "message-id": 2,
  "mime-version": 2,
  "content-type": 2,
  "content-transfer-encoding": 2,
  "in-reply-to": 2,
  references: 2,

  // Changed on the way by list managers and resenders.
  sender: 0,
  "resent-to": 0,
  "resent-cc": 0,

  "resent-date": 1,
  "resent-from": 1,
  "resent-sender": 1,
  "resent-message-id": 1,
  "list-id": 1,
  "list-post": 1,
  "list-owner": 1,
  "list-subscribe": 1,
  "list-unsubscribe": 1,
  "list-unsubscribe-post": 1,
  "list-help": 1,
  "list-archive": 1,
  "content-id": 1,
  "content-description": 1,
  "content-location": 1,
  "content-features": 1,
  "content-disposition": 1,
  "content-language": 1,
  "content-alternative": 1,
  "content-base": 1,
  "content-md5": 1,
  "content-duration": 1,
  "content-class": 1,
  received: 1,
  precedence: 1,
  "original-message-id": 1,
  "message-context": 1,
  "pics-label": 1,
  sensitivity: 1,
  solicitation: 1,
  "accept-language": 1,
  "auto-submitted": 1,
  "archived-at": 1,
  "vbr-info": 1,
  organization: 1,
  organisation: 1,
  "user-agent": 1,
  "x-mailer": 1,
};

/** A table as the fields of a header ask it. */
interface Wanted {
  /** A Map: names come from mail, and "constructor" must not find what every object has. */
  readonly entries: ReadonlyMap<string, number>;
  /** Names with an entry even where the field is missing. */
  readonly always: readonly string[];
}

/** Tables are few and stay; a mail asks for some fifteen names, a table has sixty. */
const prepared = new WeakMap<Readonly<Record<string, number>>, Wanted>();

/**
 * The h= list for a header: bottom-up as the fields are counted (RFC 6376 section 5.4.2), the extra entry of a field
 * next to its lowest one, then the names that must not appear. From is always in it (RFC 6376 section 5.4), an extra
 * DKIM-Signature never: the new one would be that (section 3.5). A table that was used is not to be changed any more.
 */
export function listSignedFields(
  fields: readonly HeaderField[],
  table: Readonly<Record<string, number>>,
): readonly string[] {
  const { entries, always } = prepare(table);
  const list: string[] = [];
  const seen = new Set<string>();
  for (let i = fields.length - 1; i >= 0; i -= 1) {
    const name = fields[i]?.name ?? "";
    const wanted = entries.get(name) ?? 0;
    if (wanted === 0) continue;
    list.push(name);
    if (seen.has(name)) continue;
    seen.add(name);
    if (wanted > 1) list.push(name);
  }
  for (const name of always) if (!seen.has(name)) list.push(name);
  return list;
}

function prepare(table: Readonly<Record<string, number>>): Wanted {
  const known = prepared.get(table);
  if (known !== undefined) return known;
  const entries = new Map(Object.entries(table));
  entries.set("from", Math.max(entries.get("from") ?? 0, 1));
  // Verifiers count the signature's own field too: an entry more than there are others would mean itself.
  if (entries.has("dkim-signature")) entries.set("dkim-signature", Math.min(entries.get("dkim-signature") ?? 0, 1));
  const always = Object.keys(table).filter((name) => (entries.get(name) ?? 0) > 1);
  const made = { entries, always };
  prepared.set(table, made);
  return made;
}
