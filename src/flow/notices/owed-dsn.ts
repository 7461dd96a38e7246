// For which recipients of a mail its sender is owed a delivery status notification, and why one is withheld
// (RFC 3461 section 5.2, RFC 3834 section 2). Nothing is sent here.
import { type SenderReason, successSuppression, suppression, wantsSuccess } from "../../notices/may-notify.ts";
import type { DsnRecipient } from "../../notices/status-fields.ts";
import { isPermanent, isPositive, isTransient } from "../../smtp/reply.ts";
import type { JudgedMail, Settled } from "../mail.ts";
import { reasonsAgainstSender } from "../vouched.ts";

/** What is owed for one recipient: the word of RFC 3464 section 2.3.3, and the reason where it is withheld. */
export interface DsnOwed {
  readonly recipient: number;
  readonly action: Extract<DsnRecipient["action"], "failed" | "relayed" | "delivered">;
  /** A code of the closed list in docs/notices.md. */
  readonly withheld?: string;
}

/** One for each recipient of whom the sender has to hear otherwise than by our reply. */
export function owedDsns(mail: JudgedMail, settled: readonly Settled[]): readonly DsnOwed[] {
  const { session, envelope } = mail.transaction;
  const perRecipient = session.protocol === "LMTP";
  // The client comes again with the mail: a notification now would be one per try.
  if (!perRecipient && settled.some(({ reply }) => isTransient(reply))) return [];
  // LMTP input has a reply for each recipient; where nobody was served the one reply says it all.
  const repliesTell = perRecipient || !settled.some(isPassed);
  const owed: DsnOwed[] = [];
  let reasons: readonly SenderReason[] | undefined;
  for (const [recipient, each] of settled.entries()) {
    const path = envelope.recipients[recipient];
    if (path === undefined) continue;
    const { noDsn, notices } = each.owed;
    if (noDsn !== undefined && each.action === "discard") {
      owed.push({ recipient, action: "failed", withheld: noDsn });
      continue;
    }
    // Our reply reports a rejection where it can speak for the recipient; what is discarded is never reported.
    const isDecided = each.action === "discard" && notices.some(({ kind }) => kind === "dsn");
    const action = isDecided ? "failed" : actionOwed(each, !repliesTell, wantsSuccess(path));
    if (action === undefined) continue;
    reasons ??= reasonsAgainstSender(mail);
    const withheld =
      action === "failed" ? (suppression(reasons, path) ?? each.owed.noDsn) : successSuppression(reasons);
    owed.push(withheld === undefined ? { recipient, action } : { recipient, action, withheld });
  }
  return owed;
}

/** Undefined: the sender has to hear nothing from us about this recipient. */
function actionOwed(settled: Settled, owesFailure: boolean, wantsSuccess: boolean): DsnOwed["action"] | undefined {
  if (!isPassed(settled)) return owesFailure && isRefused(settled) ? "failed" : undefined;
  const { tellsSender = false, remote = "" } = settled;
  if (!wantsSuccess || tellsSender) return undefined;
  // RFC 3461 section 5.2.2: it went to a server that sends no DSN. LMTP's 250 means the mailbox (RFC 2033 section 4.2).
  return remote.startsWith("lmtp:") ? "delivered" : "relayed";
}

function isPassed({ action, reply }: Settled): boolean {
  return action === "accept" && isPositive(reply);
}

/** By the next hop or by a rule of ours; what is discarded is so on purpose. */
function isRefused({ action, reply }: Settled): boolean {
  return action !== "discard" && isPermanent(reply);
}
