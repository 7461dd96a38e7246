// The copy of a mail that a spam scanner gets: as amavisd makes it, with the envelope in fields on top, and of a large mail only
// the beginning.
import { type Body, messageSizeBytes } from "../mail/message.ts";
import type { SpamQuestion } from "./spam-question.ts";

export interface SpamCopy {
  /** Fields that stand above the mail's own. */
  readonly prologue: Buffer;
  /** Octets of the mail itself that follow. */
  readonly mailBytes: number;
  /** A line end where the octets do not end with one: spamd waits for it. */
  readonly ending: Buffer;
}

/** As amavisd: of a header section so much counts beside the body. */
const headerLimit = 64 * 1024;
/** As amavisd: a mail that is slightly above the limit goes as it is. */
const tolerance = 5 * 1024;
const maxRecipients = 100;

const nothing = Buffer.alloc(0);
const lineEnd = Buffer.from("\r\n");

/** How much of the mail is given to the scanner; all of it where it is not much above the limit. */
export function copiedBytes({ message, bodyLimit }: Pick<SpamQuestion, "message" | "bodyLimit">): number {
  const size = messageSizeBytes(message);
  if (bodyLimit === null) return size;
  const header = Math.min(headerLimit, message.header.length + message.separator.length);
  const limit = header + Math.min(bodyLimit, message.body.sizeBytes);
  return size <= limit + tolerance ? size : limit;
}

export function spamCopy(question: SpamQuestion): SpamCopy {
  const { message, envelope, bankPath, verified, fingerprint, virusTests } = question;
  const size = messageSizeBytes(message);
  const mailBytes = copiedBytes(question);
  const recipients = envelope.recipients.slice(0, maxRecipients).map(({ address }) => `<${address}>`);
  const cut = mailBytes === size ? "" : `, TRUNCATED to ${mailBytes}`;
  const fields = [
    `Return-Path: <${oneLine(envelope.sender.address)}>`,
    `X-Envelope-To: ${recipients.map(oneLine).join(",\r\n ")}`,
    ...(fingerprint === undefined ? [] : [`X-Amavis-OS-Fingerprint: ${oneLine(fingerprint)}`]),
    ...(virusTests === undefined ? [] : [`X-Amavis-AV-Status: ${oneLine(virusTests.join(","))}`]),
    `X-Amavis-PolicyBank: ${oneLine(bankPath)}`,
    `X-Amavis-MessageSize: ${size}${cut}`,
  ];
  const prologue = Buffer.from(`${fields.join("\r\n")}\r\n${verified?.field() ?? ""}`, "latin1");
  return { prologue, mailBytes, ending: mailBytes === size && endsWithLine(message.body) ? nothing : lineEnd };
}

/** What came by SMTP does, and a spool holds nothing else. */
function endsWithLine(body: Body): boolean {
  return (
    body.kind === "spool" || body.sizeBytes === 0 || body.chunks.findLast(({ length }) => length > 0)?.at(-1) === 10
  );
}

/** Whatever an address holds, the field keeps its form. */
function oneLine(text: string): string {
  return text.replace(/[\x00-\x1f\x7f]/g, "?");
}
