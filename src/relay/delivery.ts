// What goes out and what became of it: the contract between the flow and the SMTP client.

import type { Message } from "../mail/message.ts";
import type { Envelope, Session } from "../mail/transaction.ts";
import type { NextHop } from "../smtp/next-hop.ts";
import type { Reply } from "../smtp/reply.ts";

/** One outgoing transaction: recipients whose mail leaves with the same octets to the same next hop. */
export interface Outgoing {
  readonly nextHop: NextHop;
  /** Passed on by XFORWARD where the next hop offers it; undefined for mail of our own (a DSN). */
  readonly session: Session | undefined;
  readonly envelope: Envelope;
  readonly message: Message;
}

/** How each recipient of an `Outgoing` fared, in the order of its envelope. */
export interface Delivery {
  /** The reply that decided: to the final dot where it came that far, else to RCPT, DATA, MAIL or connecting. */
  readonly replies: readonly Reply[];
  /** True for octet-for-octet replies of the next hop, false for ours ("450 4.4.1 Can't connect"). */
  readonly fromNextHop: readonly boolean[];
  /** "smtp:[127.0.0.1]:10025", for replies and log. */
  readonly remote: string;
  readonly reusedConnection: boolean;
}

/**
 * Sends all or, when `commit` says so, none: every transaction is brought to the point before its content
 * (MAIL, RCPT), then `proceed` looks at the replies and decides whether any content is sent at all.
 */
export type Relay = (
  outgoing: readonly Outgoing[],
  proceed: (envelopeReplies: readonly (readonly Reply[])[]) => boolean,
) => Promise<readonly Delivery[]>;
