// SMTP replies as values (RFC 5321 section 4.2, enhanced codes by RFC 3463).

export interface Reply {
  readonly code: number;
  /** "2.0.0"; "" for replies that carry none (greeting, EHLO, 354). */
  readonly enhanced: string;
  /** One line of printable ASCII; see `cleanReplyText`. */
  readonly text: string;
}

/** Reply text is cut here: peers and logs are spared what a hostile next hop may say (RFC 5321 section 4.5.3.1.5). */
export const maxReplyTextChars = 400;

/** Text of ours or of a peer as one line of printable ASCII: every other character becomes "?". */
export function cleanReplyText(text: string): string {
  const line = text.length > maxReplyTextChars ? `${text.slice(0, maxReplyTextChars - 3)}...` : text;
  return printable(line);
}

export function isPositive(reply: Reply): boolean {
  return reply.code >= 200 && reply.code < 300;
}

export function isTransient(reply: Reply): boolean {
  return reply.code >= 400 && reply.code < 500;
}

export function isPermanent(reply: Reply): boolean {
  return reply.code >= 500 && reply.code < 600;
}

/** soft_bounce: a 5xx as 450, every other reply as it is. */
export function softened(reply: Reply): Reply {
  return isPermanent(reply) ? { ...reply, code: 450, enhanced: reply.enhanced.replace(/^5/, "4") } : reply;
}

/** "250 2.0.0 Ok" without the line end. */
export function formatReply(reply: Reply): string {
  return reply.enhanced === "" ? `${reply.code} ${reply.text}` : `${reply.code} ${reply.enhanced} ${reply.text}`;
}

/** Octets of one line of a reply without its CRLF (RFC 5321 section 4.5.3.1.5). */
const maxReplyLineOctets = 510;

/**
 * A reply as it goes over the wire, CRLF included: printable ASCII only, wrapped at blanks into a multi-line reply
 * where one line does not hold it. Code and enhanced code stand on every line.
 */
export function wireReply(reply: Reply): string {
  const enhanced = reply.enhanced === "" ? "" : `${reply.enhanced} `;
  const text = printable(reply.text);
  const room = maxReplyLineOctets - 4 - enhanced.length;
  if (text.length <= room) return `${reply.code} ${enhanced}${text}\r\n`;
  let wire = "";
  let rest = text;
  while (rest.length > room) {
    const blank = rest.lastIndexOf(" ", room);
    const cut = blank > 0 ? blank : room;
    wire += `${reply.code}-${enhanced}${rest.slice(0, cut)}\r\n`;
    rest = rest.slice(blank > 0 ? cut + 1 : cut);
  }
  return `${wire}${reply.code} ${enhanced}${rest}\r\n`;
}

/** A multi-line reply of given lines without enhanced codes, as EHLO and HELP have it. */
export function wireLines(code: number, lines: readonly string[]): string {
  return lines.map((line, i) => `${code}${i === lines.length - 1 ? " " : "-"}${printable(line)}\r\n`).join("");
}

function printable(text: string): string {
  return /[^\x20-\x7e]/.test(text) ? text.replace(/[^\x20-\x7e]+/g, "?") : text;
}
