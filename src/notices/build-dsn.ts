// Delivery status notifications as octets (RFC 3464): a text for people, one for programs, the header of the mail.
// Whether one is sent is left to may-notify.ts and the flow.
import { isAscii } from "node:buffer";
import { asBuffer, splitHeader } from "../mail/header.ts";
import type { Message } from "../mail/message.ts";
import type { SenderName } from "../mail/sender-name.ts";
import type { Envelope, Path } from "../mail/transaction.ts";
import { hasBareLineEnd } from "../smtp/dot.ts";
import { formatReply } from "../smtp/reply.ts";
import { encodeDisplayName, encodeUnstructured } from "./encoded-word.ts";
import { encodeQuotedPrintable } from "./quoted-printable.ts";
import { type DsnRecipient, formatDateTime, type MailFacts, recipientFields, reportFields } from "./status-fields.ts";

export interface DsnInput {
  readonly mail: MailFacts;
  readonly recipients: readonly DsnRecipient[];
  /** The sender of the mail that failed; must not be the null reverse-path. */
  readonly sender: Path;
  /** Of the mail that failed: the whole header section. */
  readonly header: Uint8Array;
  readonly from: SenderName;
  /** "Delivery status notification, MTA-BLOCKED" */
  readonly subject: string;
  /** What it is about in a sentence or two, for the text part; may hold any characters. */
  readonly explanation: string;
}

export interface Dsn {
  readonly envelope: Envelope;
  readonly message: Message;
}

/** A notification is no way to send mail through us: of the header no more is quoted than fits. */
const maxDsnBytes = 50_000;
const leastHeaderBytes = 2_000;
/** Octets of header and part headings beside what is measured. */
const frameBytes = 2_500;

/** The notification with its envelope: null reverse-path, and never to be notified about in turn. */
export function buildDsn(input: DsnInput): Dsn {
  const { mail, recipients, sender } = input;
  const boundary = `----------=_${mail.mailId}-${mail.nowMs.toString(36)}`;
  const status = [reportFields(mail), ...recipients.map((recipient) => recipientFields(recipient, mail))].join("\r\n");
  const text = textPart(input);
  const room = Math.max(leastHeaderBytes, maxDsnBytes - frameBytes - status.length - text.length);

  const header = [
    `From: ${input.from.name === "" ? "" : `${encodeDisplayName(input.from.name)} `}<${input.from.address}>`,
    `Subject: ${encodeUnstructured(input.subject)}`,
    // Postfix takes control octets in addresses; a header has no form for them.
    `To: <${sender.address.replace(/[\x00-\x1f\x7f]/g, "?")}>`,
    `Message-ID: <DSN${mail.mailId}@${mail.reportingMta}>`,
    `Date: ${formatDateTime(mail.nowMs)}`,
    "Auto-Submitted: auto-replied",
    "MIME-Version: 1.0",
    `Content-Type: multipart/report; report-type=delivery-status;\r\n boundary="${boundary}"`,
    "Content-Transfer-Encoding: 7bit",
    "",
  ].join("\r\n");
  const body = [
    "This is a multi-part message in MIME format...",
    "",
    `--${boundary}`,
    text,
    `--${boundary}`,
    'Content-Type: message/delivery-status; name="dsn_status"',
    'Content-Disposition: inline; filename="dsn_status"',
    "Content-Transfer-Encoding: 7bit",
    "Content-Description: Delivery error report",
    "",
    status,
    `--${boundary}`,
    headerPart(input.header, room),
    `--${boundary}--`,
    "",
  ].join("\r\n");
  return { envelope: envelopeTo(sender), message: messageOf(header, body) };
}

/** A text for people, in which names may be in any script. */
function textPart(input: DsnInput): string {
  const lines = [
    `This is the mail filter at ${input.mail.reportingMta}.`,
    "",
    ...input.explanation.split(/\r?\n/),
    "",
    ...input.recipients.flatMap(told),
    "",
    `Our reference: ${input.mail.logId}/${input.mail.mailId}`,
    "",
  ];
  return part("text/plain; charset=UTF-8", ["Content-Description: Notification"], Buffer.from(lines.join("\r\n")));
}

function told({ address, reply, remote }: DsnRecipient): string[] {
  const where = remote === undefined ? "" : `MTA(${remote}) said: `;
  return [`<${Buffer.from(address, "latin1").toString("utf8")}>:`, `    ${where}${formatReply(reply)}`];
}

/** The header of the mail, cut at the end of a line when there is too much of it. */
function headerPart(header: Uint8Array, roomBytes: number): string {
  const type = 'text/rfc822-headers; name="header"';
  const more = ['Content-Disposition: inline; filename="header"', "Content-Description: Message header section"];
  // Cut before it is looked at: the header may have megabytes.
  const fitting = wholeLines(header, roomBytes);
  // Quoted-printable may treble what it encodes.
  const room = isPlainText(fitting) ? roomBytes : Math.floor(roomBytes / 3.2);
  return part(type, more, wholeLines(fitting, room));
}

function part(type: string, fields: readonly string[], octets: Uint8Array): string {
  const plain = isPlainText(octets);
  const text = plain ? asBuffer(octets).toString("latin1") : encodeQuotedPrintable(octets);
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

function envelopeTo(sender: Path): Envelope {
  // RFC 6531 section 3.1: only what cannot be said without it asks for it.
  const parameters = /^[\x20-\x7e]*$/.test(sender.address) ? "" : "SMTPUTF8";
  return { sender: { address: "", parameters }, recipients: [{ address: sender.address, parameters: "NOTIFY=NEVER" }] };
}

function messageOf(header: string, body: string): Message {
  const octets = Buffer.from(header, "latin1");
  const chunk = Buffer.from(body, "latin1");
  return {
    header: octets,
    fields: splitHeader(octets).fields,
    separator: "\r\n",
    body: { kind: "memory", sizeBytes: chunk.length, chunks: [chunk] },
  };
}
