// Delivery status notifications (RFC 3464) for recipients that the next hop refused while it took others: SMTP has one
// reply for all, and ours will be a 250. The notification is handed over before that.

import { readSenderName } from "../../mail/sender-name.ts";
import { buildDsn } from "../../notices/build-dsn.ts";
import { type Suppression, suppression } from "../../notices/may-notify.ts";
import { type Notice, refused } from "../../policy/decision.ts";
import type { NextHop } from "../../smtp/next-hop.ts";
import { isPermanent, isPositive, isTransient, type Reply } from "../../smtp/reply.ts";
import type { JudgedMail, Settled } from "../mail.ts";
import { ownWord } from "../settle.ts";
import type { OwnMailResult, SubmitOwn } from "../submit-own.ts";
import { isSenderVouchedFor } from "../vouched.ts";

export interface NotifyNeeds {
  /** Next hops of notifications: notify_method of the bank in force. */
  notifyHops(mail: JudgedMail): readonly NextHop[];
  readonly submitOwn: SubmitOwn;
  /** Our patience with a mail, from its final dot on. Its client waits for the notification, too. */
  readonly messageTimeMs: number;
  /** Epoch, milliseconds. */
  now(): number;
}

const sent: readonly Notice[] = [{ kind: "dsn", result: "sent" }];
const notHandedOver: Reply = { code: 451, enhanced: "4.3.0", text: "A status notification could not be handed over" };

export function createNotify({ notifyHops, submitOwn, messageTimeMs, now }: NotifyNeeds) {
  return async function notify(mail: JudgedMail, settled: readonly Settled[]): Promise<readonly Settled[]> {
    const { session, envelope, message } = mail.transaction;
    // LMTP input has a reply for each recipient; where nobody was served the one reply says it all.
    if (session.protocol === "LMTP" || settled.every(isPassed) || !settled.some(isPassed)) return settled;
    // The client comes again with the mail: a notification now would be one per try.
    if (settled.some(({ reply }) => isTransient(reply))) return settled;
    const refusals = new Set([...settled.keys()].filter((index) => owesNotice(settled[index])));
    if (refusals.size === 0) return settled;

    const about = { sender: envelope.sender, fields: message.fields, isVouchedFor: isSenderVouchedFor(mail) };
    const withheld = new Map<number, Suppression>();
    const owed = new Set<number>();
    for (const index of refusals) {
      const recipient = envelope.recipients[index];
      if (recipient === undefined) continue;
      const reason = suppression({ ...about, recipient });
      if (reason === undefined) owed.add(index);
      else withheld.set(index, reason);
    }
    const result = owed.size === 0 ? "sent" : await send(mail, settled, owed);
    return settled.map((each, index) => {
      if (!refusals.has(index)) return each;
      // Who cannot be notified today cannot be tomorrow, while the others would have the mail once more with each try.
      const reason = withheld.get(index) ?? (result === "refused" ? "refused" : undefined);
      if (reason !== undefined) return { ...each, notices: [{ kind: "dsn", result: "suppressed", reason }] };
      // Rather the mail again for all than one recipient's loss that nobody hears of.
      return result === "sent"
        ? { ...each, notices: sent }
        : ownWord(refused("dsn-put-off", "tempfail", notHandedOver));
    });
  };

  function send(mail: JudgedMail, settled: readonly Settled[], owed: ReadonlySet<number>): Promise<OwnMailResult> {
    const { transaction, bank, mailId } = mail;
    const { session, envelope, message, receivedAtMs } = transaction;
    const nowMs = now();
    const { client } = session;
    const envelopeId = parameter(envelope.sender.parameters, "ENVID");
    const dsn = buildDsn({
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
      recipients: [...owed].flatMap((index) => {
        const [path, each] = [envelope.recipients[index], settled[index]];
        if (path === undefined || each === undefined) return [];
        const originalRecipient = parameter(path.parameters, "ORCPT");
        return [
          {
            address: path.address,
            ...(originalRecipient === undefined ? {} : { originalRecipient }),
            action: "failed" as const,
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
      subject: "Delivery status notification, MTA-BLOCKED",
      explanation: "Your message could not be delivered to some of its recipients: the next mail server refused them.",
    });
    return submitOwn({
      kind: "dsn",
      ...dsn,
      bank,
      nextHops: notifyHops(mail),
      writtenAtMs: nowMs,
      deadlineMs: transaction.arrivedMs + messageTimeMs,
    });
  }
}

function isPassed({ action, reply }: Settled): boolean {
  return action === "accept" && isPositive(reply);
}

function owesNotice(settled: Settled | undefined): boolean {
  return settled?.action === "accept" && isPermanent(settled.reply);
}

/** The value of one parameter of MAIL or RCPT, still in xtext. */
function parameter(parameters: string, name: string): string | undefined {
  const found = parameters.split(" ").find((each) => each.toUpperCase().startsWith(`${name}=`));
  return found?.slice(name.length + 1);
}
