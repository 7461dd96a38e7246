// Notices to administrators, recipients and senders as octets: a text for people, for administrators the header of the
// mail with it. Who gets one is left to others, what it says to a template.
import type { SenderName } from "../mail/sender-name.ts";
import { envelopeOf, headerLines, headerPart, type OwnMessage, ownMessageOf, textPart } from "./own-message.ts";

export interface NoticeInput {
  /** Before the "@" of the Message-ID: amavisd's letters, then what is unlike for each notice of a mail. */
  readonly id: string;
  readonly host: string;
  /** Epoch, milliseconds. */
  readonly nowMs: number;
  readonly from: SenderName;
  /** The envelope sender; "" is the null one. */
  readonly mailFrom: string;
  /** One character per octet. */
  readonly to: string;
  /** Whether it answers the one whom it goes to: the sender of the mail. */
  readonly isAnswer: boolean;
  readonly subject: string;
  /** Unicode. */
  readonly text: string;
  /** Of the mail: its whole header section, where it goes with the notice. */
  readonly header?: Uint8Array;
}

const maxNoticeBytes = 50_000;
const frameBytes = 1_500;

export function buildNotice(input: NoticeInput): OwnMessage {
  const { id, host, nowMs, from, mailFrom, to, subject, header: quoted } = input;
  const autoSubmitted = input.isAnswer ? "auto-replied" : "auto-generated";
  const own = headerLines({ from, subject, to, messageId: `${id}@${host}`, nowMs, autoSubmitted });
  const text = textPart(input.text, []);
  const envelope = envelopeOf(mailFrom, to);
  if (quoted === undefined) {
    const end = text.indexOf("\r\n\r\n");
    const header = `${own.join("\r\n")}\r\n${text.slice(0, end)}\r\n`;
    return { envelope, message: ownMessageOf(header, text.slice(end + 4)) };
  }
  const boundary = `----------=_${id}-${nowMs.toString(36)}`;
  const type = `Content-Type: multipart/mixed;\r\n boundary="${boundary}"\r\nContent-Transfer-Encoding: 7bit`;
  const body = [
    "This is a multi-part message in MIME format...",
    "",
    `--${boundary}`,
    text,
    `--${boundary}`,
    headerPart(quoted, maxNoticeBytes - frameBytes - text.length),
    `--${boundary}--`,
    "",
  ].join("\r\n");
  return { envelope, message: ownMessageOf(`${own.join("\r\n")}\r\n${type}\r\n`, body) };
}
