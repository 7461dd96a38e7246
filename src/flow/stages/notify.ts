// What is sent about a mail: delivery status notifications (RFC 3464) of recipients of whom SMTP's one reply cannot
// speak, handed over before that reply; then notices, which nothing waits for.
import type { Templates } from "../../notices/templates.ts";
import { type Notice, refused } from "../../policy/decision.ts";
import type { NextHop } from "../../smtp/next-hop.ts";
import type { Reply } from "../../smtp/reply.ts";
import type { JudgedMail, Settled } from "../mail.ts";
import type { NoticeLimit } from "../notices/notice-limit.ts";
import { type DsnOwed, owedDsns } from "../notices/owed-dsn.ts";
import { createSendNotices } from "../notices/send-notices.ts";
import { writeDsn } from "../notices/write-dsn.ts";
import { ownWord } from "../settle.ts";
import type { OwnMailResult, SubmitOwn } from "../submit-own.ts";

export interface NotifyNeeds {
  /** Next hops of notifications: notify_method of the bank in force. */
  notifyHops(mail: JudgedMail): readonly NextHop[];
  readonly submitOwn: SubmitOwn;
  readonly templates: Templates;
  /** Our patience with a mail, from its final dot on. Its client waits for the notification, too. */
  readonly messageTimeMs: number;
  /** Epoch, milliseconds. */
  now(): number;
  /** How many notices and notifications one address gets. */
  readonly limit: NoticeLimit;
  /** A notice that was lost, for the log. */
  onLost?(logId: string, detail: string): void;
}

const notHandedOver: Reply = { code: 451, enhanced: "4.3.0", text: "A status notification could not be handed over" };

export function createNotify(needs: NotifyNeeds) {
  const { notifyHops, submitOwn, templates, messageTimeMs, now, limit } = needs;
  const sendNotices = createSendNotices(needs);

  return async function notify(mail: JudgedMail, settled: readonly Settled[]): Promise<readonly Settled[]> {
    return sendNotices(mail, await notifySender(mail, settled));
  };

  async function notifySender(mail: JudgedMail, settled: readonly Settled[]): Promise<readonly Settled[]> {
    const dsns = limited(mail, owedDsns(mail, settled));
    if (dsns.length === 0) return settled;
    const due = dsns.filter(({ withheld }) => withheld === undefined);
    const result = due.length === 0 ? "sent" : await send(mail, settled, due);
    const words = [...settled];
    for (const owed of dsns) {
      const word = words[owed.recipient];
      if (word !== undefined) words[owed.recipient] = afterDsn(word, owed, result);
    }
    return words;
  }

  /** One notification counts, however many recipients it speaks of. */
  function limited({ transaction }: JudgedMail, dsns: readonly DsnOwed[]): readonly DsnOwed[] {
    if (!dsns.some(({ withheld }) => withheld === undefined)) return dsns;
    if (limit(transaction.envelope.sender.address, transaction.arrivedMs)) return dsns;
    return dsns.map((owed) => ({ ...owed, withheld: owed.withheld ?? "rate" }));
  }

  function send(mail: JudgedMail, settled: readonly Settled[], due: readonly DsnOwed[]): Promise<OwnMailResult> {
    const nowMs = now();
    return submitOwn({
      kind: "dsn",
      ...writeDsn(mail, settled, due, nowMs, templates),
      bank: mail.bank,
      nextHops: notifyHops(mail),
      writtenAtMs: nowMs,
      deadlineMs: mail.transaction.arrivedMs + messageTimeMs,
    });
  }
}

function afterDsn(word: Settled, { action, withheld }: DsnOwed, result: OwnMailResult): Settled {
  const kind = action === "failed" ? "dsn" : "success-dsn";
  const withNotice = (notice: Notice): Settled => ({ ...word, notices: [...word.notices, notice] });
  if (withheld !== undefined) return withNotice({ kind, result: "suppressed", reason: withheld });
  if (result === "sent") return withNotice({ kind, result: "sent" });
  // Rather the mail again for all than one recipient's loss that nobody hears of. But who has the mail shall not have it
  // twice for want of a notification, and who cannot be notified today cannot be tomorrow.
  if (result === "put-off" && action === "failed") return ownWord(refused("dsn-put-off", "tempfail", notHandedOver));
  return withNotice({ kind, result: "suppressed", reason: result });
}
