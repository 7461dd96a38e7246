// Incoming fields that say what only we may say: of a spam check, and of a virus check (amavis.md 7.6).
import type { OctetRange } from "../../mail/edit.ts";
import { type HeaderField, isUnread, splitHeader } from "../../mail/header.ts";
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
  message: Pick<Message, "header" | "fields" | "cut">,
  names: ReadonlySet<string>,
): readonly OctetRange[] {
  const found: OctetRange[] = [];
  let start = 0;
  for (const { name, raw } of allFields(message)) {
    const end = start + raw.length;
    if (names.has(name)) found.push({ start, end });
    start = end;
  }
  return found;
}

const unlimited = {
  maxBytes: Number.MAX_SAFE_INTEGER,
  maxFields: Number.MAX_SAFE_INTEGER,
  maxLines: Number.MAX_SAFE_INTEGER,
};

function allFields({ header, fields, cut }: Pick<Message, "header" | "fields" | "cut">): readonly HeaderField[] {
  return isUnread(cut) ? splitHeader(header, unlimited).fields : fields;
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
