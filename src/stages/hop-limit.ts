// The one verdict that needs no check: a mail that has gone round too often is refused (RFC 5321 section 6.3).
import { countReceived } from "../mail/received.ts";
import type { Passage, Verdict } from "../pipeline.ts";

/** "reject" for all recipients when the mail has more than `limit` Received fields. */
export function checkHops({ transaction }: Passage, limit: number): readonly Verdict[] {
  const { session, envelope, message } = transaction;
  const hops = countReceived(message.fields);
  const verdict: Verdict =
    hops > limit
      ? {
          action: "reject",
          reply: {
            code: 554,
            enhanced: "5.4.6",
            text: `id=${session.id} - Too many hops: ${hops} 'Received:' header fields`,
          },
        }
      : { action: "accept" };
  return envelope.recipients.map(() => verdict);
}
