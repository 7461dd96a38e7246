// Charsets of names (RFC 2047, RFC 2231) that are not known here: some readers know more of them (EBCDIC, escapes of programming languages),
// and to those the name is another one.
import { isKnownCharset } from "./octet-text.ts";

/** No charset's name is longer, with its language. */
const ofWord = /=\?([^?*]{1,80})(?:\*[^?]{0,80})?\?[bq]\?/gi;
const ofParameter = /\*[ \t\n]*=[ \t\n]*"?([^'"; \t\n]{1,80})'[^'";]{0,80}'/g;

/** The first such charset in a value of Content-Type or Content-Disposition. Linear in the value. */
export function unknownCharset(value: string): string | undefined {
  if (!value.includes("=?") && !value.includes("'")) return undefined;
  for (const pattern of [ofWord, ofParameter])
    for (const [, charset = ""] of value.matchAll(pattern)) if (!isKnownCharset(charset)) return charset;
  return undefined;
}
