// xtext, the encoding of DSN parameters and XFORWARD values (RFC 3461 section 4, "+" and two upper-case hex digits).

/** The decoded octets, one character each. "+" without two hex digits stands for itself, as Postfix reads it. */
export function decodeXtext(text: string): string {
  if (!text.includes("+")) return text;
  return text.replace(/\+([0-9A-Fa-f]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}

/** True when the text is printable ASCII from blank to tilde. */
export function isPrintable(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text);
}
