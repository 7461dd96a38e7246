// Delivery status notifications as octets (RFC 3464): a text for people, one for programs, the header of the mail.
// Whether one is sent is left to may-notify.ts and the flow, what it says to people to a template.
import type { SenderName } from "../mail/sender-name.ts";
import type { Path } from "../mail/transaction.ts";
import { envelopeOf, headerLines, headerPart, type OwnMessage, ownMessageOf, textPart } from "./own-message.ts";
import { type DsnRecipient, type MailFacts, recipientFields, reportFields } from "./status-fields.ts";

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
  /** For the text part; may hold any characters. */
  readonly text: string;
}

const maxDsnBytes = 50_000;
/** Octets of header and part headings beside what is measured. */
const frameBytes = 2_500;

/** The notification with its envelope: null reverse-path, and never to be notified about in turn. */
export function buildDsn(input: DsnInput): OwnMessage {
  const { mail, recipients, sender } = input;
  const boundary = `----------=_${mail.mailId}-${mail.nowMs.toString(36)}`;
  const status = [reportFields(mail), ...recipients.map((recipient) => recipientFields(recipient, mail))].join("\r\n");
  const text = textPart(input.text, ["Content-Description: Notification"]);
  const header = [
    ...headerLines({
      from: input.from,
      subject: input.subject,
      to: sender.address,
      messageId: `DSN${mail.mailId}@${mail.reportingMta}`,
      nowMs: mail.nowMs,
      autoSubmitted: "auto-replied",
    }),
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
    headerPart(input.header, maxDsnBytes - frameBytes - status.length - text.length, isUtf8Mail(sender)),
    `--${boundary}--`,
    "",
  ].join("\r\n");
  return { envelope: envelopeOf("", sender.address), message: ownMessageOf(header, body) };
}

function isUtf8Mail({ parameters }: Path): boolean {
  return /(?:^| )SMTPUTF8(?: |$)/i.test(parameters);
}
