// What a template can say of a mail, gathered from what was found and decided for some of its recipients.
import { oldestPublicAddress } from "../../mail/received.ts";
import type { NoticeFacts, NoticeRecipient } from "../../notices/notice-values.ts";
import { type Category, categories } from "../../policy/decision.ts";
import { isPositive } from "../../smtp/reply.ts";
import type { JudgedMail, Settled } from "../mail.ts";

/** What a notice is about. */
export interface About {
  /** Absent where nothing is wrong with the mail. */
  readonly category?: Category;
  /** Places in the envelope. */
  readonly recipients: readonly number[];
  /** Epoch, milliseconds. */
  readonly nowMs: number;
}

export function noticeFacts(
  { transaction, bank, mailId }: JudgedMail,
  settled: readonly Settled[],
  { category, recipients, nowMs }: About,
): NoticeFacts {
  const { session, envelope, message } = transaction;
  const { client } = session;
  const source = oldestPublicAddress(message.fields);
  const viruses = new Set<string>();
  const banned = new Set<string>();
  const headerFaults = new Set<string>();
  const quarantine = new Set<string>();
  const delivered: NoticeRecipient[] = [];
  const blocked: NoticeRecipient[] = [];
  let worst: Settled["content"];
  for (const index of recipients) {
    const [path, each] = [envelope.recipients[index], settled[index]];
    if (path === undefined || each === undefined) continue;
    const { action, reply, remote, content } = each;
    const told = { address: path.address, reply, ...(remote === undefined ? {} : { remote }) };
    (action === "accept" && isPositive(reply) ? delivered : blocked).push(told);
    for (const place of each.quarantine) quarantine.add(place);
    if (content === undefined) continue;
    for (const name of content.viruses) viruses.add(name);
    for (const name of content.banned?.names ?? []) banned.add(name);
    for (const fault of content.headerFaults) headerFaults.add(fault);
    if ((content.score?.score ?? -Infinity) > (worst?.score?.score ?? -Infinity)) worst = content;
  }
  return {
    host: bank.myhostname,
    nowMs,
    logId: session.id,
    mailId,
    bankPath: bank.path,
    originating: bank.originating,
    sender: envelope.sender.address,
    fields: message.fields,
    ...(client.address === undefined ? {} : { clientAddress: client.address }),
    ...(client.name === undefined ? {} : { clientName: client.name }),
    ...(source === undefined ? {} : { source }),
    category: category === undefined ? "" : categories[category],
    viruses: [...viruses],
    banned: [...banned],
    headerFaults: [...headerFaults],
    ...(worst?.score === undefined ? {} : { score: worst.score.score }),
    ...(worst?.score?.penPalAgeMs === undefined ? {} : { penPalAgeMs: worst.score.penPalAgeMs }),
    tests: worst?.score?.tests ?? [],
    quarantine: [...quarantine],
    delivered,
    blocked,
  };
}
