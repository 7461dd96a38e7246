// Header edits as data: whole fields on top, whole fields left out, whole fields in the place of others. They are printed
// where octets are needed, when a mail is signed or leaves; every octet that no edit names stays as it is.
import { asBuffer, mailboxLinesEnd } from "./header.ts";
import type { MemoryBody, MessageOctets } from "./message.ts";
import { sharedOctets } from "./shared-octets.ts";
import { isSameWrapping, type Wrapping, wrappedBody } from "./wrapping.ts";

/** A range of octets of the header section, end not included. */
export interface OctetRange {
  readonly start: number;
  readonly end: number;
}

/** Other whole fields in the place of those in the range. */
export interface Replacement extends OctetRange {
  readonly octets: Uint8Array;
}

/** What is done to a header section. Ranges are of the header as it came, of whole fields, in order and apart. */
export interface HeaderEdits {
  /** Fields to put on top, the topmost first; each ends in CRLF, one character per octet. */
  readonly add: readonly string[];
  readonly remove: readonly OctetRange[];
  readonly replace: readonly Replacement[];
  /**
   * Octets of lines of a mailbox file on top, below which fields are added: above it they would be the whole header to
   * Postfix, which makes a field of such a line on top alone. 0 unless given.
   */
  readonly below?: number;
  /** The mail leaves as an attachment: the header section with its edits is that of the new mail, the mail within has its own as it came. */
  readonly wrap?: Wrapping;
  /** Another body in the place of the one that came. */
  readonly body?: MemoryBody;
}

export const noEdits: HeaderEdits = { add: [], remove: [], replace: [] };

/** No edits of this header section yet: what is added to them goes below the lines of a mailbox file. */
export function noEditsOf(header: Uint8Array): HeaderEdits {
  const below = mailboxLinesEnd(header);
  return below === 0 ? noEdits : { ...noEdits, below };
}

/** The same edits with further fields above those that are added already. */
export function withFields(fields: readonly string[], edits: HeaderEdits): HeaderEdits {
  return { ...edits, add: [...fields, ...edits.add] };
}

/** Whether what leaves with these edits has another body than what came. */
export function changesBody({ wrap, body }: HeaderEdits): boolean {
  return wrap !== undefined || body !== undefined;
}

/** Whether both turn any header into the same octets. */
export function isSameEdits(one: HeaderEdits, other: HeaderEdits): boolean {
  if (one === other) return true;
  return (
    isSameList(one.add, other.add, (a, b) => a === b) &&
    isSameList(one.remove, other.remove, isSameRange) &&
    isSameList(one.replace, other.replace, isSameReplacement) &&
    one.below === other.below &&
    isSameWrapping(one.wrap, other.wrap) &&
    one.body === other.body
  );
}

function isSameList<T>(one: readonly T[], other: readonly T[], isSame: (a: T, b: T) => boolean): boolean {
  if (one === other) return true;
  if (one.length !== other.length) return false;
  for (const [index, value] of one.entries()) {
    const beside = other[index];
    if (beside === undefined || !isSame(value, beside)) return false;
  }
  return true;
}

function isSameReplacement(one: Replacement, other: Replacement): boolean {
  return isSameRange(one, other) && Buffer.compare(one.octets, other.octets) === 0;
}

function isSameRange(one: OctetRange, other: OctetRange): boolean {
  return one.start === other.start && one.end === other.end;
}

/** The message with its edits made. `memory`: "shared" where a worker is to read the header, "own" where it only leaves. */
export function print(message: MessageOctets, edits: HeaderEdits, memory: "own" | "shared"): MessageOctets {
  const header = asBuffer(message.header);
  const { add, remove, replace, wrap, below = 0 } = edits;
  let size = header.length + (wrap?.heading.length ?? 0);
  for (const field of add) size += field.length;
  for (const { start, end } of remove) size -= end - start;
  for (const { start, end, octets: put } of replace) size += put.length - (end - start);
  const octets = memory === "shared" ? sharedOctets(size) : Buffer.allocUnsafe(size);
  let at = header.copy(octets, 0, 0, below);
  for (const field of add) at += octets.write(field, at, "latin1");
  let from = below;
  for (const { start, end, octets: put } of changes(edits)) {
    at += header.copy(octets, at, from, start);
    at += asBuffer(put).copy(octets, at);
    from = end;
  }
  at += header.copy(octets, at, from);
  if (wrap === undefined) return { header: octets, separator: message.separator, body: edits.body ?? message.body };
  octets.write(wrap.heading, at, "latin1");
  return { header: octets, separator: "\r\n", body: wrappedBody(message, wrap, memory) };
}

const nothing = new Uint8Array();

/** What is left out or replaced, from top to bottom; what is left out is replaced by nothing. */
function changes({ remove, replace }: HeaderEdits): readonly Replacement[] {
  if (remove.length === 0) return replace;
  const left = remove.map(({ start, end }) => ({ start, end, octets: nothing }));
  return replace.length === 0 ? left : [...left, ...replace].sort((a, b) => a.start - b.start);
}
