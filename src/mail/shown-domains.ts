// The domains that some reader may show in a From field which is no clear list of mailboxes. Generous on purpose: whose
// name such mail uses is asked here, never whom it is from.
import { domainOfOctets } from "./domain.ts";

/** Of one field; nobody is shown more than the first few. */
export const maxShownDomains = 10;
/** As much as is looked at of one field. */
const maxChars = 32 * 1024;

const encodedWord = /=\?[^?\s]{1,60}\?([bq])\?([^?\s]*)\?=/gi;
const controls = /[\x00-\x1f\x7f]+/g;
const comment = /\([^()]*\)/g;
/** White space and comments are left out; a domain without a dot is a word beside an "@", as in "Sales @ Corp". */
const afterAt = /@(?:[ \t\r\n]|\([^()]*\))*([A-Za-z0-9_\x80-\xff-]+(?:\.[A-Za-z0-9_\x80-\xff-]+)+)/g;

/**
 * What stands after any "@" of a field body, in A-labels, each once, in order; also where a quote does not end, where a
 * reader leaves out control characters or comments, and where it undoes encoded words first. Linear, never throws.
 */
export function shownDomains(fieldBody: string): readonly string[] {
  const body = fieldBody.slice(0, maxChars);
  const readings = new Set([
    body,
    body.replace(controls, ""),
    body.replace(comment, ""),
    body.replace(encodedWord, decoded),
  ]);
  const domains = new Set<string>();
  for (const reading of readings) {
    for (const [, text = ""] of reading.matchAll(afterAt)) {
      const domain = domainOfOctets(text);
      if (domain !== undefined) domains.add(domain);
      if (domains.size === maxShownDomains) return [...domains];
    }
  }
  return [...domains];
}

/** RFC 2047 section 4. The character set is taken for one that has ASCII in its place, as those of mail have. */
function decoded(_word: string, encoding: string, text: string): string {
  if (encoding.toLowerCase() === "b") return Buffer.from(text, "base64").toString("latin1");
  return text
    .replaceAll("_", " ")
    .replace(/=([0-9a-f]{2})/gi, (_, octet: string) => String.fromCharCode(Number.parseInt(octet, 16)));
}
