// Mails for tests of the outgoing side, with as little said as possible.
import { splitHeader } from "../../src/mail/header.ts";
import type { Message } from "../../src/mail/message.ts";
import type { ClientFacts, Envelope } from "../../src/mail/transaction.ts";
import type { Outgoing } from "../../src/relay/delivery.ts";
import type { NextHop } from "../../src/smtp/next-hop.ts";

/** A message from text of one character per octet; the first empty line ends the header. */
export function messageFrom(text: string): Message {
  const end = text.startsWith("\r\n") ? 0 : text.indexOf("\r\n\r\n") + 2;
  const header = Buffer.from(end === 1 ? text : text.slice(0, end), "latin1");
  const body = end === 1 ? Buffer.alloc(0) : Buffer.from(text.slice(end + 2), "latin1");
  return {
    header,
    fields: splitHeader(header).fields,
    separator: end === 1 ? "" : "\r\n",
    body: { kind: "memory", sizeBytes: body.length, chunks: body.length === 0 ? [] : [body] },
  };
}

/** "a@b" or "a@b NOTIFY=NEVER": an address with its parameters. */
export function envelopeFrom(sender: string, ...recipients: readonly string[]): Envelope {
  return { sender: pathFrom(sender), recipients: recipients.map(pathFrom) };
}

function pathFrom(text: string): { address: string; parameters: string } {
  // A blank within quotes belongs to the local part.
  const space = text.indexOf(" ", text.startsWith('"') ? text.indexOf('"', 1) : 0);
  return space === -1
    ? { address: text, parameters: "" }
    : { address: text.slice(0, space), parameters: text.slice(space + 1) };
}

export const plainMail = "Subject: hello\r\nFrom: a@example.com\r\n\r\nhello\r\n";

export function outgoingTo(
  nextHop: NextHop,
  envelope: Envelope = envelopeFrom("a@example.com", "b@example.com"),
  text: string = plainMail,
  client: ClientFacts = {},
): Outgoing {
  return { nextHop, session: { client }, envelope, message: messageFrom(text) };
}
