// Finds the Authentication-Results fields that claim to be ours, so that they can be left out on arrival
// (RFC 8601 section 5). Works on the whole header section, whatever its size, and on whole fields only.
import { domainToASCII } from "node:url";
import { asBuffer, fieldBody } from "../mail/header.ts";
import { maxFieldOctets, readIdentity } from "./parse.ts";

/** A piece of the header section, from the first octet up to, not with, the last. */
export interface OctetRange {
  readonly start: number;
  readonly end: number;
}

const nameInLowerCase = "authentication-results";

/**
 * True when the field's authserv-id is one of `ids` after comments, quotes, folding and case are undone, and also when
 * no authserv-id can be made out or the field is longer than 16 KiB: what nobody can attribute may be meant as ours.
 */
export function claimsAuthservId(fieldRaw: Uint8Array, ids: readonly string[]): boolean {
  return fieldRaw.length > maxFieldOctets || claims(fieldBody(fieldRaw), ids.map(comparable));
}

function claims(body: string, comparableIds: readonly string[]): boolean {
  const identity = readIdentity(body);
  return identity === undefined || comparableIds.includes(comparable(identity.authservId));
}

/**
 * The ranges of a header section that stay when every field that claims one of `ids` is left out; one range with
 * everything in it when there is none. Linear: a scan for the field's name, then only the fields found are read.
 */
export function keepUnclaimed(header: Uint8Array, ids: readonly string[]): readonly OctetRange[] {
  // Two passes in native code; the copies cost less than looking at every line in JavaScript.
  const text = asBuffer(header).toString("latin1");
  const lower = text.toLowerCase();
  const comparableIds = ids.map(comparable);
  const kept: OctetRange[] = [];
  let keptFrom = 0;
  for (let at = lower.indexOf(nameInLowerCase); at !== -1; at = lower.indexOf(nameInLowerCase, at + 1)) {
    if (at > 0 && lower[at - 1] !== "\n") continue;
    const colon = colonAfter(lower, at + nameInLowerCase.length);
    if (colon === -1) continue;
    const end = endOfField(lower, at);
    if (end - at > maxFieldOctets || claims(text.slice(colon + 1, end), comparableIds)) {
      if (at > keptFrom) kept.push({ start: keptFrom, end: at });
      keptFrom = end;
    }
    at = end - 1;
  }
  if (keptFrom < text.length || text.length === 0) kept.push({ start: keptFrom, end: text.length });
  return kept;
}

/** White space may go before the colon (RFC 5322 section 4.5); some readers even unfold first. */
function colonAfter(lower: string, from: number): number {
  let at = from;
  while (at < lower.length && " \t\r\n".includes(lower.charAt(at))) at += 1;
  return lower[at] === ":" ? at : -1;
}

function endOfField(lower: string, from: number): number {
  let at = lower.indexOf("\n", from);
  while (at !== -1 && (lower[at + 1] === " " || lower[at + 1] === "\t")) at = lower.indexOf("\n", at + 1);
  return at === -1 ? lower.length : at + 1;
}

/** Lower case, A-labels, without a final dot and the white space that quotes allow. */
function comparable(id: string): string {
  const trimmed = id.trim();
  const bare = trimmed.endsWith(".") ? trimmed.slice(0, -1) : trimmed;
  if (/^[\x20-\x7e]*$/.test(bare)) return bare.toLowerCase();
  // Field text is octets in latin1; a domain in U-labels is UTF-8 (RFC 8616 section 5).
  const ascii = domainToASCII(Buffer.from(bare, "latin1").toString("utf8"));
  return ascii === "" ? bare : ascii;
}
