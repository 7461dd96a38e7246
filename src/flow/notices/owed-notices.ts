// Which notices beside status notifications a mail has us write, and why one is withheld. Nothing is sent here.
import { isOwnNotice, suppression } from "../../notices/may-notify.ts";
import { type Category, categories, type NoticeOwed } from "../../policy/decision.ts";
import { isTransient } from "../../smtp/reply.ts";
import type { JudgedMail, Settled } from "../mail.ts";
import { isSenderVouchedFor } from "../vouched.ts";

export type NoticeKind = Exclude<NoticeOwed["kind"], "dsn">;

/** One message to one address, about some recipients of the mail. */
export interface NoticeDue {
  readonly kind: NoticeKind;
  readonly to: string;
  /** The most important of those that it is about. */
  readonly category: Category;
  /** Places in the envelope. */
  readonly recipients: readonly number[];
  /** A code of the closed list in docs/notices.md. */
  readonly withheld?: string;
}

/** A mail may have thousands of recipients, each with a map that says whom to tell. */
const maxNotices = 50;
const order = Object.keys(categories);

/** One for each address and kind. Nothing of a mail that comes again: it would be one per try. */
export function owedNotices(mail: JudgedMail, settled: readonly Settled[]): readonly NoticeDue[] {
  const { session, envelope, message } = mail.transaction;
  if (session.protocol !== "LMTP" && settled.some(({ reply }) => isTransient(reply))) return [];
  const due = new Map<string, { kind: NoticeKind; to: string; category: Category; recipients: number[] }>();
  for (const [index, { owed, reply }] of settled.entries()) {
    if (owed.notices.length === 0 || isTransient(reply)) continue;
    for (const { kind, category, to } of owed.notices) {
      if (kind === "dsn") continue;
      const known = due.get(`${kind} ${to}`);
      if (known === undefined) due.set(`${kind} ${to}`, { kind, to, category, recipients: [index] });
      else {
        known.recipients.push(index);
        if (order.indexOf(category) > order.indexOf(known.category)) known.category = category;
      }
    }
  }
  if (due.size === 0) return [];
  const isOurs = isOwnNotice(message.fields, mail.bank.myhostname);
  return Array.from(due.values(), (notice, place) => {
    const withheld = place < maxNotices ? reasonAgainst(notice) : "too-many";
    return withheld === undefined ? notice : { ...notice, withheld };
  });

  function reasonAgainst({ kind, to }: { readonly kind: NoticeKind; readonly to: string }): string | undefined {
    // A notice that is a virus, spam or banned to us would be told of by the next one, and so on.
    if (isOurs) return "own-notice";
    if (kind === "warn-sender") {
      const told = { sender: envelope.sender, fields: message.fields, isVouchedFor: isSenderVouchedFor(mail) };
      const reason = suppression(told, { address: "", parameters: "" });
      if (reason !== undefined) return reason;
    }
    return /^[^\x00-\x20<>\x7f]{1,320}$/.test(to) ? undefined : "bad-address";
  }
}
