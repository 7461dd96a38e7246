// Sends the status notifications that are owed for a mail, and hands its other notices on. A notification that is put off
// puts the mail off.
import { type Notice, refused } from "../../policy/decision.ts";
import type { Reply } from "../../smtp/reply.ts";
import type { JudgedMail, Settled } from "../mail.ts";
import { type DsnOwed, owedDsns } from "../notices/owed-dsn.ts";
import { createSendNotices, type SendNoticesNeeds } from "../notices/send-notices.ts";
import { writeDsn } from "../notices/write-dsn.ts";
import { ownWord } from "../settle.ts";
import type { OwnMailResult } from "../submit-own.ts";

const notHandedOver: Reply = { code: 451, enhanced: "4.3.0", text: "A status notification could not be handed over" };

export function createNotify(needs: SendNoticesNeeds) {
  const { notifyHops, submitOwn, templates, messageTimeMs, now, limit } = needs;
  const sendNotices = createSendNotices(needs);

  return function notify(
    mail: JudgedMail,
    settled: readonly Settled[],
  ): readonly Settled[] | Promise<readonly Settled[]> {
    const dsns = limited(mail, owedDsns(mail, settled));
    if (dsns.length === 0) return sendNotices(mail, settled);
    return notifySender(mail, settled, dsns).then((words) => sendNotices(mail, words));
  };

  async function notifySender(
    mail: JudgedMail,
    settled: readonly Settled[],
    dsns: readonly DsnOwed[],
  ): Promise<readonly Settled[]> {
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
  // A failure whose notification is put off puts the mail off: a mail that comes twice is better than a loss that nobody
  // is told of. A notification of success is not worth a second copy, and one that is refused would be refused again.
  if (result === "put-off" && action === "failed") return ownWord(refused("dsn-put-off", "tempfail", notHandedOver));
  return withNotice({ kind, result: "suppressed", reason: result });
}
