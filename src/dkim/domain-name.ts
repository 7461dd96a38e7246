// Names in d=, s= and i= as the DNS is asked for them. The one form of a domain is mail/domain.ts'; here is what
// RFC 6376 asks on top of it.
import { domainOfOctets } from "../mail/domain.ts";

/**
 * The A-label form of a domain in a tag (one character per octet; UTF-8 is taken as U-labels, RFC 8616 section 5), or
 * undefined where it is none: spaces, NUL, empty labels, a final dot, an IP address, more than 253 octets, a single
 * label (domain-name of RFC 6376 section 3.5 has two or more).
 */
export function toDomain(text: string): string | undefined {
  const name = toSelector(text);
  // A last label of digits makes it an address, not a name (RFC 3696 section 2).
  return name?.includes(".") && !/\.[0-9]+$/.test(name) ? name : undefined;
}

/** The A-label form of a selector: one or more labels. */
export function toSelector(text: string): string | undefined {
  return text.endsWith(".") ? undefined : domainOfOctets(text);
}

/** Where the key of a selector and domain is (RFC 6376 section 3.6.2.1), or undefined where that is too long. */
export function toKeyName(selector: string, domain: string): string | undefined {
  const name = `${selector}._domainkey.${domain}`;
  return name.length <= 253 ? name : undefined;
}

/** Whether `name` is `domain` or lies below it; both in the form `toDomain` gives. */
export function isWithin(name: string, domain: string): boolean {
  return name === domain || (name.endsWith(domain) && name[name.length - domain.length - 1] === ".");
}
