// Incoming fields that say what only we may say: of a spam check, and of a virus check (amavis.md 7.6).
import type { OctetRange } from "../../mail/edit.ts";
import { asBuffer, fieldName, isUnread } from "../../mail/header.ts";
import type { Message } from "../../mail/message.ts";

/** The fields that amavisd takes for spam checks. */
export const spamFieldNames: ReadonlySet<string> = new Set([
  "x-spam-status",
  "x-spam-level",
  "x-spam-flag",
  "x-spam-score",
  "x-spam-report",
  "x-spam-checker-version",
  "x-spam-tests",
]);

/** The ranges of fields of these names (lower case), in order. Looks beyond the limits of a header: some reader does. */
export function rangesOf(
  { header, fields, cut }: Pick<Message, "header" | "fields" | "cut">,
  names: ReadonlySet<string>,
): readonly OctetRange[] {
  if (isUnread(cut)) return rangesIn(asBuffer(header), names);
  const found: OctetRange[] = [];
  let start = 0;
  for (const { name, raw } of fields) {
    const end = start + raw.length;
    if (names.has(name)) found.push({ start, end });
    start = end;
  }
  return found;
}

const TAB = 9;
const LF = 10;
const SPACE = 32;

/** By octet, without an object for each field of a header that may hold a million of them. */
function rangesIn(octets: Buffer, names: ReadonlySet<string>): readonly OctetRange[] {
  const found: OctetRange[] = [];
  const beginning = commonBeginning([...names]);
  for (let at = 0; at < octets.length; ) {
    let end = nextLine(octets, at);
    while (octets[end] === SPACE || octets[end] === TAB) end = nextLine(octets, end);
    end = Math.min(end, octets.length);
    const isOne = beginsWith(octets, at, beginning) && names.has(fieldName(octets.subarray(at, end)));
    const last = found.at(-1);
    if (isOne && last?.end === at) found[found.length - 1] = { start: last.start, end };
    else if (isOne) found.push({ start: at, end });
    at = end;
  }
  return found;
}

function commonBeginning([first = "", ...others]: readonly string[]): string {
  let length = first.length;
  while (others.some((name) => !name.startsWith(first.slice(0, length)))) length -= 1;
  return first.slice(0, length);
}

function beginsWith(octets: Buffer, at: number, beginning: string): boolean {
  for (let i = 0; i < beginning.length; i += 1) {
    const octet = octets[at + i] ?? 0;
    const lower = octet >= 65 && octet <= 90 ? octet + 32 : octet;
    if (lower !== beginning.charCodeAt(i)) return false;
  }
  return true;
}

function nextLine(octets: Buffer, from: number): number {
  let at = from;
  while (at < octets.length && octets[at] !== LF) at += 1;
  return at + 1;
}

/** Both lists as one, in order and apart: ranges that overlap are one. */
export function withRanges(one: readonly OctetRange[], other: readonly OctetRange[]): readonly OctetRange[] {
  if (other.length === 0) return one;
  if (one.length === 0) return other;
  const merged = [...one, ...other].sort((a, b) => a.start - b.start || a.end - b.end);
  const apart: OctetRange[] = [];
  for (const range of merged) {
    const last = apart.at(-1);
    if (last === undefined || range.start >= last.end) apart.push(range);
    else if (range.end > last.end) apart[apart.length - 1] = { start: last.start, end: range.end };
  }
  return apart;
}
