// What the receive part needs of the rest: who judges a message, who hashes it, who wants to know.
import type { DkimEngine } from "../dkim/engine.ts";
import type { BodyDigestSpec } from "../mail/digest.ts";
import type { MessageHead } from "../mail/message.ts";
import type { Envelope, ListenerName, Session, Transaction } from "../mail/transaction.ts";
import type { Refusal } from "../smtp/refusal.ts";
import type { Reply } from "../smtp/reply.ts";

export interface MessageReplies {
  /** The reply to the final dot. */
  readonly reply: Reply;
  /** LMTP: one per recipient, in the order of the envelope. Without them each recipient gets `reply`. */
  readonly recipientReplies?: readonly Reply[];
}

/** A message whose header section is in. It may never come to its end: the client goes away, or it is refused. */
export interface Incoming {
  /**
   * Asked, once, if the body turns out to be more than one block: which digests of it will be needed. They are made
   * while it arrives.
   */
  readonly digestSpecs: () => readonly BodyDigestSpec[];
  /**
   * Judges and passes on the message; session and envelope are the objects that `onHead` got. The body is released when
   * this settles. A rejection becomes 451 4.3.0.
   */
  onMessage(transaction: Transaction): Promise<MessageReplies>;
}

export interface ReceiveHandlers {
  /** The header section of a message is in, its body may not be. */
  onHead(session: Session, envelope: Envelope, head: MessageHead): Incoming;
  readonly startDigest: DkimEngine["startDigest"];
  /** Asked at each MAIL: the reply that refuses it, for example when the pool is full; undefined to go on. */
  admit?(): Reply | undefined;
}

/** Is called with what happens, for metrics and log, and decides nothing. Every callback must be cheap and must not throw. */
export interface ReceiveObserver {
  connectionOpened?(listener: ListenerName): void;
  connectionClosed?(listener: ListenerName): void;
  /** A peer outside inet_acl, too many connections, shutting down. */
  connectionRefused?(listener: ListenerName, reason: "acl" | "limit" | "shutdown"): void;
  /** A client, a command or a message was refused, for whatever cause. */
  refused?(refusal: Refusal): void;
  /** A command got an error reply. */
  commandRefused?(listener: ListenerName, code: number): void;
  /** A message was taken to its end; it goes to `onMessage` unless `failure` says why not. */
  messageReceived?(listener: ListenerName, sizeBytes: number, failure: string | undefined): void;
  /** The client went away or timed out in the middle of a message. */
  messageAborted?(listener: ListenerName): void;
  messageSpooled?(listener: ListenerName, sizeBytes: number): void;
  /** A handler threw, the disk refused, the socket broke: for the log, with the session's log id. */
  trouble?(what: "handler" | "storage" | "socket" | "accept", error: unknown, logId: string): void;
}
