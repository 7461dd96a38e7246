// Which notices beside status notifications a mail has us write, and why one is withheld. Nothing is sent here.
import { isOwnNotice, suppression, wantsNothing } from "../../notices/may-notify.ts";
import { type Category, categories, type NoticeOwed } from "../../policy/decision.ts";
import { isTransient } from "../../smtp/reply.ts";
import type { JudgedMail, Settled } from "../mail.ts";
import { reasonsAgainstSender } from "../vouched.ts";

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

interface Draft {
  readonly kind: NoticeKind;
  readonly to: string;
  category: Category;
  readonly recipients: number[];
  /** Why the decision withholds it from each of them. */
  owed: string | undefined;
}

/** A mail may have thousands of recipients, each with a map of its administrators. */
const maxNotices = 50;
const order = Object.keys(categories);

/** One for each address and kind. Nothing of a mail that comes again: it would be one per try. */
export function owedNotices(mail: JudgedMail, settled: readonly Settled[]): readonly NoticeDue[] {
  if (!settled.some(({ owed }) => owed.notices.length > 0)) return [];
  const { session, message } = mail.transaction;
  if (session.protocol !== "LMTP" && settled.some(({ reply }) => isTransient(reply))) return [];
  const due = new Map<string, Draft>();
  for (const [index, { owed, reply }] of settled.entries()) {
    if (isTransient(reply)) continue;
    for (const { kind, category, to, withheld: ofDecision } of owed.notices) {
      if (kind === "dsn") continue;
      const recipient = mail.transaction.envelope.recipients[index];
      // Nothing is to be heard of this recipient (RFC 3461 section 4.1).
      const isUnwanted = kind === "warn-sender" && recipient !== undefined && wantsNothing(recipient);
      const withheld = ofDecision ?? (isUnwanted ? "notify-never" : undefined);
      const known = due.get(`${kind} ${to}`);
      if (known === undefined) due.set(`${kind} ${to}`, { kind, to, category, recipients: [index], owed: withheld });
      else {
        known.recipients.push(index);
        // Of one recipient the sender may be told.
        if (withheld === undefined) known.owed = undefined;
        if (order.indexOf(category) > order.indexOf(known.category)) known.category = category;
      }
    }
  }
  const isOurs = isOwnNotice(message.fields, mail.bank.myhostname);
  return Array.from(due.values(), ({ owed, ...notice }, place) => {
    const withheld = place < maxNotices ? (owed ?? reasonAgainst(notice)) : "too-many";
    return withheld === undefined ? notice : { ...notice, withheld };
  });

  function reasonAgainst({ kind, to }: { readonly kind: NoticeKind; readonly to: string }): string | undefined {
    // A notice that is a virus, spam or banned to us would cause the next one, and so on.
    if (isOurs) return "own-notice";
    if (kind === "warn-sender") {
      const reason = suppression(reasonsAgainstSender(mail), { address: "", parameters: "" });
      if (reason !== undefined) return reason;
    }
    return /^[^\x00-\x20<>\x7f]{1,320}$/.test(to) ? undefined : "bad-address";
  }
}
