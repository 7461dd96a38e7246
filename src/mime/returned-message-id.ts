// The Message-ID of the mail that a bounce brings back: of the attached message or header (RFC 3464), or below the line by which
// qmail and its like begin what they return. Reads the beginning of the body alone, line by line.

/** Octets of a body that are looked at. */
export const maxReturnedBytes = 256 * 1024;

const attached = /^content-type:\s*(?:message\/(?:rfc822|global(?:-headers)?)|text\/rfc822-headers)\b/i;
const returnedBelow = /^-{3,}.{0,40}\b(?:below this line is a copy|original message|undelivered message)\b/i;
const messageId = /^message-id:\s*(<[^<>\s]{1,250}>)?\s*$/i;
const folded = /^[ \t]+(<[^<>\s]{1,250}>)/;

/** Undefined where none is found. `body`: one character per octet. */
export function returnedMessageId(body: string): string | undefined {
  let isReturned = false;
  let isUnfinished = false;
  let at = 0;
  while (at < body.length) {
    const end = body.indexOf("\n", at);
    const line = body.slice(at, end === -1 ? body.length : Math.min(end, at + 1000)).replace(/\r$/, "");
    at = end === -1 ? body.length : end + 1;
    if (!isReturned) {
      isReturned = attached.test(line) || returnedBelow.test(line);
      continue;
    }
    if (isUnfinished) {
      const id = folded.exec(line)?.[1];
      if (id !== undefined) return id;
      isUnfinished = false;
    }
    const found = messageId.exec(line);
    if (found?.[1] !== undefined) return found[1];
    isUnfinished = found !== null;
  }
  return undefined;
}
