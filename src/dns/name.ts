// Domain names as text: the one form in which they are compared, kept and asked for (RFC 1035 section 2.3).

/** Lower case, no final dot; "" is the root. */
export function canonicalName(name: string): string {
  const lower = name.toLowerCase();
  return lower.endsWith(".") ? lower.slice(0, -1) : lower;
}

/** True for what can stand in a question: labels of 1 to 63 octets of printable ASCII, 253 in all. */
export function isQueryName(name: string): boolean {
  if (name.length === 0 || name.length > 253) return false;
  let labelOctets = 0;
  for (let i = 0; i < name.length; i += 1) {
    const code = name.charCodeAt(i);
    if (code === 46) {
      if (labelOctets === 0) return false;
      labelOctets = 0;
    } else {
      labelOctets += 1;
      if (labelOctets > 63 || code < 33 || code > 126) return false;
    }
  }
  return labelOctets > 0;
}

/** How many CNAMEs are followed for one question. */
export const maxAliases = 8;
