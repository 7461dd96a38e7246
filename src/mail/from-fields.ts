// The From fields of a header, and whatever some reader takes for one.
import { asBuffer, fieldName, type HeaderField } from "./header.ts";

/** Octets of a name that no reader shows: some leave them out, among them a byte order mark and a no-break space. */
const fromName = /^[^\x21-\x7e]*from[^\x21-\x7e]*:/i;

/**
 * A From field, and a line without a valid field name that some reader takes for one: "From" folded before its colon,
 * indented at the very top, or with octets around it that are not printable.
 */
export function isFromField({ name, raw }: HeaderField): boolean {
  return name === "from" || (name === "" && fromName.test(asBuffer(raw).toString("latin1")));
}

/** Nobody is shown more of them; each is read for addresses. */
const maxFields = 10;
/** As much as is looked at of one field, and of what stands before its name. */
const maxFieldOctets = 32 * 1024;
const maxUnseen = 64;

const TAB = 9;
const LF = 10;
const SPACE = 32;
const COLON = 58;
const DELETE = 127;

/**
 * The From fields of a header section of any size, for one that was not split to its end: the first ten and the last.
 * Linear, by octet.
 */
export function fromFieldsOf(header: Uint8Array): readonly HeaderField[] {
  const octets = asBuffer(header);
  const found: HeaderField[] = [];
  // Of more than ten only the place of the last is noted: a header may hold a million.
  let lastAt = -1;
  let lastEnd = 0;
  for (let at = 0; at < octets.length; ) {
    let end = nextLine(octets, at);
    const isFolded = at > 0 && (octets[at] === SPACE || octets[at] === TAB);
    const colonAfter = isFolded ? -1 : endOfFrom(octets, at);
    if (colonAfter !== -1) {
      while (octets[end] === SPACE || octets[end] === TAB) end = nextLine(octets, end);
      if (isNamedFrom(octets, colonAfter, Math.min(end, at + maxFieldOctets))) {
        if (found.length < maxFields) found.push(fieldAt(octets, at, end));
        else [lastAt, lastEnd] = [at, end];
      }
    }
    at = end;
  }
  if (lastAt !== -1) found.push(fieldAt(octets, lastAt, lastEnd));
  return found;
}

function fieldAt(octets: Buffer, start: number, end: number): HeaderField {
  const raw = octets.subarray(start, Math.min(end, start + maxFieldOctets));
  return { name: fieldName(raw), raw };
}

/** Whether the colon comes next, behind octets that are not printable: as `isFromField` has it, by octet. */
function isNamedFrom(octets: Buffer, from: number, end: number): boolean {
  let at = from;
  while (at < end && (octets[at] === LF || isUnseen(octets[at] ?? 0))) at += 1;
  return at < end && octets[at] === COLON;
}

/** Where "from" ends at the beginning of a line, behind octets that some reader leaves out; -1 where there is none. */
function endOfFrom(octets: Buffer, start: number): number {
  let at = start;
  const stop = Math.min(octets.length, start + maxUnseen);
  while (at < stop && isUnseen(octets[at] ?? 0)) at += 1;
  // 0x20 makes a letter lower case.
  const isFrom =
    ((octets[at] ?? 0) | 0x20) === 0x66 &&
    ((octets[at + 1] ?? 0) | 0x20) === 0x72 &&
    ((octets[at + 2] ?? 0) | 0x20) === 0x6f &&
    ((octets[at + 3] ?? 0) | 0x20) === 0x6d;
  return isFrom ? at + 4 : -1;
}

function isUnseen(octet: number): boolean {
  return octet !== LF && (octet <= SPACE || octet >= DELETE);
}

// By octet and not by indexOf: lines are short where there are many, and to call it costs as much as a hundred octets.
function nextLine(octets: Buffer, from: number): number {
  let at = from;
  while (at < octets.length && octets[at] !== LF) at += 1;
  return at + 1;
}
