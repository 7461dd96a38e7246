// Domain names in the one form in which they are compared and looked up: A-labels, lower case, no final dot.
// What goes out on the wire is never rewritten with this.
import { domainToASCII } from "node:url";

/** LDH labels and underscore, which host names in mail do have; 1 to 63 octets each (RFC 1035 section 2.3.4). */
const name = /^[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*$/;
const asciiOnly = /^[\x00-\x7f]*$/;
/** ASCII that must not reach the URL host parser, which would decode "%41" and cut at "/". */
const unfitAscii = /[\x00-\x2c\x2f\x3a-\x40\x5b-\x5e\x60\x7b-\x7f]/;
const maxChars = 253;
/** U-labels are at most as long as their A-labels; anything longer cannot be a name. */
const maxInputChars = 1024;

/**
 * The one form of a domain (UTS 46 non-transitional to A-labels, lower case, one final dot left out), or undefined
 * when it is no host name: then it is not local, not signable and equal to nothing. Takes Unicode text; header text
 * and envelope paths go through `domainOfOctets`.
 */
export function toAscii(domain: string): string | undefined {
  // Most names are in that form already.
  if (domain.length <= maxChars && name.test(domain)) return domain;
  if (domain.length > maxInputChars) return undefined;
  if (asciiOnly.test(domain)) return checked(domain.toLowerCase());
  if (unfitAscii.test(domain)) return undefined;
  const ascii = checked(domainToASCII(domain));
  // The URL host parser reads "１２７.１" as an IPv4 address: digits in disguise are no name.
  return ascii === undefined || /(?:^|\.)(?:\d+|0x[0-9a-f]*)$/.test(ascii) ? undefined : ascii;
}

/** `toAscii` for octets (one character per octet): 8-bit octets must be UTF-8 (RFC 6532 section 3.1). */
export function domainOfOctets(octets: string): string | undefined {
  if (octets.length <= maxChars && name.test(octets)) return octets;
  if (octets.length > maxInputChars) return undefined;
  const text = decodeUtf8(octets);
  return text === undefined ? undefined : toAscii(text);
}

/** Text of octets (one character per octet) read as UTF-8; undefined where it is not UTF-8. */
export function decodeUtf8(octets: string): string | undefined {
  if (asciiOnly.test(octets)) return octets;
  try {
    return utf8.decode(Buffer.from(octets, "latin1"));
  } catch {
    return undefined;
  }
}

/** Unicode text, say of a command line, as octets: one character per octet of its UTF-8 form. */
export function encodeUtf8(text: string): string {
  return asciiOnly.test(text) ? text : Buffer.from(text, "utf8").toString("latin1");
}

/** An address of the configuration, which may be text or, filled in from mail, octets already: as octets. */
export function addressOctets(address: string): string {
  const isOctets = !/[^\x00-\xff]/.test(address) && decodeUtf8(address) !== undefined;
  return isOctets ? address : encodeUtf8(address);
}

/** Octets in lower case: UTF-8 as the text it is (RFC 6532), anything else its ASCII letters alone. */
export function lowerOctets(octets: string): string {
  if (asciiOnly.test(octets)) return octets.toLowerCase();
  const text = decodeUtf8(octets);
  return text === undefined ? octets.replace(/[A-Z]+/g, (run) => run.toLowerCase()) : encodeUtf8(text.toLowerCase());
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function checked(domain: string): string | undefined {
  const bare = domain.endsWith(".") ? domain.slice(0, -1) : domain;
  return bare.length <= maxChars && name.test(bare) ? bare : undefined;
}
