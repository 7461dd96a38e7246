// Fields a reader sees that a signature says nothing about: someone may have added them (RFC 6376 section 8.15).
import type { FieldIndex } from "./field-index.ts";

/**
 * Fields that a message has once (RFC 5322 section 3.6, RFC 2045 section 3) and that a reader or a filter acts upon.
 * Trace fields and Resent-* may be many and grow on the way.
 */
const singleFields = [
  "from",
  "sender",
  "reply-to",
  "to",
  "cc",
  "subject",
  "date",
  "message-id",
  "in-reply-to",
  "references",
  "mime-version",
  "content-type",
  "content-transfer-encoding",
  "content-disposition",
  "content-id",
  "list-id",
  "list-unsubscribe",
  "list-unsubscribe-post",
];

/**
 * Names (lower case) of which the message has more fields than the signature covers. A field that is not signed at
 * all is named only when it is there twice: many signers leave some out, and once is how it should be.
 */
export function unsignedInstances(index: FieldIndex, signedFields: readonly string[]): readonly string[] {
  const found: string[] = [];
  for (const name of singleFields) {
    const count = index.count(name);
    if (count > 1 && count > countOf(name, signedFields)) found.push(name);
  }
  return found;
}

function countOf(name: string, list: readonly string[]): number {
  let count = 0;
  for (const entry of list) if (entry === name) count += 1;
  return count;
}
