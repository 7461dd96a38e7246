// One mail on its way through: who brought it, its envelope, its octets.
import type { BodyDigest } from "./digest.ts";
import type { Message } from "./message.ts";

/** Where a connection came in: an address and port, or the path of a unix socket. */
export interface ListenerName {
  readonly address: string;
  /** 0 for a unix socket. */
  readonly port: number;
  readonly path?: string;
  /** The bank that milter_listen names for it. */
  readonly bank?: string;
}

/** The client that gave the mail to our MTA, as XFORWARD names it. Absent: not named, or "[UNAVAILABLE]". */
export interface ClientFacts {
  /** "unavailable": our MTA says that there is no address; "refused": what it said of this mail's client was not taken. */
  readonly standing?: "unavailable" | "refused";
  readonly address?: string;
  readonly port?: string;
  readonly name?: string;
  readonly helo?: string;
  readonly protocol?: string;
  readonly ident?: string;
  readonly source?: string;
}

export interface Session {
  /** log_id of amavisd: "pid-seq", with "-n" for the n-th mail of one connection. */
  readonly id: string;
  readonly listener: ListenerName;
  /** The TCP peer: our own MTA. */
  readonly peer: { readonly address: string; readonly port: number };
  /** What the peer said in HELO, EHLO or LHLO. */
  readonly helo: string;
  readonly protocol: "SMTP" | "ESMTP" | "LMTP";
  /** The peer's connection is under TLS. */
  readonly secured?: boolean;
  /** The peer has logged in by AUTH: our own MTA, not its client. */
  readonly loggedIn?: boolean;
  /** Valid for this one mail only: XFORWARD is used up by a transaction. */
  readonly client: ClientFacts;
  /** A milter's MTA names the daemon that took the mail ("ORIGINATING"): a bank of that name is loaded. */
  readonly daemonName?: string;
  /** The client has logged in, as a milter's MTA says. */
  readonly authenticated?: boolean;
}

/**
 * A reverse-path or forward-path as it stood between the angle brackets, one character per octet (latin1), and
 * its parameters as they came, still in xtext.
 */
export interface Path {
  /** Verbatim, without the angle brackets; "" is the null reverse-path. */
  readonly address: string;
  /** Verbatim, e.g. "NOTIFY=FAILURE ORCPT=rfc822;a@b"; "" when there were none. SIZE= is left out: it is per hop. */
  readonly parameters: string;
}

export interface Envelope {
  readonly sender: Path;
  readonly recipients: readonly Path[];
}

export interface Transaction {
  readonly session: Session;
  readonly envelope: Envelope;
  readonly message: Message;
  /** Epoch, in milliseconds, when the final dot was read. */
  readonly receivedAtMs: number;
  /** The same moment by performance.now(), in milliseconds: elapsed time is measured by it, since clocks may be set. */
  readonly arrivedMs: number;
  /** Body digests computed while the body arrived; absent for bodies of up to one block. */
  readonly digests?: Promise<readonly BodyDigest[]>;
}
