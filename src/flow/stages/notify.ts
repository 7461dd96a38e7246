// Delivery status notifications (RFC 3464) for recipients that the next hop refused while it took others: SMTP has one
// reply for all, and ours will be a 250. The notification is handed over before that, and signed like mail of ours.
import { buildDsn } from "../../notices/build-dsn.ts";
import { suppression } from "../../notices/may-notify.ts";
import { readSenderName } from "../../notices/sender-name.ts";
import type { PolicyBank } from "../../policy/bank.ts";
import type { Relay } from "../../relay/delivery.ts";
import type { NextHop } from "../../smtp/next-hop.ts";
import { isPermanent, isPositive, isTransient, type Reply } from "../../smtp/reply.ts";
import { ownWord, type Settled } from "../outcome/conclude.ts";
import type { Leaving, Passage, Signed } from "../pipeline.ts";
import { localEndOf } from "./departure.ts";

export interface NotifyNeeds {
  /** Next hops of notifications: notify_method of the bank in force. */
  notifyHops(passage: Passage): readonly NextHop[];
  sign(passage: Passage, leaving: readonly Leaving[]): Promise<Signed>;
  readonly relay: Relay;
  /** Our patience with a mail, from its final dot on. Its client waits for the notification, too. */
  readonly messageTimeMs: number;
}

/** What became of a notification: it has one recipient, so one reply decides. */
type Fate = "sent" | "refused" | "put-off";

const notTold: Reply = { code: 451, enhanced: "4.3.0", text: "A status notification could not be handed over" };

export function createNotify({ notifyHops, sign, relay, messageTimeMs }: NotifyNeeds) {
  return async function notify(passage: Passage, settled: readonly Settled[]): Promise<readonly Settled[]> {
    const { session, envelope, message } = passage.transaction;
    // LMTP input hears of each recipient by itself; where nobody was served the one reply says it all.
    if (session.protocol === "LMTP" || settled.every(isPassed) || !settled.some(isPassed)) return settled;
    if (settled.some(({ reply }) => isTransient(reply))) return settled;
    const refused = new Set([...settled.keys()].filter((index) => owesNotice(settled[index])));
    if (refused.size === 0) return settled;

    const owed = new Set(
      [...refused].filter((index) => {
        const recipient = envelope.recipients[index];
        const mail = { sender: envelope.sender, fields: message.fields };
        return recipient !== undefined && suppression({ ...mail, recipient }) === undefined;
      }),
    );
    const fate = owed.size === 0 ? "sent" : await send(passage, settled, owed);
    return settled.map((each, index) => {
      if (!refused.has(index)) return each;
      // Who cannot be told today cannot be told tomorrow, while the others would have the mail once more with each try.
      if (!owed.has(index) || fate === "refused") return { ...each, dsn: "suppressed" as const };
      // Rather the mail again for all than one recipient's loss that nobody hears of.
      return fate === "sent" ? { ...each, dsn: "sent" as const } : ownWord("tempfail", notTold);
    });
  };

  async function send(passage: Passage, settled: readonly Settled[], owed: ReadonlySet<number>): Promise<Fate> {
    const { transaction, bank, mailId } = passage;
    const { session, envelope, message, receivedAtMs } = transaction;
    const nowMs = Date.now();
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
    const [nextHop, ...failover] = notifyHops(passage);
    // notify_method: null. The mail comes as often as one likes, there will be none.
    if (nextHop === undefined) return "refused";
    const outgoing = {
      nextHop,
      failover,
      session: undefined,
      localEnd: localEndOf(bank),
      envelope: dsn.envelope,
      message: dsn.message,
      deadlineMs: transaction.arrivedMs + messageTimeMs,
    };
    const signed = await sign(ownMail(passage, dsn), [{ recipients: [0], outgoing }]);
    if ("refused" in signed) return "put-off";
    const deliveries = await relay(
      signed.leaving.map((each) => each.outgoing),
      () => true,
    );
    const replies = deliveries.flatMap((delivery) => delivery.replies);
    if (replies.every(isPositive)) return "sent";
    return replies.some(isPermanent) ? "refused" : "put-off";
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

/** The notification as a passage of its own: our mail, whoever's mail it speaks of (amavis.md 4.8). */
function ownMail(passage: Passage, dsn: ReturnType<typeof buildDsn>): Passage {
  const bank: PolicyBank = { ...passage.bank, originating: true };
  const { digests: _, ...transaction } = passage.transaction;
  return {
    ...passage,
    bank,
    checked: { verifications: [], findings: [] },
    transaction: { ...transaction, envelope: dsn.envelope, message: dsn.message },
  };
}
