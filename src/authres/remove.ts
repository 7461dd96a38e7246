// Finds the Authentication-Results fields that claim to be ours, so that they can be left out on arrival
// (RFC 8601 section 5). Works on the whole header section, whatever its size, and on whole fields only.
import { domainToASCII } from "node:url";
import type { HeaderEdits, Replacement } from "../mail/edit.ts";
import { asBuffer } from "../mail/header.ts";
import { maxFieldOctets, readIdentity } from "./parse.ts";

const nameInLowerCase = "authentication-results";

/** A header with more fields than this is cut off there by its own limit; nobody has that many results. */
const maxFieldsRead = 1000;
const maxRanges = 1000;

const TAB = 9;
const LF = 10;
const SPACE = 32;
const COLON = 58;
const DELETE = 127;

/**
 * True when the body's authserv-id is one of ours after comments, quotes, folding and case are undone, or begins with one
 * as OpenDKIM writes them ("mail.example.com/job"); and also when no authserv-id can be made out: what nobody can attribute
 * may be meant as ours.
 */
function claims(body: string, comparableIds: readonly string[]): boolean {
  const identity = readIdentity(body);
  if (identity === undefined) return true;
  const [, hostName = ""] = leadingName.exec(identity.authservId) ?? [];
  return comparableIds.includes(comparable(identity.authservId)) || comparableIds.includes(comparable(hostName));
}

/** Behind octets that some readers leave out. */
const leadingName = /^[^\x21-\x7e]*([A-Za-z0-9._-]+)/;

/**
 * The edits that leave every field of a header section out that claims one of `ids`, and those of more than 16 KiB. What
 * stays has none left, however often this is done. Neighbours are one range; after a
 * thousand ranges the rest of the header is replaced by a copy without such fields. Of more than a thousand fields of
 * that name the others are left out unread. Linear: each octet is looked at once for the name, and the fields found are
 * read.
 */
export function leaveOutClaims(header: Uint8Array, ids: readonly string[]): Pick<HeaderEdits, "remove" | "replace"> {
  const octets = asBuffer(header);
  const comparableIds = ids.map(comparable);
  const remove: { start: number; end: number }[] = [];
  let copy: Copy | undefined;
  let copiedTo = 0;
  let found = 0;
  const leaveOut = (start: number, end: number) => {
    const last = remove.at(-1);
    if (copy !== undefined) append(copy, octets, copiedTo, start);
    else if (last?.end === start) last.end = end;
    else if (remove.length < maxRanges) remove.push({ start, end });
    else copy = { start, octets: Buffer.allocUnsafe(octets.length - start), length: 0 };
    copiedTo = end;
  };
  for (let at = 0; at < octets.length; ) {
    const colon = colonOfResults(octets, at);
    if (colon === -1) {
      at = nextLine(octets, at);
      continue;
    }
    const end = endOfField(octets, at);
    found += 1;
    const unread = found > maxFieldsRead || end - at > maxFieldOctets;
    if (unread || claims(octets.toString("latin1", Math.min(colon + 1, end), end), comparableIds)) leaveOut(at, end);
    at = end;
  }
  return { remove, replace: copy === undefined ? [] : [replacement(copy, octets, copiedTo)] };
}

/** What stays of a header from `start` on. */
interface Copy {
  readonly start: number;
  readonly octets: Buffer;
  length: number;
}

function replacement(copy: Copy, header: Buffer, copiedTo: number): Replacement {
  append(copy, header, copiedTo, header.length);
  return { start: copy.start, end: header.length, octets: copy.octets.subarray(0, copy.length) };
}

/** By octet: what lies between two such fields is short where there are thousands. */
function append(copy: Copy, octets: Buffer, from: number, to: number): void {
  let { length } = copy;
  for (let i = from; i < to; i += 1) copy.octets[length++] = octets[i] ?? 0;
  copy.length = length;
}

/** Octets within and around a name that some readers leave out; nobody has more of them. */
const maxUnseen = 64;

/** Where the colon of an Authentication-Results field stands whose line begins at `start`, or -1. */
function colonOfResults(octets: Buffer, start: number): number {
  // A line that begins so goes on with the one above, but at the very top.
  if (start > 0 && isBlank(octets[start])) return -1;
  let at = start;
  let unseen = 0;
  for (let i = 0; i < nameInLowerCase.length; ) {
    if (lowerCase(octets[at]) === nameInLowerCase.charCodeAt(i)) i += 1;
    else if (unseen === maxUnseen || !isUnseen(octets[at])) return -1;
    else unseen += 1;
    at += 1;
  }
  // White space may go before the colon (RFC 5322 section 4.5); some readers even unfold first. A line that is not folded
  // ends the name, or two that meet when one between them is left out would make such a field.
  while (isUnseen(octets[at]) || (octets[at] === LF && isBlank(octets[at + 1]))) at += 1;
  return octets[at] === COLON ? at : -1;
}

/** What is not printable, a line feed apart: controls, white space, 8-bit octets (a no-break space, a byte order mark). */
function isUnseen(octet: number | undefined): boolean {
  return octet !== undefined && octet !== LF && (octet <= SPACE || octet >= DELETE);
}

// By octet and not by indexOf: lines are short, and to call it costs as much as to look at a hundred octets.
function nextLine(octets: Buffer, from: number): number {
  let at = from;
  while (at < octets.length && octets[at] !== LF) at += 1;
  return at + 1;
}

function endOfField(octets: Buffer, from: number): number {
  let at = nextLine(octets, from);
  while (isBlank(octets[at])) at = nextLine(octets, at);
  return Math.min(at, octets.length);
}

function lowerCase(octet = 0): number {
  return octet >= 65 && octet <= 90 ? octet + 32 : octet;
}

function isBlank(octet: number | undefined): boolean {
  return octet === SPACE || octet === TAB;
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
