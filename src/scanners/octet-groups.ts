// A mail's octets on their way to a scanner: in groups, none of them copied, so that a large mail costs no memory.
import type { MessageOctets } from "../mail/message.ts";

/** Octets sent before the scanner has to have taken them. */
const groupBytes = 256 * 1024;

const emptyLine = Buffer.from("\r\n");

/**
 * The octets of a mail in order, at most `maxBytes` of them. The memory of a group may be filled again once the next
 * one is asked for: by then it has to be sent. Rejects where a spool file cannot be read.
 */
export async function* octetGroups(
  { header, separator, body }: MessageOctets,
  maxBytes = Number.POSITIVE_INFINITY,
): AsyncGenerator<readonly Uint8Array[]> {
  let left = maxBytes;
  let group: Uint8Array[] = [];
  let bytes = 0;
  const take = (view: Uint8Array): void => {
    const taken = view.length <= left ? view : view.subarray(0, left);
    left -= taken.length;
    bytes += taken.length;
    if (taken.length > 0) group.push(taken);
  };
  take(header);
  if (separator !== "") take(emptyLine);
  if (body.kind === "memory") {
    for (const chunk of body.chunks) {
      if (left === 0) break;
      if (bytes >= groupBytes) {
        yield group;
        group = [];
        bytes = 0;
      }
      take(chunk);
    }
  } else if (left > 0) {
    for await (const chunk of body.read()) {
      take(chunk);
      yield group;
      group = [];
      bytes = 0;
      if (left === 0) break;
    }
  }
  if (group.length > 0) yield group;
}
