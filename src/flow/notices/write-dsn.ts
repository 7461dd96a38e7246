// The delivery status notification of one mail, from what is known of it.

import { readSenderName } from "../../mail/sender-name.ts";
import { buildDsn, type Dsn } from "../../notices/build-dsn.ts";
import type { DsnRecipient } from "../../notices/status-fields.ts";
import type { JudgedMail, Settled } from "../mail.ts";
import type { DsnOwed } from "./owed-dsn.ts";

/** One notification speaks of all recipients of whom the sender is told. `nowMs`: epoch, milliseconds. */
export function writeDsn(
  { transaction, bank, mailId }: JudgedMail,
  settled: readonly Settled[],
  owed: readonly DsnOwed[],
  nowMs: number,
): Dsn {
  const { session, envelope, message, receivedAtMs } = transaction;
  const { client } = session;
  const envelopeId = parameter(envelope.sender.parameters, "ENVID");
  const isFailure = owed.some(({ action }) => action === "failed");
  return buildDsn({
    mail: {
      reportingMta: bank.myhostname,
      ...(client.name === undefined && client.address === undefined
        ? {}
        : { receivedFromMta: client.name ?? `[${client.address}]` }),
      ...(envelopeId === undefined ? {} : { envelopeId }),
      receivedAtMs,
      nowMs,
      logId: session.id,
      mailId,
    },
    recipients: owed.flatMap(({ recipient, action }): DsnRecipient[] => {
      const [path, each] = [envelope.recipients[recipient], settled[recipient]];
      if (path === undefined || each === undefined) return [];
      const originalRecipient = parameter(path.parameters, "ORCPT");
      return [
        {
          address: path.address,
          ...(originalRecipient === undefined ? {} : { originalRecipient }),
          action,
          reply: each.reply,
          ...(each.remote === undefined ? {} : { remote: each.remote }),
        },
      ];
    }),
    sender: envelope.sender,
    header: message.header,
    from: readSenderName(bank.hdrfrom_notify_sender ?? "", bank.myhostname) ?? {
      name: `Content-filter at ${bank.myhostname}`,
      address: `postmaster@${bank.myhostname}`,
    },
    subject: isFailure ? "Delivery status notification, MTA-BLOCKED" : "Delivery status notification, relayed",
    explanation: isFailure
      ? "Your message could not be delivered to some of its recipients."
      : "Your message was handed on. The next mail server sends no notifications: this is the last one.",
  });
}

/** The value of one parameter of MAIL or RCPT, still in xtext. */
function parameter(parameters: string, name: string): string | undefined {
  const found = parameters.split(" ").find((each) => each.toUpperCase().startsWith(`${name}=`));
  return found?.slice(name.length + 1);
}
