// The part of a notification that programs read: message/delivery-status (RFC 3464 section 2). ASCII only.
import { formatReply, type Reply } from "../smtp/reply.ts";
import { decodeXtext } from "../smtp/xtext.ts";

/** The mail a notification is about. */
export interface MailFacts {
  /** Our own host name. */
  readonly reportingMta: string;
  /** The name or "[address]" of the MTA that gave us the mail. */
  readonly receivedFromMta?: string;
  /** ENVID= of MAIL, in xtext. */
  readonly envelopeId?: string;
  readonly logId: string;
  readonly mailId: string;
  /** Epoch, in milliseconds. */
  readonly receivedAtMs: number;
  readonly nowMs: number;
}

/** One recipient and what became of its mail. */
export interface DsnRecipient {
  /** As in the envelope, one character per octet. */
  readonly address: string;
  /** ORCPT= of RCPT, "rfc822;a+2Bb@c". */
  readonly originalRecipient?: string;
  readonly action: "failed" | "delayed" | "delivered" | "relayed" | "expanded";
  /** What was said, by the next hop where `remote` is given, else by us. */
  readonly reply: Reply;
  /** "smtp:[127.0.0.1]:10025" */
  readonly remote?: string;
}

/** The per-message fields (RFC 3464 section 2.2), with an empty line after them. */
export function reportFields(mail: MailFacts): string {
  const fields = [`Reporting-MTA: dns; ${safe(mail.reportingMta)}`];
  if (mail.receivedFromMta !== undefined) fields.push(`Received-From-MTA: dns; ${safe(mail.receivedFromMta)}`);
  fields.push(`Arrival-Date: ${formatDateTime(mail.receivedAtMs)}`);
  if (mail.envelopeId !== undefined) fields.unshift(`Original-Envelope-Id: ${safe(decodeXtext(mail.envelopeId))}`);
  return `${fields.join("\r\n")}\r\n`;
}

/** One group of per-recipient fields (section 2.3), with an empty line after them. */
export function recipientFields(recipient: DsnRecipient, mail: MailFacts): string {
  const { address, originalRecipient, action, reply, remote } = recipient;
  const fields: string[] = [];
  if (originalRecipient !== undefined) fields.push(`Original-Recipient: ${originalAddress(originalRecipient)}`);
  fields.push(`Final-Recipient: ${finalAddress(address)}`, `Action: ${action}`, `Status: ${statusOf(reply)}`);
  if (remote !== undefined) {
    fields.push(`Remote-MTA: ${remoteMta(remote)}`, `Diagnostic-Code: smtp; ${safe(formatReply(reply))}`);
  }
  fields.push(
    `Last-Attempt-Date: ${formatDateTime(mail.nowMs)}`,
    `Final-Log-ID: ${safe(mail.logId)}/${safe(mail.mailId)}`,
  );
  return `${fields.join("\r\n")}\r\n`;
}

/** The enhanced code, or the class of the reply alone (RFC 3463 section 2). */
export function statusOf(reply: Reply): string {
  return reply.enhanced === "" ? `${Math.floor(reply.code / 100)}.0.0` : reply.enhanced;
}

/** RFC 5322 section 3.3, in UTC. */
export function formatDateTime(epochMs: number): string {
  return new Date(epochMs).toUTCString().replace("GMT", "+0000");
}

/** RFC 6533 section 3: addresses with other than ASCII go as utf-8-addr-xtext. */
function finalAddress(address: string): string {
  if (/^[\x20-\x7e]*$/.test(address)) return `rfc822; ${address}`;
  return `utf-8; ${embedded(address, /[^\x21-\x2a\x2c-\x3c\x3e-\x5b\x5d-\x7e]/gu)}`;
}

/** Octets of UTF-8 with "\x{...}" for the characters of a set. */
function embedded(octets: string, characters: RegExp): string {
  return Buffer.from(octets, "latin1")
    .toString("utf8")
    .replace(characters, (char) => `\\x{${(char.codePointAt(0) ?? 0).toString(16).toUpperCase()}}`);
}

function originalAddress(orcpt: string): string {
  const semicolon = orcpt.indexOf(";");
  const type = semicolon === -1 ? "rfc822" : orcpt.slice(0, semicolon);
  const address = decodeXtext(orcpt.slice(semicolon + 1));
  // RFC 6533 section 3: over SMTPUTF8 it may come as UTF-8; what is embedded already stays so.
  return `${safe(type)}; ${safe(type.toLowerCase() === "utf-8" ? embedded(address, /[^\x21-\x7e]/gu) : address)}`;
}

/** RFC 3464 section 2.1.2: "dns" takes a host name or an address in brackets. */
function remoteMta(remote: string): string {
  const host = /^\w+:\[([^\]]*)\]/.exec(remote)?.[1];
  if (host === undefined) return `x-unix; ${safe(remote.slice(remote.indexOf(":") + 1))}`;
  return `dns; ${/^[\d.]+$|:/.test(host) ? `[${safe(host)}]` : safe(host)}`;
}

/** A field's value is one line of printable ASCII, whatever a peer gave us or xtext decoded to. */
function safe(text: string): string {
  return text.slice(0, 900).replace(/[^\x20-\x7e]/g, "?");
}
