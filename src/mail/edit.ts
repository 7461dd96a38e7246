// Header edits: whole fields put on top, whole fields left out. The octets of every other field stay as they are.
import { asBuffer } from "./header.ts";
import type { MessageOctets } from "./message.ts";
import { sharedOctets } from "./shared-octets.ts";

/**
 * The message with `fields` (each ending in CRLF) on top, and of its own header only `kept`: whole fields, in order.
 */
export function editHeader(message: MessageOctets, fields: string, kept: readonly Uint8Array[]): MessageOctets {
  let size = fields.length;
  for (const octets of kept) size += octets.length;
  const octets = sharedOctets(size);
  octets.write(fields, 0, "latin1");
  let at = fields.length;
  for (const view of kept) at += asBuffer(view).copy(octets, at);
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
