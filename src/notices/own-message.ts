// What all messages of ours are made of: parts, header, envelope. 7-bit whatever is in them, so that no next hop has to
// be able to do more.
import { isAscii } from "node:buffer";
import { encodeDisplayName, encodeUnstructured } from "../mail/encoded-word.ts";
import { asBuffer, splitHeader } from "../mail/header.ts";
import type { Message } from "../mail/message.ts";
import type { SenderName } from "../mail/sender-name.ts";
import type { Envelope, Path } from "../mail/transaction.ts";
import { encodeQuotedPrintable } from "../mime/encode-body.ts";
import { hasBareLineEnd } from "../smtp/dot.ts";
import { formatDateTime } from "./status-fields.ts";

/** A message of ours, ready to leave. */
export interface OwnMessage {
  readonly envelope: Envelope;
  readonly message: Message;
}

export interface OwnHeader {
  readonly from: SenderName;
  /** Unicode. */
  readonly subject: string;
  /** One character per octet. */
  readonly to: string;
  /** Without angle brackets. */
  readonly messageId: string;
  /** Epoch, milliseconds. */
  readonly nowMs: number;
  /** RFC 3834 section 5: an answer to a mail, or not. */
  readonly autoSubmitted: "auto-replied" | "auto-generated";
}

/** Of the header of the mail in question no more is quoted than fits: a notice is no way to send mail through us. */
const leastHeaderBytes = 2_000;

/** The header section up to MIME-Version, without a line end after it. */
export function headerLines({ from, subject, to, messageId, nowMs, autoSubmitted }: OwnHeader): readonly string[] {
  return [
    `From: ${from.name === "" ? "" : `${encodeDisplayName(from.name)} `}<${from.address}>`,
    `Subject: ${encodeUnstructured(subject)}`,
    // Postfix takes control octets in addresses; a header has no form for them.
    `To: <${to.replace(/[\x00-\x1f\x7f]/g, "?")}>`,
    `Message-ID: <${messageId}>`,
    `Date: ${formatDateTime(nowMs)}`,
    `Auto-Submitted: ${autoSubmitted}`,
    "MIME-Version: 1.0",
  ];
}

/** A part with a text for people, in which names may be in any script. Lines may end in LF or CRLF. */
export function textPart(text: string, fields: readonly string[]): string {
  return part("text/plain; charset=UTF-8", fields, Buffer.from(text.replace(/\r?\n/g, "\r\n")));
}

/**
 * The header of the mail in question, cut at the end of a line when there is too much of it. `isUtf8`: the mail came by
 * SMTPUTF8, and its header may be UTF-8 by right (RFC 6533 section 3).
 */
export function headerPart(header: Uint8Array, roomBytes: number, isUtf8 = false): string {
  const most = Math.max(leastHeaderBytes, roomBytes);
  const type = `${isUtf8 && !isAscii(header) ? "message/global-headers" : "text/rfc822-headers"}; name="header"`;
  const more = ['Content-Disposition: inline; filename="header"', "Content-Description: Message header section"];
  // Cut before it is looked at: the header may have megabytes.
  const fitting = wholeLines(header, most);
  // Quoted-printable may treble what it encodes.
  return part(type, more, wholeLines(fitting, isPlainText(fitting) ? most : Math.floor(most / 3.2)));
}

function part(type: string, fields: readonly string[], octets: Uint8Array): string {
  const plain = isPlainText(octets);
  const text = (plain ? asBuffer(octets) : encodeQuotedPrintable(asBuffer(octets))).toString("latin1");
  const encoding = plain ? "7bit" : "quoted-printable";
  const heading = [`Content-Type: ${type}`, ...fields, `Content-Transfer-Encoding: ${encoding}`];
  // The CRLF before a boundary belongs to the boundary (RFC 2046 section 5.1.1).
  return `${heading.join("\r\n")}\r\n\r\n${text}`;
}

/** What 7bit allows (RFC 2045 section 2.7): ASCII, lines of up to 998 octets, no NUL, no CR or LF of its own. */
function isPlainText(octets: Uint8Array): boolean {
  const text = asBuffer(octets);
  if (!isAscii(octets) || text.includes(0) || hasBareLineEnd(octets)) return false;
  let start = 0;
  for (let lf = text.indexOf(10); lf !== -1; lf = text.indexOf(10, start)) {
    if (lf - start > 998) return false;
    start = lf + 1;
  }
  return octets.length - start <= 998;
}

function wholeLines(octets: Uint8Array, limitBytes: number): Uint8Array {
  if (octets.length <= limitBytes) return octets;
  const end = asBuffer(octets).lastIndexOf(10, limitBytes - 1);
  return octets.subarray(0, end === -1 ? limitBytes : end + 1);
}

/** From one address, the null sender among them, to one; a message from the null sender never causes a DSN in turn. */
export function envelopeOf(sender: string, recipient: string): Envelope {
  // RFC 6531 section 3.1: only what cannot be said without it asks for it.
  const ascii = /^[\x00-\x7f]*$/;
  const parameters = ascii.test(recipient) && ascii.test(sender) ? "" : "SMTPUTF8";
  const to: Path = { address: recipient, parameters: sender === "" ? "NOTIFY=NEVER" : "" };
  return { sender: { address: sender, parameters }, recipients: [to] };
}

/** `header` ends with its last line, `body` with its own line end; one character per octet. */
export function ownMessageOf(header: string, body: string): Message {
  const octets = Buffer.from(header, "latin1");
  const chunk = Buffer.from(body, "latin1");
  return {
    header: octets,
    fields: splitHeader(octets).fields,
    separator: "\r\n",
    body: { kind: "memory", sizeBytes: chunk.length, chunks: [chunk] },
  };
}
