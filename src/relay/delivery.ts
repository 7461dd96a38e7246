// What goes out and what became of it: the contract between the flow and the SMTP client.

import type { MessageOctets } from "../mail/message.ts";
import type { Envelope, Session } from "../mail/transaction.ts";
import type { NextHop } from "../smtp/next-hop.ts";
import type { Reply } from "../smtp/reply.ts";
import type { Credentials } from "../smtp/sasl.ts";

/** How we appear to a next hop. */
export interface LocalEnd {
  /** The name said in EHLO and LHLO. */
  readonly localhost_name: string;
  /** Where TCP connections start from; null: the system chooses. */
  readonly local_client_bind_address: string | null;
  /** Absent: mail goes in the clear. */
  readonly tls?: HopTls;
  /** Absent: no login. */
  readonly login?: Credentials;
}

/** How TLS is used with a next hop. */
export interface HopTls {
  /** "encrypt": no mail goes without. */
  readonly level: "may" | "encrypt";
  /** TLS from the first octet on, without STARTTLS. */
  readonly implicit: boolean;
  /** The name that its certificate must have; null: that of the next hop as configured. */
  readonly servername: string | null;
}

/** One outgoing transaction: recipients whose mail leaves with the same octets to the same next hop. */
export interface Outgoing {
  readonly nextHop: NextHop;
  /** Tried in order when `nextHop` cannot be reached. */
  readonly failover?: readonly NextHop[];
  /** Where it differs from what the relay was made with. */
  readonly localEnd?: LocalEnd;
  /** Passed on by XFORWARD where the next hop offers it; undefined for mail of our own (a DSN). */
  readonly session: Pick<Session, "client"> | undefined;
  readonly envelope: Envelope;
  readonly message: MessageOctets;
  /** On the clock of performance.now(): when the last reply must be there. The client's own patience sets it. */
  readonly deadlineMs?: number;
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
  /** It has the sender's DSN parameters (RFC 3461) and sends the DSN itself. Absent where no next hop was reached. */
  readonly tellsSender?: boolean;
}

/** Looks at the replies by recipient of every `Outgoing` and says whether any content is sent at all, from them alone. */
export type Proceed = (envelopeReplies: readonly (readonly Reply[])[]) => boolean;

/**
 * Sends all or, when `proceed` says so, none: every transaction is brought to the point before its content
 * (MAIL, RCPT), then `proceed` looks at the replies and decides whether any content is sent at all. Recipients that
 * would have been sent to, but for that, get a 4xx of ours.
 *
 * With one recipient in all, `proceed` may be asked beforehand what it would say to a positive reply: the content can
 * go along with the envelope then, as a next hop that refuses the recipient has nobody to give it to.
 *
 * Where the next hop takes fewer recipients at once (452 after it took some), the others show a positive reply and
 * follow in a further transaction; `proceed` is asked again for these.
 *
 * Never rejects for what a peer, the network or the mail causes.
 */
export type Relay = (outgoing: readonly Outgoing[], proceed: Proceed) => Promise<readonly Delivery[]>;

/** Is called with what happens, for metrics, and decides nothing. */
export interface RelayObserver {
  /** `remote` is a configured next hop (or one of its `*` forms), so the set of values is small. */
  connection(remote: string, event: "opened" | "reused" | "failed" | "closed"): void;
  /** Once per recipient, with the reply that decided; `own` replies are ours about a next hop in trouble. */
  reply(remote: string, kind: "2xx" | "4xx" | "5xx", origin: "next-hop" | "own"): void;
  /** A mail reached only some recipients of a transaction before the next hop failed the others: duplicates follow. */
  partial?(remote: string): void;
  /** BDAT came to nothing though the next hop offers it: for so long its mail goes by DATA. */
  chunkingFailed?(remote: string, forMs: number): void;
}

/** How long a next hop may take for each step, in milliseconds (RFC 5321 section 4.5.3.2 gives the upper ends). */
export interface RelayTimeouts {
  readonly connect: number;
  readonly greeting: number;
  /** EHLO, XFORWARD, MAIL, RCPT: each reply. */
  readonly command: number;
  readonly data: number;
  /** Until a block of content is taken by the network. */
  readonly block: number;
  /** From the final dot to its reply; with `Outgoing.deadlineMs`, what is left of that if less. */
  readonly finalDot: number;
  /** RSET and QUIT. */
  readonly reset: number;
}

export const defaultTimeouts: RelayTimeouts = {
  connect: 5_000,
  greeting: 60_000,
  command: 60_000,
  data: 120_000,
  block: 180_000,
  finalDot: 480_000,
  reset: 5_000,
};
