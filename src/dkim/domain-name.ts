// Names in d=, s= and i= as what the DNS is asked for: LDH labels and underscore, A-labels, lower case.
import { domainToASCII } from "node:url";

const maxNameOctets = 253;
const maxLabelOctets = 63;

/**
 * The A-label form of a domain name as it stands in a tag (one character per octet), or undefined where it is none:
 * spaces, empty labels, NUL, an IP address, more than 253 octets, a single label (RFC 6376 section 3.5 wants two).
 * UTF-8 is taken as U-labels (RFC 8616 section 5).
 */
export function toDomain(text: string): string | undefined {
  const name = toLabels(text);
  if (name === undefined || !name.includes(".")) return undefined;
  // A last label of digits makes it an address, not a name (RFC 3696 section 2).
  return /\.[0-9]+$/.test(name) ? undefined : name;
}

/** The A-label form of a selector: one or more labels. */
export function toSelector(text: string): string | undefined {
  return toLabels(text);
}

/** Whether `name` is `domain` or lies below it; both in the form `toDomain` gives. */
export function isWithin(name: string, domain: string): boolean {
  return name === domain || (name.endsWith(domain) && name[name.length - domain.length - 1] === ".");
}

function toLabels(text: string): string | undefined {
  // U-labels are longer than their A-labels at most by a small factor; the bound keeps the conversion cheap.
  if (text.length > 4 * maxNameOctets) return undefined;
  const name = /[^\0-\x7f]/.test(text) ? fromUtf8(text) : text.toLowerCase();
  return isHostName(name) ? name : undefined;
}

function fromUtf8(text: string): string {
  const octets = Buffer.from(text, "latin1");
  const decoded = octets.toString("utf8");
  return decoded.includes("\ufffd") ? "" : domainToASCII(decoded);
}

function isHostName(name: string): boolean {
  if (name.length === 0 || name.length > maxNameOctets) return false;
  let labelLength = 0;
  for (let i = 0; i < name.length; i += 1) {
    const code = name.charCodeAt(i);
    if (code === 46) {
      if (labelLength === 0) return false;
      labelLength = 0;
      continue;
    }
    const fits = (code >= 97 && code <= 122) || (code >= 48 && code <= 57) || code === 45 || code === 95;
    labelLength += 1;
    if (!fits || labelLength > maxLabelOctets) return false;
  }
  return labelLength > 0;
}
