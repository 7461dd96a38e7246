// Header edits: whole fields put on top, whole fields left out. The octets of every other field stay as they are.
import { asBuffer } from "./header.ts";
import type { MessageOctets } from "./message.ts";
import { sharedOctets } from "./shared-octets.ts";

/** A range of octets of the header section, end not included. */
export interface OctetRange {
  readonly start: number;
  readonly end: number;
}

/**
 * The message with `fields` (each ending in CRLF) on top, and of its own header only the octets of `kept`: whole fields,
 * in order.
 */
export function editHeader(message: MessageOctets, fields: string, kept: readonly OctetRange[]): MessageOctets {
  const header = asBuffer(message.header);
  let size = fields.length;
  for (const { start, end } of kept) size += end - start;
  const octets = sharedOctets(size);
  octets.write(fields, 0, "latin1");
  let at = fields.length;
  for (const { start, end } of kept) at += header.copy(octets, at, start, end);
  return { header: octets, separator: message.separator, body: message.body };
}

/**
 * The message with `fields` (each ending in CRLF) on top and nothing left out. Its header is not on shared memory: for
 * the last edit before a mail leaves, when no worker is to read it.
 */
export function addFields(message: MessageOctets, fields: string): MessageOctets {
  const header = asBuffer(message.header);
  const octets = Buffer.allocUnsafe(fields.length + header.length);
  octets.write(fields, 0, "latin1");
  header.copy(octets, fields.length);
  return { header: octets, separator: message.separator, body: message.body };
}
