// Header edits: whole fields put on top, whole fields left out. The octets of every other field stay as they are.
import { asBuffer, splitHeader } from "./header.ts";
import type { Message } from "./message.ts";
import { concatShared } from "./shared-octets.ts";

/** A range of octets of the header section, end not included. */
export interface OctetRange {
  readonly start: number;
  readonly end: number;
}

/**
 * The message with `fields` (each ending in CRLF) on top, and of its own header only the octets of `kept`: whole fields,
 * in order.
 */
export function editHeader(message: Message, fields: string, kept: readonly OctetRange[]): Message {
  const header = asBuffer(message.header);
  const edited = concatShared([
    Buffer.from(fields, "latin1"),
    ...kept.map((range) => header.subarray(range.start, range.end)),
  ]);
  // A header over the limits was not split whole, and is not now.
  if (message.excess !== undefined) return { ...message, header: edited };
  const split = splitHeader(edited);
  return {
    ...message,
    header: edited,
    fields: split.fields,
    ...(split.excess === undefined ? {} : { excess: split.excess }),
  };
}
