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
const DELETE = 127;

/**
 * The From fields of a header section of any size, for one that was not split to its end: the first ten and the last.
 * Linear, by octet.
 */
export function fromFieldsOf(header: Uint8Array): readonly HeaderField[] {
  const octets = asBuffer(header);
  const found: HeaderField[] = [];
  for (let at = 0; at < octets.length; ) {
    let end = nextLine(octets, at);
    const isFolded = at > 0 && (octets[at] === SPACE || octets[at] === TAB);
    if (!isFolded && startsLikeFrom(octets, at)) {
      while (octets[end] === SPACE || octets[end] === TAB) end = nextLine(octets, end);
      const raw = octets.subarray(at, Math.min(end, at + maxFieldOctets));
      const field = { name: fieldName(raw), raw };
      if (isFromField(field)) found[Math.min(found.length, maxFields)] = field;
    }
    at = end;
  }
  return found;
}

/** Whether a line begins with "from", behind octets that some reader leaves out. */
function startsLikeFrom(octets: Buffer, start: number): boolean {
  let at = start;
  const stop = Math.min(octets.length, start + maxUnseen);
  while (at < stop && isUnseen(octets[at] ?? 0)) at += 1;
  // 0x20 makes a letter lower case.
  return (
    ((octets[at] ?? 0) | 0x20) === 0x66 &&
    ((octets[at + 1] ?? 0) | 0x20) === 0x72 &&
    ((octets[at + 2] ?? 0) | 0x20) === 0x6f &&
    ((octets[at + 3] ?? 0) | 0x20) === 0x6d
  );
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
