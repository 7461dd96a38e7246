// A mail that was kept in the form in which it is released (release_format): as it came below Resent fields (RFC 5322 section 3.6.6),
// as an attachment of a mail of ours, or as the text of one.
import { isAscii } from "node:buffer";
import { noEditsOf, print, withFields } from "../mail/edit.ts";
import { encodeUnstructured } from "../mail/encoded-word.ts";
import { fieldBody, splitHeader } from "../mail/header.ts";
import type { Message, MessageOctets } from "../mail/message.ts";
import { shownSubject } from "../mail/quarantine-head.ts";
import { formatDate } from "../mail/received.ts";
import { type Wrapping, wrappedBody } from "../mail/wrapping.ts";
import { textPart } from "../notices/own-message.ts";

export type ReleaseFormat = "resend" | "attach" | "plain";

export interface ReleaseFacts {
  readonly mailId: string;
  /** Epoch, milliseconds. */
  readonly nowMs: number;
  readonly myhostname: string;
  /** The From of what we send, as a field has it. */
  readonly from: string;
  readonly recipients: readonly string[];
}

/** The mail as it leaves; a field that lets it pass is still to be put on top. */
export function releasedMessage(format: ReleaseFormat, message: Message, facts: ReleaseFacts): Message {
  return format === "resend" ? resent(message, facts) : wrapped(message, facts, format);
}

export function withTopField(message: Message, field: string): Message {
  const { header } = print(message, withFields([field], noEditsOf(message.header)), "shared");
  return { ...message, header, ...splitHeader(header) };
}

function resent(message: Message, { mailId, nowMs, myhostname, from, recipients }: ReleaseFacts): Message {
  const fields = [
    `Resent-From: ${from}\r\n`,
    `Resent-Date: ${formatDate(nowMs)}\r\n`,
    `Resent-Message-ID: <${messageId(mailId, nowMs, myhostname)}>\r\n`,
    `Resent-To: ${toField(recipients)}\r\n`,
    `X-Amavis-Released: <${mailId}>\r\n`,
  ];
  const { header } = print(message, withFields(fields, noEditsOf(message.header)), "shared");
  return { ...message, header, ...splitHeader(header) };
}

function wrapped(message: Message, facts: ReleaseFacts, format: "attach" | "plain"): Message {
  const { mailId, nowMs, myhostname, from, recipients } = facts;
  const boundary = `----------=_QR${mailId}-${nowMs.toString(36)}`;
  const encoding = isSevenBit(message) ? "7bit" : "8bit";
  const subject = message.fields.find(({ name }) => name === "subject");
  const shown = subject === undefined ? "" : shownSubject(fieldBody(subject.raw));
  const header = Buffer.from(
    [
      `From: ${from}`,
      `Subject: ${encodeUnstructured(`Fwd (released from quarantine): ${shown}`)}`,
      `To: ${toField(recipients)}`,
      `Message-ID: <${messageId(mailId, nowMs, myhostname)}>`,
      `Date: ${formatDate(nowMs)}`,
      "Auto-Submitted: auto-generated",
      `X-Amavis-Released: <${mailId}>`,
      "MIME-Version: 1.0",
      `Content-Type: multipart/mixed;\r\n boundary="${boundary}"`,
      `Content-Transfer-Encoding: ${encoding}`,
      "",
    ].join("\r\n"),
    "latin1",
  );
  const type = format === "attach" ? "message/rfc822" : "text/plain; charset=UTF-8";
  const wrapping: Wrapping = {
    heading: "",
    before: [
      "This is a multi-part message in MIME format...",
      "",
      `--${boundary}`,
      textPart(`A mail for you was released from quarantine (${mailId}).\n`, []),
      `--${boundary}`,
      `Content-Type: ${type}`,
      `Content-Disposition: ${format === "attach" ? "attachment" : "inline"}`,
      "Content-Description: Original message",
      `Content-Transfer-Encoding: ${encoding}`,
      "",
      "",
    ].join("\r\n"),
    after: `\r\n--${boundary}--\r\n`,
  };
  return { header, ...splitHeader(header), separator: "\r\n", body: wrappedBody(message, wrapping, "shared") };
}

function messageId(mailId: string, nowMs: number, myhostname: string): string {
  return `QR${mailId}-${nowMs.toString(36)}@${myhostname}`;
}

function toField([only, another]: readonly string[]): string {
  return another === undefined && isPlain(only) ? `<${only}>` : "undisclosed-recipients:;";
}

/** What may stand in a field without a thought. */
function isPlain(address: string | undefined): boolean {
  return address !== undefined && /^[\w.+=-]{1,64}@[\w.-]{1,255}$/.test(address);
}

/** Of a spooled body nobody knows without reading it. */
function isSevenBit({ header, body }: MessageOctets): boolean {
  return body.kind === "memory" && isAscii(header) && body.chunks.every((chunk) => isAscii(chunk));
}
